//! Pure. Why an operation of KV failed: its kind is what the flows decide by.

use std::time::Duration;

use crate::isolate::rest::Rest;

/// The limits that KV's errors name, and its other failures.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KvError {
    /// This invocation may make no more operations. Another invocation of the Worker may.
    #[error("this invocation of the Worker may make no more operations")]
    TooManyOperations,
    /// The free plan's limit a day: no operation succeeds before the day (UTC) is over.
    #[error("the limit of operations a day is exceeded")]
    DayQuota,
    /// A later write of the same key succeeds.
    #[error("KV takes one write a second for each key (429)")]
    TooSoon,
    /// The operation took too long. KV may still carry out a write.
    #[error("KV did not answer in time")]
    TimedOut,
    /// KV was not called, because it failed a moment ago.
    #[error("KV failed a moment ago")]
    Resting,
    /// Any other failure, in the runtime's words.
    #[error("{0}")]
    Other(String),
}

impl KvError {
    /// Returns how long KV is not read after this error. `None`: the error says nothing of KV.
    pub fn rest_after(&self) -> Option<Duration> {
        match self {
            KvError::TooManyOperations | KvError::Resting => None,
            KvError::TimedOut => Some(Rest::LONG),
            KvError::DayQuota | KvError::TooSoon | KvError::Other(_) => Some(Rest::SHORT),
        }
    }

    /// Reads the kind of an error from the runtime's text. The texts are Cloudflare's own. workerd
    /// builds "KV PUT failed: 429 Too Many Requests" from KV's status. The limits' texts come from
    /// the production runtime.
    pub fn classified(text: &str) -> KvError {
        let lower_case = text.to_ascii_lowercase();
        let says = |words: &str| lower_case.contains(words);
        if says("too many api requests") || says("too many subrequests") {
            KvError::TooManyOperations
        } else if says("limit exceeded for the day") {
            KvError::DayQuota
        } else if says("failed: 429") {
            KvError::TooSoon
        } else {
            KvError::Other(text.to_owned())
        }
    }
}
