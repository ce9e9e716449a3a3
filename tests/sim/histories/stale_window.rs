//! How long a soft-purged page is shown stale. What an isolate has taken itself it knows, and so the
//! bound is exact: the window, counted from the 200 to the purge.

use std::time::Duration;

use edge_isr::policy::time::Time;

use super::site::{Fetch, Version};
use super::watch::{Purged, Said, Seen, Watch};

/// So many later purges of a tag are remembered beside it, each written as often as it may be tried.
const LATER_MOST: usize = 4;

impl Watch {
    /// A page is not shown stale past the window of the first soft purge that outdates it.
    pub fn stale_within_its_window(
        &self,
        seen: &Seen<'_>,
        said: &Said<'_>,
        fetch: &Fetch,
        version: &Version,
    ) {
        let Some(looked_at) = seen.sim.trace.looked_at.get() else { return };
        // Past the window it may stand in for an origin that fails.
        if !said.has("hit") || said.ttl() > 0 || said.value("fwd-status").is_some() {
            return;
        }
        let window = Duration::from_secs(self.window_of(fetch.page)) + self.apart();
        let purges = self.purges.borrow();
        let of_page = || purges.iter().filter(|purge| purge.is_soft_purge_of(fetch, version));
        let ended = |purge: &&std::rc::Rc<Purged>| {
            let done_at = purge.answered.get().filter(|_| purge.isolate == seen.sim.isolate_id);
            done_at.is_some_and(|at| at + window < looked_at)
        };
        let Some(first) = of_page().find(ended) else { return };
        let later = of_page().filter(|purge| purge.received > first.received).count();
        if later <= LATER_MOST {
            let how = format!(
                "soft {:?} at {:?}, looked at {looked_at:?}, shown: {} of {fetch:?}",
                first.what, first.received, said.0
            );
            self.breaks("a second purge does not lengthen the stale window", how);
        }
    }

    /// For how many seconds a page is shown stale.
    fn window_of(&self, page: usize) -> u64 {
        self.shape.pages[page].stale_while_revalidate.max(self.shape.purge_swr)
    }
}

impl Purged {
    /// Whether it is an editor's, and came after the request for what is shown.
    fn is_soft_purge_of(&self, fetch: &Fetch, version: &Version) -> bool {
        let by_editor: Option<Time> = self.forgotten_at;
        !self.hard
            && by_editor.is_none()
            && fetch.began < self.received
            && self.concerns(fetch.page, version)
    }
}
