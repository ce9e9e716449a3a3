//! Pure. The pages of one job that wait, and those that are under way.
//!
//! The rows hold them in their order, a hundred each. The first row is read into memory, and written
//! again as pages end. So a page that is under way when the object is lost still stands in a row.

use std::ops::Range;

use crate::platform::rows::RowChange;
use crate::policy::time::Time;
use crate::warmup::record::{Reader, Writer};

/// The most pages in a row.
const ROW_MOST: usize = 100;
/// The most pages that wait for another attempt. They stand in one row, which has 2 MB at most.
const WAITING_MOST: usize = 200;

/// A page that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The URL.
    pub url: String,
    /// The strikes so far.
    pub strikes: u64,
    /// It waits until then.
    pub after: Time,
}

/// The pages of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    id: String,
    /// The rows that are not in memory. The row before them holds what is.
    rows: Range<u64>,
    waiting: Vec<Page>,
    under_way: Vec<Page>,
    /// Rows that were read into memory and still exist.
    read: Vec<u64>,
    is_changed: bool,
}

/// What can be taken from a queue.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken {
    /// A page. Give it back with [`Queue::end`] or [`Queue::again`].
    Page(Page),
    /// The row with this key is to be read first: pass it to [`Queue::add_row`].
    Row(String),
    /// All pages wait until this time.
    At(Time),
    /// No page waits.
    Nothing,
}

impl Queue {
    /// The queue of a job whose pages are in these rows.
    pub fn new(id: &str, rows: Range<u64>) -> Queue {
        Queue { id: id.to_owned(), rows, ..Queue::default() }
    }

    /// Adds pages behind the others. Returns the rows to write.
    pub fn append(&mut self, urls: Vec<String>) -> Vec<RowChange> {
        let mut changes = Vec::new();
        for urls in urls.chunks(ROW_MOST) {
            let pages = urls.iter().map(|url| (url.as_str(), 0));
            let (key, value) = (self.key(self.rows.end), row(pages));
            changes.push(RowChange::Put { key, value });
            self.rows.end += 1;
        }
        changes
    }

    /// Takes the next page that may be tried now.
    pub fn take(&mut self, now: Time) -> Taken {
        if let Some(next) = self.waiting.iter().position(|page| page.after <= now) {
            let page = self.waiting.remove(next);
            self.under_way.push(page.clone());
            return Taken::Page(page);
        }
        if !self.rows.is_empty() && self.waiting.len() < WAITING_MOST {
            return Taken::Row(self.key(self.rows.start));
        }
        let soonest = self.waiting.iter().map(|page| page.after).min();
        soonest.map_or(Taken::Nothing, Taken::At)
    }

    /// Takes the row that [`Taken::Row`] named. A row that is absent or damaged counts as empty.
    pub fn add_row(&mut self, value: Option<String>) {
        let mut reader = value.and_then(|value| Reader::of(&value));
        while let Some((url, strikes)) = reader.as_mut().and_then(next_page) {
            self.waiting.push(Page { url, strikes, after: Time::default() });
        }
        self.read.push(self.rows.start);
        self.rows.start += 1;
        self.is_changed = true;
    }

    /// Notes that a page has ended. `None`: it was not under way. The job was stopped, or read from its rows
    /// again, and the page is taken once more.
    pub fn end(&mut self, page: &Page) -> Option<()> {
        // Another list may have named the same page.
        let place = self.under_way.iter().position(|other| other.url == page.url)?;
        self.under_way.remove(place);
        self.is_changed = true;
        Some(())
    }

    /// Lets a page that was taken wait until `after`, and then be taken again.
    pub fn again(&mut self, page: Page) {
        if self.end(&page).is_none() {
            return;
        }
        // A page that did not fail keeps its place.
        let place = if page.strikes == 0 { 0 } else { self.waiting.len() };
        self.waiting.insert(place, page);
    }

    /// Tells whether no page waits or is under way.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.waiting.is_empty() && self.under_way.is_empty()
    }

    /// Returns the changes of rows since the last call, and the rows that then hold the pages.
    pub fn unwritten(&mut self) -> (Vec<RowChange>, Range<u64>) {
        if !self.is_changed {
            return (Vec::new(), self.held());
        }
        self.is_changed = false;
        let held = self.held();
        let keys = std::mem::take(&mut self.read).into_iter().map(|row| self.key(row));
        let mut changes: Vec<RowChange> = keys.map(|key| RowChange::Delete { key }).collect();
        if held.start < self.rows.start {
            let pages = self.under_way.iter().chain(&self.waiting);
            let value = row(pages.map(|page| (page.url.as_str(), page.strikes)));
            changes.push(RowChange::Put { key: self.key(held.start), value });
            self.read.push(held.start);
        }
        (changes, held)
    }

    /// Forgets the pages that wait. Returns the rows to delete.
    pub fn clear(&mut self) -> Vec<RowChange> {
        let rows = self.read.drain(..).chain(self.rows.clone()).collect::<Vec<u64>>();
        self.waiting.clear();
        self.under_way.clear();
        self.rows.start = self.rows.end;
        self.is_changed = false;
        rows.into_iter().map(|row| RowChange::Delete { key: self.key(row) }).collect()
    }

    /// The rows that hold the pages: the one before those that were not read holds what is in memory.
    fn held(&self) -> Range<u64> {
        let has_memory = !self.waiting.is_empty() || !self.under_way.is_empty();
        let start = if has_memory { self.rows.start.saturating_sub(1) } else { self.rows.start };
        start..self.rows.end
    }

    fn key(&self, row: u64) -> String {
        format!("pages/{}/{row:08}", self.id)
    }
}

fn row<'u>(pages: impl Iterator<Item = (&'u str, u64)>) -> String {
    let mut writer = Writer::new();
    for (url, strikes) in pages {
        writer = writer.text(url).number(strikes);
    }
    writer.end()
}

fn next_page(reader: &mut Reader) -> Option<(String, u64)> {
    Some((reader.text()?, reader.number()?))
}
