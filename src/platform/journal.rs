//! The journal's object.

use std::future::Future;

use crate::journal::wire::JournalRequest;

/// The reason why the journal's object gave no reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// The object did not reply within the time limit. It may have carried out the request.
    #[error("no reply in time")]
    TimedOut,
    /// The object replied in the format of another version.
    #[error("the object replied in the format of another version")]
    Format,
    /// Any other failure, in the runtime's words.
    #[error("{0}")]
    Other(String),
}

/// The way to the journal's object.
pub trait Journal {
    /// Tells whether a journal is bound. Without one, purges are records in KV.
    fn has_journal(&self) -> bool;
    /// Returns the object's id, under which it publishes the journal in KV.
    fn journal_object_id(&self) -> Option<String>;
    /// Sends a request to the object. Set a time limit: it may never reply.
    fn ask_journal(
        &self,
        request: &JournalRequest,
    ) -> impl Future<Output = Result<Vec<u8>, JournalError>>;
}
