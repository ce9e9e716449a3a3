//! Pure. How a lease ended, as the requests that wait for it are told.

use crate::policy::time::Time;
use crate::purge::memory::LearnCount;

/// How the holder's request to the origin ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseEnd {
    /// The response is stored. Requests that waited may use it, even if it is not fresh for later
    /// requests, unless a purge was learned since the holder asked.
    Stored { fetched_at: Time, learn_count: LearnCount },
    /// Nothing will be stored: each waiting request asks the origin for itself.
    Uncacheable,
    /// The origin failed, with this status towards visitors.
    Failed(u16),
    /// The holder asked nothing, or was lost: a waiting request looks again, and may take the lease.
    Abandoned,
}
