//! The effect of an origin's failure: the requests that it concerns, and the time of the next
//! background request.

use crate::fields::cache_status::Detail;
use crate::policy::time::Time;
use crate::policy::timing::{BACK_OFF_FIRST, BACK_OFF_MOST, PASS_FOR};

/// Failures of the origin in a row for a slot. A response that the origin made before a purge
/// counts as a failure, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The time of the last failure.
    pub at: Time,
    /// The number of failures in a row.
    pub times: u32,
    /// The kind of the last failure.
    pub cause: Cause,
}

/// The kind of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The origin gave no response, or an error.
    Failed,
    /// The origin's own cache does not know of the purge, or has not caught up.
    Behind,
}

impl Cause {
    /// Returns the detail for `Cache-Status`.
    pub fn detail(self) -> Detail {
        match self {
            Cause::Failed => Detail::OriginFailed,
            Cause::Behind => Detail::OriginBehind,
        }
    }
}

impl Failure {
    /// Returns the failure at `now` that follows the slot's failures `before`.
    pub fn after(before: Option<Failure>, cause: Cause, now: Time) -> Failure {
        let times = before.map_or(0, |failure| failure.times).saturating_add(1);
        Failure { at: now, times, cause }
    }

    /// Tells whether it is too soon for another background request: 1, 2, 4, … 60 seconds.
    pub fn backs_off(&self, now: Time) -> bool {
        let doubled = BACK_OFF_FIRST * (1 << self.times.saturating_sub(1).min(6));
        now < self.at + doubled.min(BACK_OFF_MOST)
    }
}

/// Tells whether the failure before this one was less than [`PASS_FOR`] ago. Two such failures,
/// while visitors' own requests succeed, show that the origin does not serve plain requests.
///
/// `fetched_at` is that of the stored response: a failure before it is over.
pub fn failed_lately(before: Option<Failure>, fetched_at: Option<Time>, now: Time) -> bool {
    before.is_some_and(|failure| {
        let is_over = fetched_at.is_some_and(|fetched_at| fetched_at > failure.at);
        failure.cause == Cause::Failed && now < failure.at + PASS_FOR && !is_over
    })
}

/// The requests that a failure of the origin concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureOf {
    /// Waiting requests share the failure.
    Page,
    /// Waiting requests may send other fields than this one did: they look again.
    Variant,
    /// Credentials of a visitor may be the cause: each request goes to the origin itself, and
    /// nothing backs off.
    Visitor,
}

/// Decides which requests a failure concerns. `carries_credentials` is set if the failed request
/// carried those of a visitor. `is_known` is set if a stored response names the fields that select.
/// `carries_what_selects` is set if the request carried a field that others need not send.
pub fn failure_of(
    carries_credentials: bool,
    is_known: bool,
    carries_what_selects: bool,
) -> FailureOf {
    if carries_credentials {
        FailureOf::Visitor
    } else if is_known || !carries_what_selects {
        FailureOf::Page
    } else {
        FailureOf::Variant
    }
}
