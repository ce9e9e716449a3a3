//! This data centre's cache.

use std::future::Future;
use std::time::Duration;

use futures::FutureExt;

use crate::platform::Bodies;
use crate::policy::key::Slot;

/// The contents of a slot: one line of metadata and a body.
#[derive(Debug)]
pub struct Document<B> {
    /// The metadata.
    pub metadata: String,
    /// The body.
    pub body: B,
}

/// The reason why the cache did not take a document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CacheError(pub String);

/// The cache of one data centre.
pub trait Cache: Bodies {
    /// Reads a slot. `None`: the slot is empty, or cannot be read.
    fn cache_match(&self, slot: &Slot) -> impl Future<Output = Option<Document<Self::Body>>>;
    /// Reads the bytes `first` to `last` of a slot's body.
    fn cache_match_part(
        &self,
        slot: &Slot,
        first: u64,
        last: u64,
    ) -> impl Future<Output = Option<Self::Body>>;
    /// Reads the body of a slot into memory. Only for what the edge wrote there itself.
    fn cache_bytes(&self, slot: &Slot) -> impl Future<Output = Option<Vec<u8>>>;
    /// Writes a slot. Success does not prove that the cache keeps it: look it up to be sure.
    fn cache_put(
        &self,
        slot: &Slot,
        document: Document<Self::Body>,
        life: Duration,
    ) -> impl Future<Output = Result<(), CacheError>>;
    /// Empties a slot.
    fn cache_delete(&self, slot: &Slot) -> impl Future<Output = ()>;

    /// Reads a note: the text of a slot without a body.
    fn cache_note(&self, slot: &Slot) -> impl Future<Output = Option<String>> {
        self.cache_match(slot).map(|found| found.map(|document| document.metadata))
    }
    /// Writes a note. As with [`Cache::cache_put`], the cache may keep nothing.
    fn cache_write_note(
        &self,
        slot: &Slot,
        text: String,
        life: Duration,
    ) -> impl Future<Output = Result<(), CacheError>> {
        self.cache_put(slot, Document { metadata: text, body: self.empty_body() }, life)
    }
}
