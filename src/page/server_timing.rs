//! `Server-Timing` and the cache key, for requests with a token that may read.
//!
//! A Worker's clock stands still while it computes, so these are the times of each wait.

use std::cell::RefCell;
use std::time::Duration;

use http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::config::Config;
use crate::fields::forwarding::DEBUG;
use crate::fields::request::RequestFields;

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// The steps of one request, each with its duration.
#[derive(Default)]
pub struct ServerTiming {
    steps: RefCell<Vec<(&'static str, Duration)>>,
}

impl ServerTiming {
    /// Tells whether to time a request: it carries a token that may read, or `DEBUG` is
    /// on.
    ///
    /// The field is read only if a token is set: every read costs a call into JavaScript.
    pub fn wanted(config: &Config, request: &dyn RequestFields) -> bool {
        if config.debug {
            return true;
        }
        let tokens = || config.read_tokens.iter().chain(&config.purge_tokens);
        let offered = tokens().next().and_then(|_| request.value(DEBUG));
        // Every token is compared, so that the time taken does not tell which of them matches.
        offered
            .is_some_and(|offered| tokens().fold(false, |found, token| token.is(&offered) | found))
    }

    /// Records a step that is over.
    pub fn step(&self, name: &'static str, took: Duration) {
        self.steps.borrow_mut().push((name, took));
    }

    /// Adds `Server-Timing` (W3C) to a response, in milliseconds.
    pub fn append_to(&self, headers: &mut HeaderMap) {
        let steps = self.steps.borrow();
        let metrics = steps.iter().map(|(name, took)| format!("{name};dur={}", took.as_millis()));
        let value = metrics.collect::<Vec<_>>().join(", ");
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.append(SERVER_TIMING, value);
        }
    }
}
