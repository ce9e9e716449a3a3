//! Outages of KV: without it nothing old is shown.

use std::cell::RefCell;
use std::rc::Rc;

use edge_isr::policy::time::Time;

use super::answer::Shown;
use super::history::History;

pub struct Outages {
    history: Rc<History>,
    /// Since when a data centre's KV has been unreadable.
    since: RefCell<Vec<Option<Time>>>,
}

impl Outages {
    pub fn new(history: Rc<History>) -> Outages {
        let since = RefCell::new(vec![None; history.shape.centres]);
        Outages { history, since }
    }

    pub fn begins(&self, centre: usize) {
        self.since.borrow_mut()[centre].get_or_insert(self.history.now());
    }

    pub fn ends(&self, centre: usize) {
        self.since.borrow_mut()[centre] = None;
    }

    /// With KV unreadable for longer than the memory window, only what is younger than the window is
    /// shown, unless the origin fails as well.
    pub fn judge(&self, shown: &Shown<'_>) {
        let (sim, said) = (shown.seen.sim, shown.said);
        let Some(since) = self.since.borrow()[sim.centre] else { return };
        let Some(looked_at) = sim.trace.looked_at.get() else { return };
        let window = self.history.config.memory_window;
        let stands_in = said.value("fwd-status").is_some();
        if stands_in || said.has("collapsed") || looked_at < since + window {
            return;
        }
        if looked_at.since(shown.fetch.began) > window + self.history.apart() {
            let how = format!(
                "unreadable since {since:?}, looked at {looked_at:?}, shown: {} of {:?}",
                said.0, shown.fetch
            );
            self.history.breaks("while KV fails no old response is shown", how);
        }
    }
}
