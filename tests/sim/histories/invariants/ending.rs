//! The end of a history: every visitor sees the newest of everything.

use std::rc::Rc;

use super::answer::Shown;
use super::history::History;
use super::purges::{Purged, Purges};

pub struct Ending {
    history: Rc<History>,
    purges: Rc<Purges>,
}

impl Ending {
    pub fn new(history: Rc<History>, purges: Rc<Purges>) -> Ending {
        Ending { history, purges }
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
        let behind = last.is_some_and(|purge| fetch.made.get() < purge.received);
        // An origin's replica may have said so after the purge.
        if behind || (self.history.shape.replica_lag == 0 && version.number != current.number) {
            let how =
                format!("{:?}: {} shows {fetch:?}, current is {current:?}", seen.visiting, said.0);
            self.history.breaks("in the end every request gets the newest page", how);
        }
    }
}
