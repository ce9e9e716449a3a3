//! Whether a stored response stands in for a failing origin (RFC 5861 §4).

use crate::policy::reuse::Verdict;
use crate::policy::time::Time;

/// Whether a stored response is shown because the origin failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StandIn {
    Shown {
        ttl: i64,
    },
    /// The visitor is told of the failure.
    No,
}

/// What becomes of a stored response of this verdict, judged after the origin failed.
pub fn stand_in(verdict: Verdict, now: Time) -> StandIn {
    match verdict {
        Verdict::Serve { ttl } | Verdict::ServeStale { ttl } => StandIn::Shown { ttl },
        Verdict::Revalidate { ttl, on_error_until: Some(until) } if now < until => {
            StandIn::Shown { ttl }
        }
        Verdict::Revalidate { .. } | Verdict::Discard { .. } => StandIn::No,
    }
}
