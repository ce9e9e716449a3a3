//! Requests that wait for another request's response: the response they get, and the time limit.
//!
//! The end of the other request tells the waiting one what to do: see [`crate::lease::LeaseEnd`].

use std::time::Duration;

use crate::policy::reuse::Verdict;
use crate::policy::stored::StoredResponse;
use crate::policy::time::Time;

/// Tells whether a request that has waited since `arrived` goes to the origin itself. The holder of
/// a lease may be lost, and so may the next one. A request looks at the time between two waits.
pub fn has_waited_enough(arrived: Time, lease_life: Duration, now: Time) -> bool {
    now >= arrived + lease_life * 2
}

/// The response that a request waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Awaited {
    /// The time of the response that the other request stored.
    pub fetched_at: Time,
    /// Set if a purge outdates the stored response, and was learned after the lease's holder sent
    /// its request.
    pub is_outdated: bool,
}

/// The decision about a response that is found after waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterWaiting {
    /// The request gets the response.
    Show {
        /// The remaining lifetime in seconds; negative if the response is stale.
        ttl: i64,
    },
    /// The response is not good enough: go on, with it as the stored one.
    GoOn,
}

/// Decides about `stored`, found after a request waited. `awaited` is set if another request
/// reported a response that it had stored.
pub fn after_waiting(
    stored: &StoredResponse,
    verdict: Verdict,
    awaited: Option<Awaited>,
    arrived: Time,
    now: Time,
) -> AfterWaiting {
    match verdict {
        Verdict::Serve { ttl } | Verdict::ServeStale { ttl } => AfterWaiting::Show { ttl },
        _ if awaited.is_some_and(|awaited| is_handed_on(stored, awaited, arrived)) => {
            AfterWaiting::Show { ttl: now.seconds_until(stored.expires_at()) }
        }
        Verdict::Revalidate { .. } | Verdict::Discard { .. } => AfterWaiting::GoOn,
    }
}

/// Tells whether a waiting request may get a response that is not fresh for later requests. A page
/// that is stale at once must not cost the origin one request a visitor. If the origin request
/// began after this request arrived, the response is as good as one of its own. Otherwise a purge
/// that was learned since forbids it. A response that has to be validated at each use is never
/// handed on (RFC 9111 §5.2.2.4).
fn is_handed_on(stored: &StoredResponse, awaited: Awaited, arrived: Time) -> bool {
    // A later response does not count: where clocks differ, later is not newer.
    stored.provenance.fetched_at == awaited.fetched_at
        && !stored.lifetimes.validates_each_use()
        // broken: waiting-gets-what-was-purged
        && (awaited.fetched_at > arrived || !awaited.is_outdated)
}
