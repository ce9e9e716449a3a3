//! Pure. The end of a lease, as the requests that wait for it learn it.

use http::StatusCode;

use crate::platform::Unsettled;
use crate::policy::refresh::backoff::FailureOf;
use crate::policy::time::Time;
use crate::purge::knowledge::Knowledge;

/// The outcome of the holder's request to the origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseEnd {
    /// The response is stored. Requests that waited may use it, even if it is not fresh for later
    /// requests. A purge that was learned since the holder asked forbids that.
    Stored {
        /// The time before the request was sent to the origin.
        fetched_at: Time,
        /// The number of purge records that the isolate had learned by then.
        knowledge: Knowledge,
    },
    /// The response is not for other requests: each waiting request asks the origin for itself.
    Uncacheable,
    /// The origin failed, with this status towards visitors: the waiting requests share the
    /// failure.
    Failed(u16),
    /// A hard purge came during the request: the response is not stored. Each waiting request looks
    /// again, and one may take the lease.
    Purged,
    /// Nothing came that waiting requests may share, or the holder was lost. Each looks again, and
    /// one may take the lease.
    Abandoned,
}

impl LeaseEnd {
    /// Returns the outcome of a failure in whose place the visitor's own request succeeded. After a
    /// single failure the waiting requests look again, and one of them asks.
    pub fn of_failure_with_own(concerns: FailureOf, failed_lately: bool) -> LeaseEnd {
        if failed_lately || concerns == FailureOf::Visitor {
            LeaseEnd::Uncacheable
        } else {
            LeaseEnd::Abandoned
        }
    }

    /// Returns the outcome of a response whose body could not be kept. `own_went_well` tells that
    /// the visitor's own request to the origin succeeded. `failed_lately` tells that the origin
    /// also failed before.
    pub fn of_body(error: &Unsettled, own_went_well: bool, failed_lately: bool) -> LeaseEnd {
        match error {
            Unsettled::BrokenOff if own_went_well && !failed_lately => LeaseEnd::Abandoned,
            // Own requests of the waiting visitors may succeed too.
            Unsettled::BrokenOff if own_went_well => LeaseEnd::Uncacheable,
            Unsettled::BrokenOff => LeaseEnd::Failed(StatusCode::BAD_GATEWAY.as_u16()),
            Unsettled::VisitorTooSlow => LeaseEnd::Abandoned,
            Unsettled::NotKept => LeaseEnd::Uncacheable,
        }
    }
}
