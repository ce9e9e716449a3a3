//! The budget of KV writes that visitors' requests may cause.

use std::cell::Cell;

use crate::config::VisitorWriteLimits;
use crate::isolate::rest::Rest;
use crate::policy::time::Time;
use crate::policy::timing::REST_AFTER_THE_DAY_QUOTA;

/// KV writes that a request without a token may cause: to the tag graph and for invalidation. The durable
/// tier has two budgets of its own, for writes and for deletions. There is a limit a minute and a limit a
/// day (UTC, as KV counts), so that writes remain for authenticated purges. No write is left for an hour after KV said that the day's limit is spent.
#[derive(Default)]
pub struct VisitorWrites {
    minute: Spent,
    day: Spent,
    rest: Rest,
}

impl VisitorWrites {
    const MINUTE: i64 = 60_000;
    const DAY: i64 = 24 * 60 * Self::MINUTE;

    /// Returns how many writes are left now.
    pub fn left(&self, limits: VisitorWriteLimits, now: Time) -> u32 {
        if self.rest.lasts(now) {
            return 0;
        }
        let minute = limits.per_minute.saturating_sub(self.minute.within(Self::MINUTE, now));
        let day = limits.per_day.saturating_sub(self.day.within(Self::DAY, now));
        minute.min(day)
    }

    /// Counts `writes` as spent. Call it after [`Self::left`] has returned at least as many.
    pub fn spend(&self, writes: u32) {
        self.minute.add(writes);
        self.day.add(writes);
    }

    /// Allows no write for an hour. Call it when KV says that the day's limit is spent.
    pub fn rest(&self, now: Time) {
        self.rest.begin(REST_AFTER_THE_DAY_QUOTA, now);
    }
}

/// The writes spent in one period: a minute or a day.
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
