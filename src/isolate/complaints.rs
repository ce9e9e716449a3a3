//! Limits the log to one line a minute for each kind of fault.

use crate::isolate::shared::Shared;
use crate::policy::time::Time;
use crate::policy::timing::COMPLAINT_PAUSE;

/// A kind of fault that is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Complaint {
    /// The Cache API kept nothing of what it was given.
    CachePut,
    /// The coordinator did not respond, or failed.
    Coordinator,
    /// The durable tier could not be read or written.
    DurableTier,
    /// The journal's object did not respond, or failed.
    Journal,
    /// Purge records, or published journals, cannot be read.
    KvRead,
    /// KV holds a purge record that is damaged, or that another version wrote.
    PurgeRecord,
    /// A purge record could not be written.
    PurgeWrite,
    /// The budget of writes to the tag graph is spent.
    GraphBudget,
    /// The tag graph could not be read or written.
    GraphWrite,
    /// A receipt could not be written.
    Receipt,
    /// An invalidation could not be sent to other data centres.
    Invalidation,
    /// Tags of an origin were dropped, because they are not legal.
    Tags,
}

/// The time at which each complaint was last logged.
#[derive(Default)]
pub struct Complaints {
    last: Shared<Vec<(Complaint, Time)>>,
}

impl Complaints {
    /// Tells whether to log a complaint now. If so, it counts as logged.
    pub fn allows(&self, complaint: Complaint, now: Time) -> bool {
        self.last.with_mut(|last| {
            if last
                .iter()
                .any(|(other, at)| *other == complaint && now.since(*at) < COMPLAINT_PAUSE)
            {
                return false;
            }
            last.retain(|(other, _)| *other != complaint);
            last.push((complaint, now));
            true
        })
    }
}
