//! The end of a history: every visitor sees the newest of everything.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use edge_isr::policy::time::Time;

use super::answer::Shown;
use super::history::History;
use super::purges::{Purged, Purges};

pub struct Ending {
    history: Rc<History>,
    purges: Rc<Purges>,
    /// When a data centre first showed a stale page, by page and language.
    restored: RefCell<BTreeMap<(usize, usize, String), Time>>,
}

impl Ending {
    pub fn new(history: Rc<History>, purges: Rc<Purges>) -> Ending {
        Ending { history, purges, restored: RefCell::default() }
    }

    /// A data centre may have had no place for a variant before. A stale one of the durable tier is
    /// shown once, to all who come at that moment, while it is revalidated.
    fn is_just_restored(&self, shown: &Shown<'_>) -> bool {
        let (centre, now) = (shown.seen.sim.centre, self.history.now());
        if !self.history.has_tier {
            return false;
        }
        let place = (centre, shown.fetch.page, shown.fetch.language.clone());
        let first = *self.restored.borrow_mut().entry(place).or_insert(now);
        now.since(first) < Duration::from_secs(20)
    }

    /// Every purge has long been read everywhere, and every visitor whose request went to the origin
    /// has had an answer.
    pub fn judge(&self, shown: &Shown<'_>) {
        let Shown { seen, said, fetch, version } = shown;
        let current = self.history.site.current(fetch.page);
        let purges = self.purges.all.borrow();
        // The page was not purged that the object lost a purge of.
        if purges.iter().any(|purge| purge.is_lost.get() && purge.concerns(fetch.page, version)) {
            return;
        }
        let by_editors = |purge: &&Rc<Purged>| purge.forgotten_at.is_none();
        let mut by_editors = purges.iter().rev().filter(by_editors);
        let last = by_editors.find(|purge| purge.concerns(fetch.page, version));
        if said.has("hit") && said.ttl() <= 0 && self.is_just_restored(shown) {
            return;
        }
        let behind = last.is_some_and(|purge| fetch.made.get() < purge.received);
        // An origin's replica may have said so after the purge.
        if behind || (self.history.shape.replica_lag == 0 && version.number != current.number) {
            let how =
                format!("{:?}: {} shows {fetch:?}, current is {current:?}", seen.visiting, said.0);
            self.history.breaks("in the end every request gets the newest page", how);
        }
    }
}
