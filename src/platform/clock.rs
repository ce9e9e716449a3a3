//! Time and random numbers.

use std::future::Future;
use std::time::Duration;

use crate::policy::time::Time;

/// Time and random numbers.
pub trait Clock {
    /// Returns the current time. It may stand still between I/O.
    fn now(&self) -> Time;
    /// Waits for `duration`.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()>;
    /// Returns a number that differs from call to call. Do not use it as a secret.
    fn random(&self) -> u64;
}
