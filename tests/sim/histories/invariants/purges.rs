//! Purges: what a 200 to one of them promises.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use edge_isr::journal::Number;
use edge_isr::platform::kv_key::KvKey;
use edge_isr::policy::fence::PurgeMode;
use edge_isr::policy::time::Time;

use crate::histories::plan::Visiting;
use crate::histories::site::{Fetch, Site, Version};
use crate::world::platform::{Sim, Trace};

use super::attempts;
use super::history::History;
use super::selector::Selector;

pub struct Purges {
    history: Rc<History>,
    pub all: RefCell<Vec<Rc<Purged>>>,
}

/// One POST that purges.
pub struct Purged {
    pub received: Time,
    pub isolate: u64,
    pub hard: bool,
    pub what: Vec<Selector>,
    pub trace: Rc<Trace>,
    pub answered: Cell<Option<Time>>,
    /// Until when its isolate knows of it, where it is a visitor's unsafe request. No other isolate
    /// knows of that.
    pub forgotten_at: Option<Time>,
    /// It was sent to a Worker with the journal.
    pub is_by_journal: bool,
    /// Its number in the journal, once it is done.
    pub number: Cell<Option<Number>>,
    /// The object lost rows before the purge was said to be done.
    pub may_be_lost: Cell<bool>,
    /// The object lost it before it was published.
    pub is_lost: Cell<bool>,
    /// For how long each data centre showed what it outdates, in milliseconds.
    pub shown_for: RefCell<Vec<u64>>,
}

impl Purged {
    pub fn concerns(&self, page: usize, version: &Version) -> bool {
        self.what.iter().any(|selector| selector.concerns(page, version))
    }

    pub fn record_key(&self, selector: Selector, site: &Site) -> String {
        let mode = if self.hard { PurgeMode::Hard } else { PurgeMode::Soft };
        KvKey::record(mode, &selector.tag(site)).to_string()
    }
}

impl Purges {
    pub fn new(history: Rc<History>) -> Purges {
        Purges { history, all: RefCell::default() }
    }

    pub fn purging(&self, sim: &Sim, hard: bool, what: Vec<Selector>) -> Rc<Purged> {
        let purge = Rc::new(Purged {
            received: self.history.now(),
            isolate: sim.isolate_id,
            hard,
            what,
            trace: sim.trace.clone(),
            answered: Cell::new(None),
            forgotten_at: None,
            is_by_journal: sim.journal.is_some(),
            number: Cell::default(),
            may_be_lost: Cell::default(),
            is_lost: Cell::default(),
            shown_for: RefCell::new(vec![0; self.history.shape.centres]),
        });
        self.all.borrow_mut().push(purge.clone());
        self.history.report.borrow_mut().purges += 1;
        purge
    }

    /// A purge that is said to be done has a durable record, stamped no earlier than it came.
    pub fn purged(&self, purge: &Purged, done: bool) {
        let now = self.history.now();
        let keys = purge.what.iter().map(|what| purge.record_key(*what, &self.history.site));
        if let Some(how) = attempts::too_many(&purge.trace, &keys.collect::<Vec<_>>()) {
            self.history.breaks("a purge writes one record a tag and attempt", how);
        }
        if !done {
            return;
        }
        purge.answered.set(Some(now));
        if purge.is_by_journal {
            return;
        }
        purge.what.iter().for_each(|selector| self.is_durable(purge, *selector));
    }

    fn is_durable(&self, purge: &Purged, selector: Selector) {
        let kv = &self.history.kv;
        let key = purge.record_key(selector, &self.history.site);
        if kv.durable_since(&key, purge.received, Duration::MAX).is_none() {
            let last = kv.last_landed(&key);
            let how = format!("{selector:?} came at {:?}, its record: {last:?}", purge.received);
            self.history.breaks("a purge is durable before its 200", how);
        }
    }

    /// The newest number of the journal that a purge was told.
    pub fn newest_done(&self) -> Number {
        let purges = self.all.borrow();
        purges.iter().filter_map(|purge| purge.number.get()).max().unwrap_or_default()
    }

    /// Reports how long purges took until nothing was shown any more that they outdate.
    pub fn spread(&self) {
        let mut report = self.history.report.borrow_mut();
        let purges = self.all.borrow();
        for purge in purges.iter().filter(|purge| purge.answered.get().is_some()) {
            report.until_seen.extend(purge.shown_for.borrow().iter());
        }
    }

    /// Counts a request that comes while a purge of its page is under way, or just before or after.
    pub fn racing(&self, visiting: &Visiting) {
        let now = self.history.now();
        let version = self.history.site.current(visiting.page);
        let is_racing = self.all.borrow().iter().rev().take(60).any(|purge| {
            purge.answered.get().is_none_or(|answered| now <= answered)
                && now.since(purge.received) < Duration::from_secs(30)
                && purge.concerns(visiting.page, &version)
        });
        if is_racing {
            self.history.report.borrow_mut().racing += 1;
        }
    }

    /// Counts the purges of what was being rendered when they came.
    pub fn rendered(&self, fetch: &Fetch) {
        if let Some(version) = &*fetch.version.borrow() {
            let purges = self.all.borrow();
            let during = purges.iter().filter(|purge| {
                purge.received >= fetch.began && purge.concerns(fetch.page, version)
            });
            self.history.report.borrow_mut().purges_during_renders += during.count() as u64;
        }
    }
}
