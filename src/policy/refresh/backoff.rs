//! What a failure of the origin means for the next requests: which of them it concerns, and when the
//! origin is asked again in the background.

use std::time::Duration;

use crate::fields::cache_status::Detail;
use crate::policy::time::Time;

/// That the origin failed for a slot, or answered with what it had made before a purge, so many
/// times in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    pub at: Time,
    pub times: u32,
    pub cause: Cause,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    Failed,
    /// The origin's own cache has not heard of the purge, or has not caught up.
    Behind,
}

impl Cause {
    pub fn detail(self) -> Detail {
        match self {
            Cause::Failed => Detail::OriginFailed,
            Cause::Behind => Detail::OriginBehind,
        }
    }
}

impl Failure {
    /// A failure at `now`, after those of a slot `before`.
    pub fn after(before: Option<Failure>, cause: Cause, now: Time) -> Failure {
        let times = before.map_or(0, |failure| failure.times).saturating_add(1);
        Failure { at: now, times, cause }
    }

    /// Whether it is too soon for another background request: 1, 2, 4, … 60 seconds.
    pub fn backs_off(&self, now: Time) -> bool {
        let seconds = 1u64 << self.times.saturating_sub(1).min(6);
        now < self.at + Duration::from_secs(seconds.min(60))
    }
}

/// Which requests a failure of the origin concerns, and so what the waiting ones are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureOf {
    /// Requests that wait share it.
    Page,
    /// Requests that wait may send other fields than this one did: they look again.
    Variant,
    /// The credentials of one visitor may be its cause: each request asks for itself, and nothing
    /// backs off.
    Visitor,
}

/// Which requests a failure concerns. `carries_credentials`: the failed request carried those of a
/// visitor. `is_known`: the fields that select are known from what is stored. `carries_what_selects`:
/// it carried a field that others need not send.
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
