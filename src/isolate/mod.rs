//! What one isolate remembers between requests. All of it may vanish at any time (isolates are
//! ended at will), and each part is bounded.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use crate::config::VisitorWriteLimits;
use crate::coordinator::ledger::Shard;
use crate::fields::cache_status::Detail;
use crate::platform::Signal;
use crate::policy::guess::Sections;
use crate::policy::key::Slot;
use crate::policy::stored::Pass;
use crate::policy::time::Time;
use crate::policy::variants::Variants;
use crate::purge::batches::Batches;
use crate::purge::memory::{Moment, PurgeMemory};
use crate::purge::reads::Reading;

#[derive(Default)]
pub struct Isolate {
    pub leases: RefCell<Leases>,
    pub purges: RefCell<PurgeMemory>,
    pub purge_batches: RefCell<Batches>,
    pub reading: RefCell<Reading>,
    /// Pages that pass, until when, and why.
    pub passes: RefCell<Recent<(Time, Pass)>>,
    pub failures: RefCell<Recent<Failure>>,
    pub sections: RefCell<Sections>,
    pub variants: RefCell<Variants>,
    /// When this data centre first saw a soft purge outdate a stored response, by its own slot.
    pub first_seen: RefCell<Recent<Time>>,
    pub cache: CacheHealth,
    pub visitor_writes: VisitorWrites,
    pub kv_resting_until: Cell<Option<Time>>,
    /// Shards of the coordinator that did not answer a moment ago, until they are asked again.
    pub shards_resting: RefCell<Vec<(Shard, Time)>>,
    pub log: LogLimit,
}

/// How a leader's request to the origin ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// What the leader fetched is stored: those who waited may use it, even if it is not fresh for
    /// anybody after them, unless a purge was seen since the leader asked.
    Stored { fetched_at: Time, moment: Moment },
    /// Nothing will be: everyone asks for themselves.
    Uncacheable,
    /// The origin failed, with this status towards visitors.
    Failed(u16),
    /// The leader asked nothing, or went away: look again, and perhaps ask.
    Abandoned,
}

/// At most one leader per slot, and those who wait for it.
#[derive(Default)]
pub struct Leases {
    held: BTreeMap<Slot, Held>,
}

struct Held {
    token: u64,
    until: Time,
    outcome: Rc<Cell<Option<Outcome>>>,
    waiters: Vec<Signal>,
}

/// How somebody else's lease stands.
pub struct Waiting {
    pub until: Time,
    pub outcome: Rc<Cell<Option<Outcome>>>,
}

impl Leases {
    const MOST: usize = 4096;

    /// Takes the lease, unless it is held.
    pub fn take(&mut self, slot: &Slot, token: u64, until: Time, now: Time) -> bool {
        if self.held.get(slot).is_some_and(|held| now < held.until) {
            return false;
        }
        // Those of holders who are gone, which nobody has asked for since.
        if self.held.len() >= Self::MOST {
            self.held.retain(|_, held| now < held.until);
        }
        // A holder that never ended it is gone; its waiters wake by themselves, and look again.
        let held = Held { token, until, outcome: Rc::default(), waiters: Vec::new() };
        self.held.insert(slot.clone(), held);
        true
    }

    /// The lease that somebody else holds.
    pub fn holder(&self, slot: &Slot, now: Time) -> Option<Waiting> {
        let held = self.held.get(slot).filter(|held| now < held.until)?;
        Some(Waiting { until: held.until, outcome: held.outcome.clone() })
    }

    /// Prolongs a lease, if it is still this one: its holder lives, and waits for the world's.
    pub fn prolong(&mut self, slot: &Slot, token: u64, until: Time) {
        if let Some(held) = self.held.get_mut(slot).filter(|held| held.token == token) {
            held.until = held.until.max(until);
        }
    }

    /// Ends the lease of a holder for whom nobody waits any longer, unless there is another by now.
    pub fn end_overdue(&mut self, slot: &Slot, overdue: &Waiting) {
        if self.held.get(slot).is_some_and(|held| Rc::ptr_eq(&held.outcome, &overdue.outcome)) {
            self.held.remove(slot);
        }
    }

    /// Whether anybody in this isolate waits for the holder of this token.
    pub fn is_awaited(&self, slot: &Slot, token: u64) -> bool {
        let held = self.held.get(slot).filter(|held| held.token == token);
        held.is_some_and(|held| !held.waiters.is_empty())
    }

    pub fn wait(&mut self, slot: &Slot, signal: Signal) {
        if let Some(held) = self.held.get_mut(slot) {
            held.waiters.push(signal);
        }
    }

    /// Ends a lease, if it is still this one, and returns whom to wake.
    pub fn end(&mut self, slot: &Slot, token: u64, outcome: Outcome) -> Vec<Signal> {
        if self.held.get(slot).is_none_or(|held| held.token != token) {
            return Vec::new();
        }
        let Some(held) = self.held.remove(slot) else { return Vec::new() };
        held.outcome.set(Some(outcome));
        held.waiters
    }
}

/// The last thing that is known of each of the slots used most recently.
pub struct Recent<T> {
    by_slot: BTreeMap<Slot, (Time, T)>,
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Recent { by_slot: BTreeMap::new() }
    }
}

impl<T: Copy> Recent<T> {
    const MOST: usize = 4096;

    pub fn note(&mut self, slot: &Slot, value: T, now: Time) {
        if self.by_slot.len() >= Self::MOST && !self.by_slot.contains_key(slot) {
            self.forget_older_half();
        }
        self.by_slot.insert(slot.clone(), (now, value));
    }

    pub fn of(&self, slot: &Slot) -> Option<T> {
        self.by_slot.get(slot).map(|(_, value)| *value)
    }

    pub fn forget(&mut self, slot: &Slot) {
        self.by_slot.remove(slot);
    }

    fn forget_older_half(&mut self) {
        let mut times: Vec<Time> = self.by_slot.values().map(|(at, _)| *at).collect();
        times.sort_unstable();
        let median = times[times.len() / 2];
        self.by_slot.retain(|_, (at, _)| *at > median);
    }
}

/// That the origin failed for a slot, or answered with what it had made before a purge, so many
/// times in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    pub at: Time,
    pub times: u32,
    pub cause: Cause,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    Failed,
    /// The origin's own cache has not heard of the purge, or has not caught up.
    Behind,
}

impl Cause {
    pub fn detail(self) -> Detail {
        match self {
            Cause::Failed => Detail::OriginFailed,
            Cause::Behind => Detail::OriginBehind,
        }
    }
}

impl Failure {
    /// 1, 2, 4, … 60 seconds without another background request.
    pub fn backs_off(&self, now: Time) -> bool {
        let seconds = 1u64 << self.times.saturating_sub(1).min(6);
        now < self.at + Duration::from_secs(seconds.min(60))
    }
}

/// Whether what is put into the cache can be looked up. On workers.dev it cannot, and a host, a URL
/// or a body can be such that it is refused: collapsing would make visitors wait in vain.
#[derive(Default)]
pub struct CacheHealth {
    /// Until when each slot is not collapsed.
    broken: RefCell<Recent<Time>>,
    proven: Cell<bool>,
}

impl CacheHealth {
    const MISTRUST: Duration = Duration::from_secs(60);

    pub fn is_broken(&self, slot: &Slot, now: Time) -> bool {
        self.broken.borrow().of(slot).is_some_and(|until| now < until)
    }

    /// Whether the next store should be looked up to see.
    pub fn is_unproven(&self) -> bool {
        !self.proven.get()
    }

    pub fn found(&self, slot: &Slot) {
        self.proven.set(true);
        self.broken.borrow_mut().forget(slot);
    }

    pub fn lost(&self, slot: &Slot, now: Time) {
        self.proven.set(false);
        self.broken.borrow_mut().note(slot, now + Self::MISTRUST, now);
    }

    /// Somebody was told it is stored and did not find it.
    pub fn doubt(&self) {
        self.proven.set(false);
    }
}

/// KV writes that need no token to cause, to the tag graph and for invalidation: so many a minute and
/// so many a day (UTC, as KV counts), so that the rest of the day's are left for authenticated purges.
/// None for an hour after KV said that the day's are spent.
#[derive(Default)]
pub struct VisitorWrites {
    minute: Spent,
    day: Spent,
    resting_until: Cell<Option<Time>>,
}

impl VisitorWrites {
    const MINUTE: i64 = 60_000;
    const DAY: i64 = 24 * 60 * Self::MINUTE;
    const REST: Duration = Duration::from_secs(60 * 60);

    /// How many writes are left now.
    pub fn left(&self, limits: VisitorWriteLimits, now: Time) -> u32 {
        if self.resting_until.get().is_some_and(|until| now < until) {
            return 0;
        }
        let minute = limits.per_minute.saturating_sub(self.minute.within(Self::MINUTE, now));
        let day = limits.per_day.saturating_sub(self.day.within(Self::DAY, now));
        minute.min(day)
    }

    /// Counts writes, of which [`Self::left`] has just allowed as many at least.
    pub fn spend(&self, writes: u32) {
        self.minute.add(writes);
        self.day.add(writes);
    }

    pub fn rest(&self, now: Time) {
        self.resting_until.set(Some(now + Self::REST));
    }
}

/// What was spent in the period that was looked at last.
#[derive(Default)]
struct Spent {
    period: Cell<i64>,
    writes: Cell<u32>,
}

impl Spent {
    fn within(&self, milliseconds: i64, now: Time) -> u32 {
        let period = now.0.div_euclid(milliseconds);
        if self.period.replace(period) != period {
            self.writes.set(0);
        }
        self.writes.get()
    }

    fn add(&self, writes: u32) {
        self.writes.set(self.writes.get().saturating_add(writes));
    }
}

/// One line a minute for a fault that would otherwise fill the log.
#[derive(Default)]
pub struct LogLimit {
    last: RefCell<BTreeMap<&'static str, Time>>,
}

impl LogLimit {
    pub fn allows(&self, fault: &'static str, now: Time) -> bool {
        let mut last = self.last.borrow_mut();
        if last.get(fault).is_some_and(|at| now.since(*at) < Duration::from_secs(60)) {
            return false;
        }
        last.insert(fault, now);
        true
    }
}
