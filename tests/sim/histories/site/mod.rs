//! The origin of a history: pages with versions, which takes its time and fails.
//!
//! Each answer says in `x-fetch` which request it answers, and a 304 says it anew: so a stored
//! response tells which request to the origin last vouched for it.

mod answer;
mod fetch;
mod posts;
mod render;

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use edge_isr::policy::key::CacheKey;
use edge_isr::policy::time::Time;
use http::HeaderMap;

use crate::histories::invariants::Invariants;
use crate::histories::plan::{HOST, Nature, NewVersion, Shape};
use crate::histories::shared_cache::SharedCache;
use crate::world::executor::{Executor, Group};

pub use fetch::Fetch;

pub struct Site {
    pub executor: Rc<Executor>,
    shape: Rc<Shape>,
    pages: Vec<RefCell<Vec<Version>>>,
    /// Until when each page fails.
    failing_until: Vec<Cell<Time>>,
    /// Until when plain requests are refused.
    pub refuses_edge_until: Cell<Time>,
    before: Vec<SharedCache>,
    pub calm: Cell<bool>,
    pub fetches: RefCell<Vec<Rc<Fetch>>>,
    invariants: RefCell<Weak<Invariants>>,
}

#[derive(Clone, Debug)]
pub struct Version {
    pub number: usize,
    pub since: Time,
    pub tags: Vec<usize>,
    pub nature: Nature,
    pub varies: bool,
    /// The cache group that it is in.
    pub group: Option<usize>,
}

impl Site {
    pub fn new(executor: Rc<Executor>, shape: Rc<Shape>) -> Rc<Site> {
        let first = |page: usize| Version {
            group: group(&shape, page),
            number: 0,
            since: Time(0),
            tags: vec![page % shape.tags],
            nature: Nature::Public,
            varies: false,
        };
        let pages = (0..shape.pages.len()).map(|page| RefCell::new(vec![first(page)])).collect();
        Rc::new(Site {
            pages,
            failing_until: shape.pages.iter().map(|_| Cell::new(Time(0))).collect(),
            refuses_edge_until: Cell::new(Time(0)),
            before: shape.pages.iter().map(|_| SharedCache::default()).collect(),
            executor,
            shape,
            calm: Cell::new(false),
            fetches: RefCell::default(),
            invariants: RefCell::default(),
        })
    }

    /// Tells the invariants of each request to the origin.
    pub fn told_to(&self, invariants: &Rc<Invariants>) {
        *self.invariants.borrow_mut() = Rc::downgrade(invariants);
    }

    pub fn url(&self, page: usize) -> String {
        format!("https://{HOST}{}", self.shape.pages[page].path)
    }

    pub fn key(&self, page: usize) -> CacheKey {
        CacheKey::parse(&self.url(page)).unwrap()
    }

    pub fn edit(&self, page: usize, new: &NewVersion) {
        let mut versions = self.pages[page].borrow_mut();
        let NewVersion { tags, nature, varies } = new.clone();
        let (number, since) = (versions.len(), self.executor.now());
        let group = group(&self.shape, page);
        versions.push(Version { number, since, tags, nature, varies, group });
    }

    pub fn current(&self, page: usize) -> Version {
        self.pages[page].borrow().last().unwrap().clone()
    }

    pub fn versions(&self) -> usize {
        self.pages.iter().map(|versions| versions.borrow().len()).sum()
    }

    /// Whether a plain answer was not for all, so that what was stored went.
    pub fn was_turned_away(&self, page: usize) -> bool {
        let fetches = self.fetches.borrow();
        fetches.iter().any(|fetch| fetch.page == page && fetch.fills && fetch.turned.get())
    }

    /// Whether a plain answer to a request was not for all, or none.
    pub fn had_no_plain_answer(&self, group: Group) -> bool {
        let fetches = self.fetches.borrow();
        let mut of_group = fetches.iter().filter(|fetch| fetch.group == group);
        of_group.any(|fetch| fetch.named.is_none() && (fetch.turned.get() || fetch.failed.get()))
    }

    fn as_of(&self, page: usize, at: Time) -> Version {
        let versions = self.pages[page].borrow();
        let found = versions.iter().rev().find(|version| version.since <= at);
        found.unwrap_or(&versions[0]).clone()
    }

    pub fn fail(&self, page: usize, until: Time) {
        self.failing_until[page].set(until);
    }

    pub fn fetch_of(&self, headers: &HeaderMap) -> Option<Rc<Fetch>> {
        let number: usize = headers.get("x-fetch")?.to_str().ok()?.parse().ok()?;
        self.fetches.borrow().get(number).cloned()
    }

    /// The cache group that a page is in.
    pub fn group(&self, page: usize) -> Option<usize> {
        group(&self.shape, page)
    }

    pub fn page_of(&self, url: &str) -> usize {
        let path = url.strip_prefix("http://origin.test").expect("the origin is asked");
        self.shape.pages.iter().position(|page| page.path == path).expect("a page of the site")
    }

    /// The URL of a page without the host.
    pub fn path(&self, page: usize) -> String {
        self.url(page).trim_start_matches(&format!("https://{HOST}")).to_owned()
    }
}

fn group(shape: &Shape, page: usize) -> Option<usize> {
    shape.pages[page].has_group.then_some(page % 2)
}

pub fn names(tags: &[usize]) -> Vec<String> {
    tags.iter().map(|tag| format!("t{tag}")).collect()
}

fn text(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}
