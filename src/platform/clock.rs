//! Time and chance.

use std::future::Future;
use std::time::Duration;

use crate::policy::time::Time;

pub trait Clock {
    fn now(&self) -> Time;
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()>;
    /// A number that differs from one call to the next. It need not be secret.
    fn random(&self) -> u64;
}
