//! Writes a file with all its mutants, each behind its switch, on the lines that it had.

use std::ops::Range;

use serde_json::{Value, json};

use crate::find::{Change, Form, Site};

/// A part of a changed file that is there for these mutants alone.
pub struct Region {
    start: usize,
    end: usize,
    ids: Vec<u32>,
}

impl Region {
    pub fn told(&self, name: &str) -> Value {
        json!({ "file": format!("src/{name}"), "start": self.start, "end": self.end, "ids": self.ids })
    }
}

pub fn render(text: &str, sites: &[Site]) -> (String, Vec<Region>) {
    let mut sites: Vec<&Site> = sites.iter().collect();
    // The outer before the inner; of two at one place, what is added before what is replaced.
    sites.sort_by_key(|site| {
        (site.range.start, !site.range.is_empty(), usize::MAX - site.range.end)
    });
    let mut writer = Writer { text, out: String::new(), regions: Vec::new() };
    writer.part(0..text.len(), &sites);
    (writer.out, writer.regions)
}

struct Writer<'a> {
    text: &'a str,
    out: String,
    regions: Vec<Region>,
}

impl Writer<'_> {
    /// Writes a part of the source with the sites in it, the first of which come first.
    fn part(&mut self, part: Range<usize>, sites: &[&Site]) {
        let (mut at, mut rest) = (part.start, sites);
        while let Some((site, others)) = rest.split_first() {
            let inner =
                others.iter().take_while(|other| other.range.start < site.range.end).count();
            self.out.push_str(&self.text[at..site.range.start]);
            self.site(site, &others[..inner]);
            (at, rest) = (site.range.end, &others[inner..]);
        }
        self.out.push_str(&self.text[at..part.end]);
    }

    fn site(&mut self, site: &Site, inner: &[&Site]) {
        let changes = &site.changes;
        if changes.is_empty() {
            return self.part(site.range.clone(), inner);
        }
        let start = self.out.len();
        match site.form {
            Form::Expression | Form::Guard => self.expression(site, inner),
            Form::Body => changes.iter().for_each(|change| self.early_return(change)),
            Form::Arm => self.out.push_str(&format!(" if !{}", is_on(&changes[0]))),
        }
        self.region(start, changes.iter().map(|change| change.id).collect());
    }

    fn expression(&mut self, site: &Site, inner: &[&Site]) {
        self.out.push('(');
        for change in &site.changes {
            self.out.push_str(&format!("if {} {{ ", is_on(change)));
            self.code(change);
            self.out.push_str(" } else ");
        }
        self.out.push_str("{ ");
        self.part(site.range.clone(), inner);
        self.out.push_str(" })");
    }

    fn early_return(&mut self, change: &Change) {
        self.out.push_str(&format!(" if {} {{ return ", is_on(change)));
        self.code(change);
        self.out.push_str("; }");
    }

    fn code(&mut self, change: &Change) {
        let start = self.out.len();
        self.out.push_str(&change.code);
        self.region(start, vec![change.id]);
    }

    fn region(&mut self, start: usize, ids: Vec<u32>) {
        self.regions.push(Region { start, end: self.out.len(), ids });
    }
}

fn is_on(change: &Change) -> String {
    format!("crate::mutant::is_on({})", change.id)
}
