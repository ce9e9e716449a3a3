//! What a request may be handed that waited for another request's response, and how long it waits.
//!
//! How the other request ended says what the waiting one does: see [`crate::lease::LeaseEnd`].

use std::time::Duration;

use crate::policy::reuse::Verdict;
use crate::policy::stored::StoredResponse;
use crate::policy::time::Time;

/// Whether a request that waits since `arrived` asks the origin by itself. The holder of a lease may
/// be lost, and so may the next one: no request waits for more than two.
pub fn has_waited_enough(arrived: Time, lease_life: Duration, now: Time) -> bool {
    now >= arrived + lease_life * 2
}

/// The response that a request waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Awaited {
    pub fetched_at: Time,
    /// A purge outdates what is stored now, and was learned after the holder of the lease had asked.
    pub is_outdated: bool,
}

/// What becomes of a response that is found after waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterWaiting {
    /// The request gets it.
    Show { ttl: i64 },
    /// It is not good enough: go on, with it as what is stored.
    GoOn,
}

/// What a request does with `stored`, found after it waited. `awaited`: set where another request told
/// of a response that it had stored.
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

/// A request that waited for another's response may have it although it is not fresh for later
/// requests: a page that is stale at once must not cost the origin one request a visitor. If the
/// origin was asked after this request arrived, it is as good as a response of its own; else a purge
/// that was learned since forbids it. What has to be validated at each use is never handed on
/// (RFC 9111 §5.2.2.4).
fn is_handed_on(stored: &StoredResponse, awaited: Awaited, arrived: Time) -> bool {
    // Not a later one: where clocks differ, later is not newer.
    stored.provenance.fetched_at == awaited.fetched_at
        && !stored.lifetimes.validates_each_use()
        // broken: waiting-gets-what-was-purged
        && (awaited.fetched_at > arrived || !awaited.is_outdated)
}
