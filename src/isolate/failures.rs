//! When the origin is asked again in the background after it failed.

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
    /// 1, 2, 4, … 60 seconds without another background request.
    pub fn backs_off(&self, now: Time) -> bool {
        let seconds = 1u64 << self.times.saturating_sub(1).min(6);
        now < self.at + Duration::from_secs(seconds.min(60))
    }
}
