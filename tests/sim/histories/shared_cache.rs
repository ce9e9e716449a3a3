//! The origin's own cache, which hears of no purge: it answers with what was made before.

use std::cell::RefCell;
use std::time::Duration;

use edge_isr::policy::time::Time;

use super::site::Version;

/// For how long the origin's cache keeps what it says the `Age` of.
const LIFE: Duration = Duration::from_secs(20);

/// What stands before the origin of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheBefore {
    Nothing,
    /// As nginx or Varnish.
    SaysAge,
    /// As Next.js: it shows what it has, says that it is stale, and makes it anew for the next.
    SaysStale,
}

/// What it holds of a page.
#[derive(Default)]
pub struct SharedCache {
    held: RefCell<Option<(Version, Time)>>,
}

/// What it answered.
pub struct FromCache {
    pub version: Version,
    pub made: Time,
    pub says: Option<(&'static str, String)>,
}

impl SharedCache {
    /// What is shown to a request that began at `began` and would be shown `current`. Age counts from
    /// the request that brought a version (RFC 9111 §4.2.3).
    pub fn answer(&self, kind: CacheBefore, current: Version, began: Time, now: Time) -> FromCache {
        let mut held = self.held.borrow_mut();
        let is_held = |(version, made): &&(Version, Time)| match kind {
            CacheBefore::Nothing => false,
            CacheBefore::SaysAge => now < *made + LIFE,
            CacheBefore::SaysStale => version.number < current.number,
        };
        match held.clone().as_ref().filter(is_held) {
            None => {
                *held = Some((current.clone(), began));
                FromCache { version: current, made: began, says: None }
            }
            Some((version, made)) if kind == CacheBefore::SaysAge => {
                let age = now.since(*made).as_secs().to_string();
                FromCache { version: version.clone(), made: *made, says: Some(("age", age)) }
            }
            Some((version, made)) => {
                *held = Some((current, began));
                let says = Some(("x-nextjs-cache", "STALE".to_owned()));
                FromCache { version: version.clone(), made: *made, says }
            }
        }
    }
}
