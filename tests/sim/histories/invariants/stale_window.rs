//! How long a soft-purged page is shown stale. What an isolate has taken itself it knows, and so the
//! bound is exact: the window, counted from the 200 to the purge.

use std::rc::Rc;
use std::time::Duration;

use crate::histories::site::{Fetch, Version};

use super::answer::Shown;
use super::history::History;
use super::purges::{Purged, Purges};

/// So many later purges of a tag are remembered beside it, each written as often as it may be tried.
const LATER_MOST: usize = 4;

pub struct StaleWindow {
    history: Rc<History>,
    purges: Rc<Purges>,
}

impl StaleWindow {
    pub fn new(history: Rc<History>, purges: Rc<Purges>) -> StaleWindow {
        StaleWindow { history, purges }
    }

    /// A page is not shown stale past the window of the first soft purge that outdates it.
    pub fn judge(&self, shown: &Shown<'_>) {
        let Shown { seen, said, fetch, version } = shown;
        let Some(looked_at) = seen.sim.trace.looked_at.get() else { return };
        // Past the window it may stand in for an origin that fails.
        if !said.has("hit") || said.ttl() > 0 || said.value("fwd-status").is_some() {
            return;
        }
        let apart = self.history.apart_from(fetch, seen.sim.centre);
        let window = Duration::from_secs(self.window_of(fetch.page)) + apart;
        let window = window + self.object_apart();
        let purges = self.purges.all.borrow();
        let of_page = || purges.iter().filter(|purge| purge.is_soft_purge_of(fetch, version));
        let ended = |purge: &&Rc<Purged>| {
            let done_at = purge.answered.get().filter(|_| purge.isolate == seen.sim.isolate_id);
            let is_kept = !purge.is_lost.get() && !self.may_be_dropped(purge);
            is_kept && done_at.is_some_and(|at| at + window < looked_at)
        };
        let Some(first) = of_page().find(ended) else { return };
        let later = of_page().filter(|purge| purge.received > first.received).count();
        if later <= LATER_MOST {
            let how = format!(
                "soft {:?} at {:?}, looked at {looked_at:?}, shown: {} of {fetch:?}",
                first.what, first.received, said.0
            );
            self.history.breaks("a second purge does not lengthen the stale window", how);
        }
    }

    /// By how much the clock of the journal's object may be ahead: its number is the purge's time.
    fn object_apart(&self) -> Duration {
        let shape = &self.history.shape;
        Duration::from_millis(shape.journal.as_ref().map_or(0, |_| shape.skew * 500))
    }

    /// The window counts from the last entry that was dropped, for want of room for a purge's own.
    fn may_be_dropped(&self, purge: &Purged) -> bool {
        let journal = self.history.shape.journal.as_ref();
        purge.is_by_journal && journal.is_some_and(|journal| journal.room.is_some())
    }

    /// For how many seconds a page is shown stale.
    fn window_of(&self, page: usize) -> u64 {
        let shape = &self.history.shape;
        shape.pages[page].stale_while_revalidate.max(shape.purge_swr)
    }
}

impl Purged {
    /// Whether it is an editor's, and came after the request for what is shown.
    fn is_soft_purge_of(&self, fetch: &Fetch, version: &Version) -> bool {
        !self.hard
            && self.forgotten_at.is_none()
            && fetch.began < self.received
            && self.concerns(fetch.page, version)
    }
}
