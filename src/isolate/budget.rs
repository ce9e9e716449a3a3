//! How many KV writes visitors' requests may still cause.

use std::cell::Cell;
use std::time::Duration;

use crate::config::VisitorWriteLimits;
use crate::isolate::rest::Rest;
use crate::policy::time::Time;

/// KV writes that need no token to cause, to the tag graph and for invalidation: so many a minute and
/// so many a day (UTC, as KV counts), so that the rest of the day's are left for authenticated purges.
/// None for an hour after KV said that the day's are spent.
#[derive(Default)]
pub struct VisitorWrites {
    minute: Spent,
    day: Spent,
    rest: Rest,
}

impl VisitorWrites {
    const MINUTE: i64 = 60_000;
    const DAY: i64 = 24 * 60 * Self::MINUTE;
    const DAY_IS_SPENT: Duration = Duration::from_secs(60 * 60);

    /// How many writes are left now.
    pub fn left(&self, limits: VisitorWriteLimits, now: Time) -> u32 {
        if self.rest.lasts(now) {
            return 0;
        }
        let minute = limits.per_minute.saturating_sub(self.minute.within(Self::MINUTE, now));
        let day = limits.per_day.saturating_sub(self.day.within(Self::DAY, now));
        minute.min(day)
    }

    /// Counts writes, of which [`Self::left`] has just allowed as many at least.
    pub fn spend(&self, writes: u32) {
        self.minute.add(writes);
        self.day.add(writes);
    }

    pub fn rest(&self, now: Time) {
        self.rest.begin(Self::DAY_IS_SPENT, now);
    }
}

/// What was spent in the period that was looked at last.
#[derive(Default)]
struct Spent {
    period: Cell<i64>,
    writes: Cell<u32>,
}

impl Spent {
    fn within(&self, milliseconds: i64, now: Time) -> u32 {
        let period = now.0.div_euclid(milliseconds);
        if self.period.replace(period) != period {
            self.writes.set(0);
        }
        self.writes.get()
    }

    fn add(&self, writes: u32) {
        self.writes.set(self.writes.get().saturating_add(writes));
    }
}
