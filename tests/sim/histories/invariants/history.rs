//! What the invariants share: the world of a history, what broke in it, and its report.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use edge_isr::config::Config;
use edge_isr::policy::time::Time;

use crate::histories::plan::Shape;
use crate::histories::report::Report;
use crate::histories::site::{Fetch, Site};
use crate::histories::stage::START;
use crate::world::executor::Executor;
use crate::world::journal::SimJournal;
use crate::world::kv::SimKv;
use crate::world::platform::SimCache;

/// What a history broke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    pub invariant: &'static str,
    pub how: String,
}

pub struct History {
    pub executor: Rc<Executor>,
    /// The journal's object, if the history has one.
    pub object: Option<Rc<SimJournal>>,
    pub shape: Rc<Shape>,
    pub config: Rc<Config>,
    pub kv: Rc<SimKv>,
    /// The data centres share a durable tier.
    pub has_tier: bool,
    pub caches: Vec<Rc<SimCache>>,
    pub site: Rc<Site>,
    pub broken: RefCell<Option<Broken>>,
    pub report: RefCell<Report>,
    /// Everything is well, and has been for long enough.
    pub settled: Cell<bool>,
}

impl History {
    /// Keeps the first invariant that breaks: a history is about that one.
    pub fn breaks(&self, invariant: &'static str, how: String) {
        let at = self.now().0 - START.0;
        let how = format!("at {at} ms: {how}");
        self.broken.borrow_mut().get_or_insert(Broken { invariant, how });
    }

    pub fn is_broken(&self) -> bool {
        self.broken.borrow().is_some()
    }

    pub fn now(&self) -> Time {
        self.executor.now()
    }

    /// Whether what the origin says of a page lets it be stored.
    pub fn may_be_stored(&self, page: usize) -> bool {
        let shape = &self.shape.pages[page];
        let window = shape.stale_while_revalidate.max(shape.stale_if_error);
        shape.s_maxage > 0 || window > 0 || shape.has_etag
    }

    /// Whether a data centre holds a page.
    pub fn holds(&self, centre: usize, page: usize) -> bool {
        self.caches[centre].holds_page(&self.site.key(page).slot(), self.now())
    }

    /// When a response was stored, with its writer's last look before.
    pub fn writes_of(&self, centre: usize, fetch: &Fetch) -> Vec<(Time, Time)> {
        let written = self.caches[centre].written.borrow();
        let of_it = written.values().flatten().filter(|written| written.is_of(fetch.number));
        of_it.map(|written| (written.looked_at, written.at)).collect()
    }

    /// By how much the clocks of a data centre may differ.
    pub fn apart(&self) -> Duration {
        let apart = if self.shape.clocks_apart { self.shape.skew * 500 } else { 0 };
        Duration::from_millis(apart)
    }

    /// By how much the clocks may differ of the data centre that shows a response and the one that
    /// fetched it, from which it came through the durable tier.
    pub fn apart_from(&self, fetch: &Fetch, centre: usize) -> Duration {
        let apart = if fetch.centre == centre { 0 } else { self.shape.skew * 500 };
        self.apart().max(Duration::from_millis(apart))
    }
}
