//! What a purge selects.

use edge_isr::policy::tag::Tag;

use crate::histories::plan::{By, HOST};
use crate::histories::site::{Site, Version, names};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selector {
    Tag(usize),
    Url(usize),
    Section(usize),
    Group(usize),
    Host,
    Everything,
}

impl Selector {
    pub fn concerns(self, page: usize, version: &Version) -> bool {
        match self {
            Selector::Tag(tag) => version.tags.contains(&tag),
            Selector::Url(of) => of == page,
            Selector::Section(section) => page % 2 == section,
            Selector::Group(group) => version.group == Some(group),
            Selector::Host | Selector::Everything => true,
        }
    }

    pub fn tag(self, site: &Site) -> Tag {
        match self {
            Selector::Tag(tag) => Tag::origin(&names(&[tag])[0]).unwrap(),
            Selector::Url(page) => {
                let key = site.key(page);
                match key.query() {
                    Some(query) => Tag::query(HOST, key.path(), query),
                    None => Tag::path(HOST, key.path()),
                }
            }
            Selector::Section(section) => Tag::prefix(&format!("/s{section}")),
            Selector::Group(group) => Tag::group(HOST, &format!("g{group}")),
            Selector::Host => Tag::host(HOST),
            Selector::Everything => Tag::everything(),
        }
    }

    /// What an editor purges after a change of a page.
    pub fn of(by: By, page: usize, before: &Version) -> Vec<Selector> {
        match by {
            By::Tags if !before.tags.is_empty() => {
                let mut tags = before.tags.clone();
                tags.sort_unstable();
                tags.dedup();
                tags.into_iter().map(Selector::Tag).collect()
            }
            By::Tags | By::Url => vec![Selector::Url(page)],
            By::Prefix => vec![Selector::Section(page % 2)],
            By::Host => vec![Selector::Host],
            By::Everything => vec![Selector::Everything],
        }
    }
}
