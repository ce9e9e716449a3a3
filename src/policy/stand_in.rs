//! The decision whether a stored response stands in for a failing origin (RFC 5861 §4).

use crate::policy::reuse::Verdict;
use crate::policy::time::Time;

/// The response to a visitor after the origin failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StandIn {
    /// The visitor gets the stored response.
    Shown {
        /// The remaining lifetime in seconds; negative if the response is stale.
        ttl: i64,
    },
    /// The visitor gets the failure.
    No,
}

/// Decides by the verdict on a stored response, made after the origin failed.
pub fn stand_in(verdict: Verdict, now: Time) -> StandIn {
    match verdict {
        Verdict::Serve { ttl } | Verdict::ServeStale { ttl } => StandIn::Shown { ttl },
        Verdict::Revalidate { ttl, on_error_until: Some(until) } if now < until => {
            StandIn::Shown { ttl }
        }
        Verdict::Revalidate { .. } | Verdict::Discard { .. } => StandIn::No,
    }
}
