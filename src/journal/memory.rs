//! Pure. This isolate's copy of the journal, and the refresh of it that is under way.

use std::time::Duration;

use crate::journal::Known;
use crate::journal::block::Block;
use crate::journal::copy::{Due, JournalCopy, Learned, due};
use crate::platform::Signal;
use crate::policy::time::Time;
use crate::policy::timing::PUBLISHED_JOURNALS_KNOWN_FOR;

/// This isolate's copy of the journal.
#[derive(Default)]
pub struct JournalMemory {
    copy: Option<JournalCopy>,
    /// The host and the number of the block in the data centre's cache, as far as this isolate knows.
    shared: Option<(String, Known)>,
    /// Other journals that were found in KV.
    found: Vec<JournalCopy>,
    /// The time by which this isolate refreshes later than others that have the same copy. So one
    /// of them is the first, and the others find what it has stored.
    delay: Duration,
    /// The last time at which the published journal was read from KV, in place of the object.
    published_at: Option<Time>,
    /// The time before which the published journal is read, because the readers' share of the
    /// object's day is spent.
    reads_again_at: Option<Time>,
    under_way: Option<UnderWay>,
    count: u64,
}

/// What a stored response can be judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// A copy from the object, younger than `PURGE_SEEN_WITHIN`.
    Object,
    /// The journal as it was published in KV: KV shows the last purges late.
    Published,
}

/// A refresh, and the requests that wait for its end.
struct UnderWay {
    id: u64,
    until: Time,
    /// Whether the object is late, so that requests go on without its reply.
    is_late: bool,
    waiters: Vec<Signal>,
}

impl JournalMemory {
    /// Returns the copy, however old it is.
    pub fn copy(&self) -> Option<&JournalCopy> {
        self.copy.as_ref()
    }

    /// Returns all copies to judge by: the journal's, and those of other journals that were found in KV.
    pub fn copies(&self) -> impl Iterator<Item = &JournalCopy> {
        self.copy.iter().chain(&self.found)
    }

    /// Replaces the journals that a Worker without the binding found in KV at `asked_at`.
    pub fn replace_published(&mut self, found: Vec<JournalCopy>, asked_at: Time) {
        self.found = found;
        self.published_at = self.published_at.max(Some(asked_at));
    }

    /// Tells whether journals were found in KV. `None`: KV was not read, or so long ago that a journal may
    /// have been published since.
    pub fn has_found(&self, now: Time) -> Option<bool> {
        let is_known = |at| now.since(at) < PUBLISHED_JOURNALS_KNOWN_FOR;
        let has_found = !self.found.is_empty();
        self.published_at.filter(|at| has_found || is_known(*at)).map(|_| has_found)
    }

    /// Returns what a response will know that is requested now.
    pub fn known(&self) -> Option<Known> {
        self.copy.as_ref().map(JournalCopy::known)
    }

    /// Decides by the age of the copy; `bound` is `PURGE_SEEN_WITHIN`.
    pub fn due(&self, bound: Duration, now: Time) -> Due {
        let bound = self.bound_of_published(bound, now);
        let asked_at = self.copy.as_ref().map(JournalCopy::asked_at);
        due(asked_at.max(self.published_at), bound, self.delay, now)
    }

    /// Returns what a stored response can be judged by now. `None`: wait for a refresh.
    pub fn basis(&self, bound: Duration, now: Time) -> Option<Basis> {
        let is_young = |at: Option<Time>, bound| at.is_some_and(|at| now.since(at) < bound);
        if is_young(self.copy.as_ref().map(JournalCopy::asked_at), bound) {
            return Some(Basis::Object);
        }
        let bound = self.bound_of_published(bound, now);
        is_young(self.published_at, bound).then_some(Basis::Published)
    }

    /// Returns the age up to which the published journal is used. As long as readers may not ask the
    /// object, KV is not read more often than it shows anything new.
    fn bound_of_published(&self, bound: Duration, now: Time) -> Duration {
        if self.may_read(now) { bound } else { bound.max(PUBLISHED_JOURNALS_KNOWN_FOR) }
    }

    /// Adds the journal as KV showed it at `asked_at`. Returns whether the copy has its entries.
    pub fn learn_published(&mut self, block: Block, asked_at: Time) -> bool {
        // The copy is as complete as before, but no younger: KV may show a purge late.
        let other = self.copy.as_ref().is_some_and(|copy| copy.known().journal != block.head().id);
        let is_learned = if other {
            // Another journal may have followed the copy's, or gone before it: judge by both.
            self.found = JournalCopy::whole(block, Time::default()).into_iter().collect();
            !self.found.is_empty()
        } else {
            self.learn(block, Time::default(), self.delay) != Learned::Gap
        };
        if is_learned {
            self.published_at = self.published_at.max(Some(asked_at));
        }
        is_learned
    }

    /// Returns the block to share with the data centre. `None`: its cache has it.
    pub fn to_share(&self, host: &str) -> Option<Block> {
        let copy = self.copy.as_ref()?;
        let is_shared = |(of, known): &(String, Known)| of == host && *known == copy.known();
        (!self.shared.as_ref().is_some_and(is_shared)).then(|| copy.to_block())
    }

    /// Notes that the data centre's cache has the block of this number.
    pub fn shared(&mut self, host: &str, known: Known) {
        self.shared = Some((host.to_owned(), known));
    }

    /// Notes that the object is left to purges until `at`.
    pub fn leave_to_purges(&mut self, at: Option<Time>) {
        self.reads_again_at = at;
    }

    /// Tells whether readers may ask the object.
    pub fn may_read(&self, now: Time) -> bool {
        self.reads_again_at.is_none_or(|at| now >= at)
    }

    /// Begins a refresh. `None`: one is under way. A refresh that was lost ends after `limit`.
    pub fn begin(&mut self, limit: Duration, now: Time) -> Option<u64> {
        // broken: endless-refresh
        if self.under_way.as_ref().is_some_and(|under_way| now < under_way.until) {
            return None;
        }
        self.count += 1;
        // Requests that wait for a lost refresh now wait for this one.
        let waiters = self.under_way.take().map_or(Vec::new(), |lost| lost.waiters);
        self.under_way =
            Some(UnderWay { id: self.count, until: now + limit, is_late: false, waiters });
        Some(self.count)
    }

    /// Adds the signal that is given when the refresh under way ends, or its object is late.
    pub fn wait(&mut self, signal: Signal) {
        match &mut self.under_way {
            Some(under_way) if !under_way.is_late => under_way.waiters.push(signal),
            _ => signal(),
        }
    }

    /// Takes note that the object is late in a refresh. Returns the signals to give.
    pub fn mark_late(&mut self, id: u64) -> Vec<Signal> {
        let under_way = self.under_way.as_mut().filter(|under_way| under_way.id == id);
        under_way.map_or(Vec::new(), |under_way| {
            under_way.is_late = true;
            std::mem::take(&mut under_way.waiters)
        })
    }

    /// Ends a refresh. Returns the signals to give.
    pub fn end(&mut self, id: u64) -> Vec<Signal> {
        let ended = self.under_way.take_if(|under_way| under_way.id == id);
        ended.map_or(Vec::new(), |ended| ended.waiters)
    }

    /// Adds entries that were asked for at `asked_at`. `delay` puts the next refresh off.
    pub fn learn(&mut self, block: Block, asked_at: Time, delay: Duration) -> Learned {
        let learned = match &mut self.copy {
            Some(copy) => copy.learn(block, asked_at),
            None => match JournalCopy::whole(block, asked_at) {
                Some(copy) => {
                    self.copy = Some(copy);
                    Learned::Merged
                }
                None => Learned::Gap,
            },
        };
        if learned == Learned::Merged {
            self.delay = delay;
        }
        learned
    }

    /// Notes that the copy is as complete as one that was asked for at `asked_at`. Returns whether
    /// it is: both are complete up to the same number.
    pub fn confirm(&mut self, known: Known, asked_at: Time, delay: Duration) -> bool {
        let Some(copy) = self.copy.as_mut().filter(|copy| copy.known() == known) else {
            return false;
        };
        copy.confirm(asked_at);
        self.delay = delay;
        true
    }
}
