//! Outages of KV: without it nothing old is shown.

use std::cell::RefCell;
use std::rc::Rc;

use edge_isr::policy::time::Time;

use super::answer::Shown;
use super::history::History;
use super::journal::Journal;

pub struct Outages {
    history: Rc<History>,
    journal: Rc<Journal>,
    /// Since when a data centre's KV has been unreadable.
    since: RefCell<Vec<Option<Time>>>,
}

impl Outages {
    pub fn new(history: Rc<History>, journal: Rc<Journal>) -> Outages {
        let since = RefCell::new(vec![None; history.shape.centres]);
        Outages { history, journal, since }
    }

    pub fn begins(&self, centre: usize) {
        self.since.borrow_mut()[centre].get_or_insert(self.history.now());
    }

    pub fn ends(&self, centre: usize) {
        self.since.borrow_mut()[centre] = None;
    }

    /// With KV unreadable for longer than it is trusted, and the object in trouble too where there is
    /// one, only what is younger is shown, unless the origin fails as well.
    pub fn judge(&self, shown: &Shown<'_>) {
        let (sim, said) = (shown.seen.sim, shown.said);
        let Some(since) = self.since.borrow()[sim.centre] else { return };
        let Some(looked_at) = sim.trace.looked_at.get() else { return };
        let (history, config) = (&self.history, &self.history.config);
        let (window, since) = if sim.journal.is_some() {
            (config.purge_seen_within, self.journal.failing_since().map(|at| at.max(since)))
        } else {
            (config.memory_window, Some(since + config.memory_window))
        };
        let Some(since) = since else { return };
        let stands_in = said.value("fwd-status").is_some();
        if stands_in || said.has("collapsed") || looked_at < since + window + history.apart() {
            return;
        }
        if looked_at.since(shown.fetch.began) > window + history.apart_from(shown.fetch, sim.centre)
        {
            let how = format!(
                "unreadable since {since:?}, looked at {looked_at:?}, shown: {} of {:?}",
                said.0, shown.fetch
            );
            history.breaks("while KV fails no old response is shown", how);
        }
    }
}
