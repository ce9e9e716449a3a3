//! This data centre's cache.

use std::future::Future;
use std::time::Duration;

use futures::FutureExt;

use crate::platform::Bodies;
use crate::policy::key::Slot;

/// What a slot holds: one line of metadata and a body.
#[derive(Debug)]
pub struct Document<B> {
    pub head: String,
    pub body: B,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CacheError(pub String);

pub trait Cache: Bodies {
    /// What a slot holds. What cannot be read is absent.
    fn cache_match(&self, slot: &Slot) -> impl Future<Output = Option<Document<Self::Body>>>;
    /// The bytes `first` to `last` of a slot's body.
    fn cache_match_part(
        &self,
        slot: &Slot,
        first: u64,
        last: u64,
    ) -> impl Future<Output = Option<Self::Body>>;
    /// That it resolves proves nothing: the cache may keep nothing.
    fn cache_put(
        &self,
        slot: &Slot,
        document: Document<Self::Body>,
        life: Duration,
    ) -> impl Future<Output = Result<(), CacheError>>;
    fn cache_delete(&self, slot: &Slot) -> impl Future<Output = ()>;

    /// The text of a note: of a slot that holds no body.
    fn cache_note(&self, slot: &Slot) -> impl Future<Output = Option<String>> {
        self.cache_match(slot).map(|found| found.map(|document| document.head))
    }
    /// Writes a note. As with [`Cache::cache_put`], the cache may keep nothing.
    fn cache_write_note(
        &self,
        slot: &Slot,
        text: String,
        life: Duration,
    ) -> impl Future<Output = Result<(), CacheError>> {
        self.cache_put(slot, Document { head: text, body: self.empty_body() }, life)
    }
}
