//! The runtime's clock, which stands still between I/O.

use std::time::Duration;

use js_sys::Date;
use worker::Delay;

use super::runtime::Runtime;
use crate::platform::Clock;
use crate::policy::time::Time;

impl Clock for Runtime {
    fn now(&self) -> Time {
        Time(Date::now() as i64)
    }

    async fn sleep(&self, duration: Duration) {
        Delay::from(duration).await;
    }

    fn random(&self) -> u64 {
        // Numbers must differ but need not be secret: Math.random is enough if the system's source
        // fails.
        getrandom::u64().unwrap_or_else(|_| js_sys::Math::random().to_bits())
    }
}
