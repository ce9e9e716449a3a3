//! Pure. Why an operation of KV failed: its kind is what the flows decide by.

/// The limits that KV's errors name, and its other failures.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KvError {
    /// Another invocation of the Worker may make more.
    #[error("this invocation of the Worker may make no more operations")]
    TooManyOperations,
    /// Of the free plan: none succeeds before the day (UTC) is over.
    #[error("the limit of operations a day is exceeded")]
    DayQuota,
    /// A later write of the same key succeeds.
    #[error("KV takes one write a second for each key (429)")]
    TooSoon,
    /// A write that took too long may land all the same.
    #[error("KV did not answer in time")]
    TimedOut,
    /// It was not asked.
    #[error("KV failed a moment ago")]
    Resting,
    #[error("{0}")]
    Other(String),
}

impl KvError {
    /// What the runtime says, by its kind. The texts are Cloudflare's own: workerd builds "KV PUT
    /// failed: 429 Too Many Requests" from KV's status, and the limits come from its production runtime.
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
