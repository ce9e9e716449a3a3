//! The tag graph: in the end it says of each page what its newest version says.

use std::rc::Rc;

use edge_isr::graph::PageEntry;
use edge_isr::json;
use edge_isr::policy::key::CacheKey;
use edge_isr::policy::tag::Tag;

use crate::histories::plan::Nature;
use crate::histories::site::Version;

use super::history::History;
use super::selector::Selector;

pub struct Graph {
    history: Rc<History>,
}

impl Graph {
    pub fn new(history: Rc<History>) -> Graph {
        Graph { history }
    }

    pub fn judge(&self) {
        (0..self.history.shape.pages.len()).for_each(|page| self.judge_page(page));
    }

    fn judge_page(&self, page: usize) {
        let site = &self.history.site;
        let (key, current) = (site.key(page), site.current(page));
        if self.is_excepted(page, &key, &current) {
            return;
        }
        let wanted = self.wanted(page, &current);
        let (found, listed) = (self.relations(&key), self.entry(&key));
        if found == wanted && listed == wanted {
            return;
        }
        let is_left = wanted.iter().all(|tag| found.contains(tag)) && listed == wanted;
        if is_left && self.may_be_left(page) {
            self.history.report.borrow_mut().relations_left += 1;
        } else {
            let url = key.url();
            let how = format!("{url}: wanted {wanted:?}, relations {found:?}, entry {listed:?}");
            self.history.breaks("the graph is right in the end", how);
        }
    }

    /// A URL with a query waits for its second store, and without a validator there may be none; and
    /// what is not stored any more is not looked at any more.
    fn is_excepted(&self, page: usize, key: &CacheKey, current: &Version) -> bool {
        let has_etag = self.history.shape.pages[page].has_etag;
        let is_kept = !matches!(current.nature, Nature::Private | Nature::SetsCookie);
        (key.query().is_some() && !has_etag) || !is_kept
    }

    /// The tags that the newest version has.
    fn wanted(&self, page: usize, current: &Version) -> Vec<Tag> {
        if current.nature != Nature::Public || !self.history.may_be_stored(page) {
            return Vec::new();
        }
        let named = current.tags.iter().map(|tag| Selector::Tag(*tag));
        let named = named.chain(current.group.map(Selector::Group));
        let mut wanted: Vec<Tag> = named.map(|of| of.tag(&self.history.site)).collect();
        wanted.sort();
        wanted.dedup();
        wanted
    }

    /// The tags under which the page stands.
    fn relations(&self, key: &CacheKey) -> Vec<Tag> {
        let all = (0..self.history.shape.tags).map(Selector::Tag);
        let all = all.chain((0..2).map(Selector::Group)).map(|of| of.tag(&self.history.site));
        let (values, name) = (self.history.kv.values.borrow(), key.page());
        let names_it = |tag: &Tag| {
            let prefix = format!("t/{}/", tag.key_segment());
            let of_tag = values.range(prefix.clone()..);
            let mut of_tag = of_tag.take_while(|(key, _)| key.starts_with(&prefix));
            of_tag.any(|(key, entry)| key.ends_with(&name) || entry.value.contains(&name))
        };
        let mut found: Vec<Tag> = all.filter(names_it).collect();
        found.sort();
        found
    }

    /// The tags in the page's own entry.
    fn entry(&self, key: &CacheKey) -> Vec<Tag> {
        let values = self.history.kv.values.borrow();
        let entry = values.get(&format!("u/{}", key.page()));
        let entry: Option<PageEntry> = entry.and_then(|entry| json::read(&entry.value));
        let mut listed = entry.map(|entry| entry.tags).unwrap_or_default();
        listed.sort();
        listed
    }

    /// Whether a relation too many may be left: what was stored was lost, or was replaced by what the
    /// durable tier had.
    fn may_be_left(&self, page: usize) -> bool {
        let shape = &self.history.shape.pages[page];
        let was_lost = !shape.has_etag || self.history.site.was_turned_away(page) || shape.varies;
        was_lost || self.history.has_tier || self.history.report.borrow().evictions > 0
    }
}
