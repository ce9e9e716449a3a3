//! The durable tier: pages that all data centres share.

use std::future::Future;
use std::time::Duration;

use crate::durable::key::TierKey;
use crate::platform::kv::KvPage;
use crate::platform::kv_error::KvError;
use crate::platform::{Bodies, Document};

/// The tier as a runtime provides it. Operations have no time limit here. A read may show a write late,
/// as KV does.
pub trait DurableTier: Bodies {
    /// Tells whether the tier is bound.
    fn has_tier(&self) -> bool;
    /// Reads an entry.
    fn tier_read(
        &self,
        key: &TierKey,
    ) -> impl Future<Output = Result<Option<Document<Self::Body>>, KvError>>;
    /// Reads the head of an entry, and not the entry.
    fn tier_head(&self, key: &TierKey) -> impl Future<Output = Result<Option<String>, KvError>>;
    /// Writes an entry. `head` is JSON of at most 1,024 bytes; the body is held in memory.
    fn tier_write(
        &self,
        key: &TierKey,
        head: String,
        document: Document<Self::Body>,
        life: Duration,
    ) -> impl Future<Output = Result<(), KvError>>;
    /// Deletes an entry.
    fn tier_delete(&self, key: &TierKey) -> impl Future<Output = Result<(), KvError>>;
    /// Lists a part of the entries whose keys begin with `prefix`, each with its head. Pass the cursor
    /// of a part to read the next.
    fn tier_list(
        &self,
        prefix: &str,
        cursor: Option<&str>,
    ) -> impl Future<Output = Result<KvPage, KvError>>;
}
