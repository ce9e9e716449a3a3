//! Pure. Purges that share a write: KV takes one write a second for each key.
//!
//! A purge that arrives while its record is being written waits for the *next* write, with all others
//! that do, and shares it. Its stamp is taken when that write begins, so none of them came after it.
//! The write under way would not do: its stamp is earlier than the purge, and a response that was
//! asked for in between may show what the purge is about (`policy::fence`).
//!
//! The first to wait leads: it writes for all of them. Should it vanish, a batch ends by itself, and
//! so does a write.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use crate::platform::Signal;
use crate::platform::kv_error::KvError;
use crate::platform::kv_key::KvKey;
use crate::policy::time::Time;

/// KV takes one write a second for each key.
const PACE: Duration = Duration::from_millis(1100);
/// Records whose last write is remembered.
const LINES_MOST: usize = 10_000;

/// How a batch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteEnd {
    Durable,
    Failed,
    /// Another attempt would be refused as well.
    Refused(Limit),
}

/// A limit of the platform that a purge came up against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Of operations in one invocation: the leader's may make no more, others' may.
    Invocation,
    /// Of writes a day, on the free plan.
    Day,
}

impl Limit {
    /// The limit for which another attempt would fail as well.
    pub fn of(error: &KvError) -> Option<Limit> {
        match error {
            KvError::TooManyOperations => Some(Limit::Invocation),
            KvError::DayQuota => Some(Limit::Day),
            KvError::TooSoon | KvError::TimedOut | KvError::Resting | KvError::Other(_) => None,
        }
    }
}

/// The purges of each record that wait for its next write.
#[derive(Default)]
pub struct Batches {
    lines: BTreeMap<KvKey, Line>,
}

#[derive(Default)]
struct Line {
    /// A later purge joins it.
    forming: Option<Rc<Batch>>,
    busy_until: Option<Time>,
    wrote_at: Option<Time>,
}

/// Purges that one write makes durable.
pub struct Batch {
    until: Time,
    ended: Cell<Option<WriteEnd>>,
    waiters: RefCell<Vec<Signal>>,
    /// Batches whose own write failed, and which this one now stands for.
    stands_for: RefCell<Vec<Rc<Batch>>>,
}

impl Batch {
    pub fn until(&self) -> Time {
        self.until
    }

    pub fn ended(&self) -> Option<WriteEnd> {
        self.ended.get()
    }

    pub fn wait(&self, signal: Signal) {
        self.waiters.borrow_mut().push(signal);
    }

    pub fn end(&self, ended: WriteEnd) {
        self.ended.set(Some(ended));
        self.waiters.take().into_iter().for_each(|signal| signal());
        self.stands_for.take().iter().for_each(|batch| batch.end(ended));
    }
}

/// A purge in its batch.
pub struct Joined {
    pub batch: Rc<Batch>,
    pub role: Role,
}

/// What a purge does for its batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It writes for all.
    Leads,
    /// It waits for how the write ends.
    Follows,
}

/// What becomes of a batch whose write was in vain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reopened {
    /// Its leader tries again.
    Open,
    /// Another batch has formed meanwhile, and writes for this one too.
    StoodFor,
}

impl Batches {
    /// Joins the batch that waits for the next write of `key`, or begins one.
    pub fn join(&mut self, key: &KvKey, lasts: Duration, now: Time) -> Joined {
        self.forget_idle(now);
        let line = self.lines.entry(key.clone()).or_default();
        if let Some(forming) = line.forming.as_ref().filter(|batch| now < batch.until) {
            return Joined { batch: forming.clone(), role: Role::Follows };
        }
        let batch = Rc::new(Batch {
            until: now + lasts,
            ended: Cell::default(),
            waiters: RefCell::default(),
            stands_for: RefCell::default(),
        });
        line.forming = Some(batch.clone());
        Joined { batch, role: Role::Leads }
    }

    /// How long `key` is not to be written yet.
    pub fn wait(&self, key: &KvKey, now: Time) -> Duration {
        let Some(line) = self.lines.get(key) else { return Duration::ZERO };
        let paced = line.wrote_at.map_or(Duration::ZERO, |at| (at + PACE).since(now));
        match line.busy_until.is_some_and(|until| now < until) {
            true => paced.max(Duration::from_millis(100)),
            false => paced,
        }
    }

    /// A write of `key` begins: a purge that comes now waits for the next one.
    pub fn begin(&mut self, key: &KvKey, batch: &Rc<Batch>, limit: Duration, now: Time) {
        // broken: shares-a-write-under-way.begin
        self.withdraw(key, batch);
        let line = self.lines.entry(key.clone()).or_default();
        (line.wrote_at, line.busy_until) = (Some(now), Some(now + limit));
    }

    /// The write has ended, one way or another.
    pub fn free(&mut self, key: &KvKey) {
        if let Some(line) = self.lines.get_mut(key) {
            line.busy_until = None;
        }
    }

    /// The batch's write was in vain: purges may join it again, unless another has formed meanwhile.
    pub fn reopen(&mut self, key: &KvKey, batch: &Rc<Batch>, now: Time) -> Reopened {
        let line = self.lines.entry(key.clone()).or_default();
        if let Some(other) = line.forming.as_ref().filter(|other| now < other.until) {
            other.stands_for.borrow_mut().push(batch.clone());
            return Reopened::StoodFor;
        }
        line.forming = Some(batch.clone());
        Reopened::Open
    }

    /// No purge joins the batch any more.
    pub fn withdraw(&mut self, key: &KvKey, batch: &Rc<Batch>) {
        if let Some(line) = self.lines.get_mut(key)
            && line.forming.as_ref().is_some_and(|forming| Rc::ptr_eq(forming, batch))
        {
            line.forming = None;
        }
    }

    fn forget_idle(&mut self, now: Time) {
        if self.lines.len() < LINES_MOST {
            return;
        }
        self.lines.retain(|_, line| {
            let is_forming = line.forming.as_ref().is_some_and(|batch| now < batch.until);
            is_forming || line.wrote_at.is_some_and(|at| now < at + PACE)
        });
    }
}
