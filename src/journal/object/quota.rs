//! Pure. The limits of the account's plan, as far as they concern the journal.
//!
//! The Free plan allows Durable Objects a number of requests a day. From [`READS_SHARE`] of them on,
//! data centres read the published journal in KV instead, so that purges are left. The count is written once in a while. An object that starts counts from there.

use std::time::Duration;

use crate::policy::time::Time;

/// Requests a day on the Free plan (Cloudflare's documentation of Durable Objects, "Pricing").
const REQUESTS_A_DAY: u64 = 100_000;
/// The requests of a day after which none are left for readers: 60 %.
const READS_SHARE: u64 = REQUESTS_A_DAY / 10 * 6;
/// The requests between two writes of the count.
const WRITTEN_EVERY: u64 = 50;
const DAY: i64 = 24 * 60 * 60 * 1000;

/// The plan of the Cloudflare account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccountPlan {
    /// The Free plan: 100,000 requests to Durable Objects, and 1,000 writes to KV, a day.
    #[default]
    Free,
    /// A paid plan.
    Paid,
}

impl AccountPlan {
    /// The least time between two publications of the journal in KV. On the Free plan that makes 288
    /// writes a day at most, so that 700 are left for the tag graph.
    pub fn publishes_every(self) -> Duration {
        Duration::from_secs(match self {
            AccountPlan::Free => 300,
            AccountPlan::Paid => 1,
        })
    }
}

/// The requests of a day, but for those about receipts. A start forgets up to [`WRITTEN_EVERY`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DayCount {
    day: i64,
    requests: u64,
}

impl DayCount {
    /// Reads a written count. A damaged one counts nothing.
    pub fn read(text: &str) -> DayCount {
        let mut words = text.split(' ').map(str::parse);
        match (words.next(), words.next()) {
            (Some(Ok(day)), Some(Ok(requests))) => DayCount { day, requests: requests as u64 },
            _ => DayCount::default(),
        }
    }

    /// Counts a request. Returns the count if it is to be written.
    pub fn add(&mut self, now: Time) -> Option<String> {
        let day = now.0.div_euclid(DAY);
        if day != self.day {
            *self = DayCount { day, requests: 0 };
        }
        self.requests += 1;
        let is_due = self.requests.is_multiple_of(WRITTEN_EVERY);
        is_due.then(|| format!("{} {}", self.day, self.requests))
    }

    /// Returns the end of the day (UTC) if the share of readers is spent.
    pub fn reads_again_at(&self) -> Option<Time> {
        let end = Time(self.day * DAY) + Duration::from_millis(DAY as u64);
        (self.requests > READS_SHARE).then_some(end)
    }
}
