//! One line a minute for each kind of fault, which would otherwise fill the log.

use std::time::Duration;

use crate::isolate::shared::Shared;
use crate::policy::time::Time;

const PAUSE: Duration = Duration::from_secs(60);

/// A kind of fault that is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Complaint {
    /// The Cache API kept nothing of what it was given.
    CachePut,
    Coordinator,
    /// Purge records cannot be read.
    KvRead,
    /// A purge record is none of ours.
    PurgeRecord,
    PurgeWrite,
    GraphBudget,
    GraphWrite,
    Receipt,
    Invalidation,
    /// An origin's tags are not printable ASCII.
    Tags,
}

/// When each was last heard.
#[derive(Default)]
pub struct Complaints {
    last: Shared<Vec<(Complaint, Time)>>,
}

impl Complaints {
    /// Whether a complaint is to be logged now; it counts as logged then.
    pub fn allows(&self, complaint: Complaint, now: Time) -> bool {
        self.last.with_mut(|last| {
            if last.iter().any(|(other, at)| *other == complaint && now.since(*at) < PAUSE) {
                return false;
            }
            last.retain(|(other, _)| *other != complaint);
            last.push((complaint, now));
            true
        })
    }
}
