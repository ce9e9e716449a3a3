//! No purge is lost: a page that a purge outdates is not shown by an isolate that must know the purge.

use std::rc::Rc;
use std::time::Duration;

use edge_isr::policy::time::Time;

use super::answer::Shown;
use super::history::History;
use super::journal::Journal;
use super::purges::{Purged, Purges};

pub struct Fence {
    history: Rc<History>,
    purges: Rc<Purges>,
    journal: Rc<Journal>,
}

impl Fence {
    pub fn new(history: Rc<History>, purges: Rc<Purges>, journal: Rc<Journal>) -> Fence {
        Fence { history, purges, journal }
    }

    pub fn judge(&self, shown: &Shown<'_>) {
        let Some(looked_at) = shown.seen.sim.trace.looked_at.get() else { return };
        if self.is_excepted(shown, looked_at) {
            return;
        }
        let is_fresh = shown.said.ttl() > 0;
        // A request that waited has what the origin said since, though its own cache made it before.
        let collapsed = shown.said.has("collapsed");
        let made = if collapsed { shown.fetch.began } else { shown.fetch.made.get() };
        for purge in self.purges.all.borrow().iter().rev() {
            let outdates = made < purge.received && (is_fresh || purge.hard);
            let is_forgotten = purge.forgotten_at.is_some_and(|at| looked_at >= at);
            if outdates && !is_forgotten && purge.concerns(shown.fetch.page, shown.version) {
                self.shown_despite(purge, shown, looked_at);
            }
        }
    }

    fn is_excepted(&self, shown: &Shown<'_>, looked_at: Time) -> bool {
        let (history, said, fetch) = (&self.history, shown.said, shown.fetch);
        // KV could not be asked, and the origin failed as well, or has been asked just now.
        let failed_at = history.kv.failed_at.borrow().get(&shown.seen.sim.centre).copied();
        let without_kv = failed_at.is_some_and(|at| looked_at < at + Duration::from_secs(15));
        let without_journal = said.value("detail") == Some("journal-unavailable");
        let trusted_for = if shown.seen.sim.journal.is_some() {
            history.config.purge_seen_within
        } else {
            history.config.memory_window
        };
        let is_young = looked_at.since(fetch.began) < trusted_for + history.apart();
        let stands_in = said.value("fwd-status").is_some() || said.has("collapsed");
        // What was asked for after the visitor had come is as good as an answer of their own.
        let is_as_own = said.has("collapsed") && fetch.began >= shown.seen.asked;
        ((without_kv || without_journal) && (stands_in || is_young)) || is_as_own
    }

    /// A purge's page was shown after it: so may an isolate that need not know the purge yet.
    fn shown_despite(&self, purge: &Purged, shown: &Shown<'_>, looked_at: Time) {
        let sim = shown.seen.sim;
        let shown_for = looked_at.since(purge.received).as_millis() as u64;
        purge.shown_for.borrow_mut()[sim.centre] = shown_for;
        let known_at = self.known_since(purge, shown, looked_at);
        // Within a millisecond the purge may have come later.
        if known_at.is_some_and(|known_at| known_at < looked_at) {
            let how = format!(
                "{} {:?} at {:?} (from {looked_at:?} on {known_at:?}), shown: {} of {:?}",
                if purge.hard { "hard" } else { "soft" },
                purge.what,
                purge.received,
                shown.said.0,
                shown.fetch,
            );
            self.history.breaks("no purge is lost", how);
        }
    }

    /// From when on an isolate must know a purge that concerns a page.
    fn known_since(&self, purge: &Purged, shown: &Shown<'_>, looked_at: Time) -> Option<Time> {
        if purge.is_by_journal {
            if purge.isolate == shown.seen.sim.isolate_id {
                // Its 503 does not say that the object has it, nor that the object has lost it.
                let may_be_lost = purge.may_be_lost.get() && purge.answered.get().is_none();
                let is_kept = !purge.is_lost.get() && !may_be_lost;
                let read_at = purge.trace.body_read_at.get().filter(|_| is_kept)?;
                return Some(read_at.max(self.journal.sure_since(purge)));
            }
            return self.journal.known_since(purge, shown.seen.sim, looked_at);
        }
        let (history, sim) = (&self.history, shown.seen.sim);
        let longest = history.config.skew / 2;
        let concerned =
            purge.what.iter().filter(|what| what.concerns(shown.fetch.page, shown.version));
        let known = concerned.filter_map(|selector| {
            if purge.isolate == sim.isolate_id {
                return purge.trace.body_read_at.get();
            }
            purge.answered.get()?;
            let key = purge.record_key(*selector, &history.site);
            let durable = history.kv.durable_since(&key, purge.received, longest)?;
            let readable = history.kv.readable(sim.centre, &key, durable)?;
            // Older than one window, records are still used while they are read again.
            let known = readable.since + 2 * history.config.memory_window;
            let is_bound = sim.journal.is_some();
            Some(if is_bound { known.max(self.journal.sure_since(purge)) } else { known })
        });
        known.min()
    }
}
