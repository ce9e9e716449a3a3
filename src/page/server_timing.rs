//! Where the time of one request went, for those with a token: `Server-Timing` and the cache key.
//!
//! A Worker's clock stands still while it computes, so these are the times of what was waited for.

use std::cell::RefCell;
use std::time::Duration;

use http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::config::Config;
use crate::fields::forwarding::DEBUG;
use crate::fields::request::RequestFields;

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

#[derive(Default)]
pub struct ServerTiming {
    steps: RefCell<Vec<(&'static str, Duration)>>,
}

impl ServerTiming {
    /// For a request that asks with a token that may read, or for every one in development.
    pub fn wanted(config: &Config, request: &dyn RequestFields) -> bool {
        if config.debug {
            return true;
        }
        let tokens = || config.read_tokens.iter().chain(&config.purge_tokens);
        let offered = tokens().next().and_then(|_| request.value(DEBUG));
        offered
            .is_some_and(|offered| tokens().fold(false, |found, token| token.is(&offered) | found))
    }

    pub fn step(&self, name: &'static str, took: Duration) {
        self.steps.borrow_mut().push((name, took));
    }

    /// `Server-Timing` (W3C), in milliseconds.
    pub fn append_to(&self, headers: &mut HeaderMap) {
        let steps = self.steps.borrow();
        let metrics = steps.iter().map(|(name, took)| format!("{name};dur={}", took.as_millis()));
        let value = metrics.collect::<Vec<_>>().join(", ");
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.append(SERVER_TIMING, value);
        }
    }
}
