//! Pure. Purges that share a write: KV takes one write a second for each key.
//!
//! A purge may arrive while its record is being written. It then waits for the *next* write, and
//! all purges that wait share that write. The stamp is taken when the write begins: every purge in
//! it came before the stamp. The write under way cannot be shared, because its stamp is earlier
//! than the purge. A response requested in between may show the content that the purge is about
//! (`policy::fence`).
//!
//! The first purge to wait leads: it writes for all of them. Each batch and each write has a time
//! limit, so both end even if the leader is lost.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use crate::platform::Signal;
use crate::platform::kv_error::KvError;
use crate::platform::kv_key::KvKey;
use crate::policy::time::Time;
use crate::policy::timing::{KV_WRITE_PACE, PURGE_LOOK_PAUSE};

/// Keys whose last write is remembered.
const QUEUES_MOST: usize = 10_000;

/// The end of a batch: whether its write is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteEnd {
    /// KV has taken the write.
    Durable,
    /// KV has not taken it. The sender may send the purge again.
    Failed,
    /// Another attempt would be refused as well.
    Refused(Limit),
}

/// A limit of the platform that a purge came up against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// The limit of operations in one invocation. Another invocation may still make operations.
    Invocation,
    /// The limit of writes a day, on the free plan.
    Day,
    /// The journal's object did not reply. It may have appended the purge.
    Journal,
}

impl Limit {
    /// Returns the limit in `error`; do not try again then. `None`: another attempt may succeed.
    pub fn of(error: &KvError) -> Option<Limit> {
        match error {
            KvError::TooManyOperations => Some(Limit::Invocation),
            KvError::DayQuota => Some(Limit::Day),
            KvError::TooSoon | KvError::TimedOut | KvError::Resting | KvError::Other(_) => None,
        }
    }
}

/// The purges that wait for the next write of each key.
#[derive(Default)]
pub struct Batches {
    queues: BTreeMap<KvKey, Box<Queue>>,
}

#[derive(Default)]
struct Queue {
    /// The batch that a later purge joins.
    forming: Option<Rc<Batch>>,
    busy_until: Option<Time>,
    wrote_at: Option<Time>,
}

/// Purges that one write makes durable.
pub struct Batch {
    until: Time,
    ended: Cell<Option<WriteEnd>>,
    waiters: RefCell<Vec<Signal>>,
    /// Batches whose own write failed: the write of this batch counts for them too.
    stands_for: RefCell<Vec<Rc<Batch>>>,
}

impl Batch {
    /// Returns when the batch ends at the latest.
    pub fn until(&self) -> Time {
        self.until
    }

    /// Returns how the batch ended, or `None` while it has not.
    pub fn ended(&self) -> Option<WriteEnd> {
        self.ended.get()
    }

    /// Adds a signal that is given when the batch ends.
    pub fn wait(&self, signal: Signal) {
        self.waiters.borrow_mut().push(signal);
    }

    /// Ends the batch: stores the result and wakes all purges that wait.
    pub fn end(&self, ended: WriteEnd) {
        self.ended.set(Some(ended));
        self.waiters.take().into_iter().for_each(|signal| signal());
        let of_others = match ended {
            // The limit is that of the invocation that wrote. Others may still write.
            WriteEnd::Refused(Limit::Invocation) => WriteEnd::Failed,
            ended => ended,
        };
        self.stands_for.take().iter().for_each(|batch| batch.end(of_others));
    }
}

/// A purge in its batch.
pub struct Joined {
    /// The batch that the purge has joined.
    pub batch: Rc<Batch>,
    /// The purge's role in the batch.
    pub role: Role,
}

/// The role of a purge in its batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The purge writes for all purges in the batch.
    Leads,
    /// The purge waits until the leader's write has ended.
    Follows,
}

/// The state of a batch after its write has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reopened {
    /// The leader of the batch tries again.
    Open,
    /// Another batch has formed meanwhile, and its leader writes for this one too.
    StoodFor,
}

impl Batches {
    /// Joins the batch that waits for the next write of `key`, or begins one.
    pub fn join(&mut self, key: &KvKey, lasts: Duration, now: Time) -> Joined {
        self.forget_idle(now);
        let queue = self.queues.entry(key.clone()).or_default();
        if let Some(forming) = queue.forming.as_ref().filter(|batch| now < batch.until) {
            return Joined { batch: forming.clone(), role: Role::Follows };
        }
        let batch = Rc::new(Batch {
            until: now + lasts,
            ended: Cell::default(),
            waiters: RefCell::default(),
            stands_for: RefCell::default(),
        });
        queue.forming = Some(batch.clone());
        Joined { batch, role: Role::Leads }
    }

    /// Returns how long to wait before `key` may be written.
    pub fn wait(&self, key: &KvKey, now: Time) -> Duration {
        let Some(queue) = self.queues.get(key) else { return Duration::ZERO };
        let paced = queue.wrote_at.map_or(Duration::ZERO, |at| (at + KV_WRITE_PACE).since(now));
        if queue.busy_until.is_some_and(|until| now < until) {
            paced.max(PURGE_LOOK_PAUSE)
        } else {
            paced
        }
    }

    /// Notes that a write of `key` begins. A purge that comes now waits for the next write.
    pub fn begin(&mut self, key: &KvKey, batch: &Rc<Batch>, limit: Duration, now: Time) {
        // broken: shares-a-write-under-way.begin
        self.withdraw(key, batch);
        let queue = self.queues.entry(key.clone()).or_default();
        (queue.wrote_at, queue.busy_until) = (Some(now), Some(now + limit));
    }

    /// Notes that the write of `key` has ended, whether or not it succeeded.
    pub fn free(&mut self, key: &KvKey) {
        if let Some(queue) = self.queues.get_mut(key) {
            queue.busy_until = None;
        }
    }

    /// Lets purges join the batch again after its write has failed. If another batch has formed
    /// meanwhile, that batch takes this one over.
    pub fn reopen(&mut self, key: &KvKey, batch: &Rc<Batch>, now: Time) -> Reopened {
        let queue = self.queues.entry(key.clone()).or_default();
        if let Some(other) = queue.forming.as_ref().filter(|other| now < other.until) {
            other.stands_for.borrow_mut().push(batch.clone());
            return Reopened::StoodFor;
        }
        queue.forming = Some(batch.clone());
        Reopened::Open
    }

    /// Closes the batch: no purge joins it any more.
    pub fn withdraw(&mut self, key: &KvKey, batch: &Rc<Batch>) {
        if let Some(queue) = self.queues.get_mut(key)
            && queue.forming.as_ref().is_some_and(|forming| Rc::ptr_eq(forming, batch))
        {
            queue.forming = None;
        }
    }

    fn forget_idle(&mut self, now: Time) {
        if self.queues.len() < QUEUES_MOST {
            return;
        }
        self.queues.retain(|_, queue| {
            let is_forming = queue.forming.as_ref().is_some_and(|batch| now < batch.until);
            is_forming || queue.wrote_at.is_some_and(|at| now < at + KV_WRITE_PACE)
        });
    }
}
