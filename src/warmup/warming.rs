//! What became of a page that is being warmed, as the flows note it on their way.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use http::StatusCode;
use http::header::{HeaderMap, RETRY_AFTER};

use crate::fields::cache_control::delta_seconds;
use crate::platform::{OriginError, Response};
use crate::warmup::ask::{End, Reply};

/// The seconds of a pause where the origin names none.
const PAUSE: u64 = 10;
/// The longest pause in seconds.
const PAUSE_MOST: u64 = 600;

const NOT_STORED: &str = "nothing was stored; the log of the Worker may say why";
const STILL_PURGED: &str = "it was purged again meanwhile, or the origin has a cache of its own and sent a page from before";

/// The record of one warmup.
#[derive(Debug, Default)]
pub struct Warming {
    end: Cell<Option<End>>,
    reason: RefCell<String>,
    pause: Cell<u64>,
    took: Cell<u64>,
    /// Whether the last response was a 304.
    is_unchanged: Cell<bool>,
}

impl Warming {
    /// Notes what came of a request to the origin, and how long it took.
    pub fn note<B>(&self, answer: &Result<Response<B>, OriginError>, took: Duration) {
        self.took.set((took.as_millis() as u64).max(1));
        let status = answer.as_ref().map_or(StatusCode::BAD_GATEWAY, |response| response.status);
        self.is_unchanged.set(status == StatusCode::NOT_MODIFIED);
        match answer {
            Ok(response) => {
                if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE)
                {
                    self.pause.set(pause(&response.headers));
                }
                self.because(format!("the origin answered {}", status.as_u16()));
            }
            Err(error) => self.because(error.to_string()),
        }
    }

    /// Notes that the response is stored.
    pub fn stored(&self) {
        self.end.set(Some(if self.is_unchanged.get() { End::Unchanged } else { End::Stored }));
    }

    /// Notes that the page may not be shared.
    pub fn uncacheable(&self, reason: &str) {
        self.end.set(Some(End::Uncacheable));
        self.because(reason.to_owned());
    }

    /// The end that was noted. `None`: the page was neither stored nor refused.
    pub fn end(&self) -> Option<End> {
        self.end.get()
    }

    /// Makes the reply of a warmup that ended so.
    pub fn reply(&self, end: End) -> Reply {
        let reason = match end {
            End::Uncacheable | End::Failed if !self.reason.borrow().is_empty() => {
                self.reason.borrow().clone()
            }
            End::Uncacheable | End::Failed => NOT_STORED.to_owned(),
            End::Purged => STILL_PURGED.to_owned(),
            _ => String::new(),
        };
        let (pause, took) = (self.pause.get(), self.took.get());
        Reply { end, reason, pause, took, ..Reply::default() }
    }

    fn because(&self, reason: String) {
        *self.reason.borrow_mut() = reason;
    }
}

/// Reads the seconds of `Retry-After` (RFC 9110 §10.2.3). A date counts as absent: the clocks may
/// differ.
pub fn pause(headers: &HeaderMap) -> u64 {
    let value = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let seconds = value.and_then(|value| delta_seconds(value.trim()));
    seconds.map_or(PAUSE, |seconds| seconds.as_secs()).clamp(1, PAUSE_MOST)
}
