//! Pure. When the next request may go to the origin.
//!
//! Requests are spaced evenly, so that a second holds at most one more than the rate. An origin that
//! gets slower gets fewer: at four times its usual time half as many, and a tenth at least.
//!
//! The usual time follows the origin slowly, up and down: pages of one site take different times, and
//! a few fast ones must not make all others count as slow.

use crate::policy::time::Time;

/// The share of the newest request in the time that requests take lately: one in this many.
const LATELY_SHARE: f64 = 16.0;
/// The usual time moves by at most one part in this many with each request: a site may change.
const USUAL_SHARE: f64 = 256.0;
/// The usual time begins as the mean of this many requests.
const KNOWN_AFTER: u32 = 8;
/// A request that takes longer, in milliseconds, counts as if it took so long.
const TOOK_MOST: f64 = 60_000.0;
/// The rate is slowed down to a tenth at most.
const SLOWEST: f64 = 10.0;
/// Requests that take so many times as long as usual slow the rate down.
const SLOW_FROM: f64 = 2.0;

/// The pace of all requests to the origin.
#[derive(Clone, Debug)]
pub struct Pace {
    per_second: u32,
    /// The time of the next request, in microseconds.
    next: i64,
    paused_until: Option<Time>,
    /// The milliseconds that a request takes lately, and usually.
    lately: f64,
    usual: f64,
    seen: u32,
}

impl Pace {
    /// Begins. No request goes out before `from`: others may have gone just before.
    pub fn new(per_second: u32, from: Time) -> Pace {
        let next = from.0.saturating_mul(1000);
        Pace { per_second, next, paused_until: None, lately: 0.0, usual: 0.0, seen: 0 }
    }

    /// Takes a new setting.
    pub fn set_rate(&mut self, per_second: u32) {
        self.per_second = per_second;
    }

    /// The time at which the next request may go out. Call [`Pace::take`] to reserve it.
    pub fn next(&self, now: Time) -> Time {
        let next = Time(self.next.max(now.0.saturating_mul(1000)).div_euclid(1000));
        self.paused_until.map_or(next, |until| next.max(until))
    }

    /// Reserves the next request, and returns its time.
    pub fn take(&mut self, now: Time) -> Time {
        let at = self.next(now);
        // broken: warms-at-any-rate
        self.next = self.next.max(at.0.saturating_mul(1000)) + self.interval();
        at
    }

    /// Notes how long the origin took, in milliseconds.
    pub fn took(&mut self, took: u64) {
        let took = (took as f64).clamp(1.0, TOOK_MOST);
        self.seen = self.seen.saturating_add(1);
        if self.seen <= KNOWN_AFTER {
            self.lately += (took - self.lately) / f64::from(self.seen);
            self.usual = self.lately;
            return;
        }
        self.lately += (took - self.lately) / LATELY_SHARE;
        let step = self.usual / USUAL_SHARE;
        // Not `clamp`, whose panic takes 10 kB: it prints numbers.
        self.usual = self.lately.max(self.usual - step).min(self.usual + step);
    }

    /// Lets no request go out before `until`.
    pub fn pause(&mut self, until: Time) {
        self.paused_until = Some(self.paused_until.map_or(until, |other| other.max(until)));
    }

    /// The end of the pause, if there is one now.
    pub fn paused_until(&self, now: Time) -> Option<Time> {
        self.paused_until.filter(|until| now < *until)
    }

    /// The requests in a second, as the origin allows it now: one at least.
    pub fn rate(&self) -> u32 {
        ((1_000_000 / self.interval().max(1)) as u32).max(1)
    }

    /// The microseconds between two requests.
    fn interval(&self) -> i64 {
        let slower = if self.seen == 0 { 1.0 } else { self.lately / self.usual / SLOW_FROM };
        (1_000_000.0 / f64::from(self.per_second.max(1)) * slower.clamp(1.0, SLOWEST)) as i64
    }
}
