//! The graph of tags and pages in KV, kept by difference. It serves lists; no purge depends on it.
//!
//! `u/<page>` names every tag whose relation `t/<tag>/<page>` may exist: it is written before a
//! relation is added and after a relation is removed. A failure or the budget may cut a change
//! short. The next store of the page, in any isolate, then finds a difference and continues.
//!
//! Data centres write independently, and KV shows each of them the others' writes only after a
//! while. A data centre that stores an older version a moment later can undo another's writes. So
//! no data centre trusts its own writes. It must find `u/` and every relation right at two stores,
//! `GRAPH_SETTLES` apart. For a day after that, stores with unchanged tags read nothing and write
//! nothing.
//!
//! One kind of wrong relation can remain. A data centre wrote it, another then overwrote its `u/`,
//! and its stored response was evicted or turned private. The relation expires at the end of its
//! life.

pub mod diff;
pub mod pages;
pub mod plan;
pub mod write;

use serde::Serialize;

use crate::json::{self, from_object};
use crate::platform::kv_error::KvError;
use crate::platform::kv_key::KvKey;
use crate::platform::{Platform, kv};
use crate::policy::key::CacheKey;
use crate::policy::tag::Tag;
use crate::policy::time::Time;

/// The value of `u/<page>`.
#[derive(Clone, Debug, Serialize)]
pub struct PageEntry {
    /// The URL of the page.
    pub url: String,
    /// The parts of a visitor's request in the key of the page, as lists show them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub key: Vec<String>,
    /// The tags whose relations to the page may exist.
    pub tags: Vec<Tag>,
    /// The time at which the entry was written.
    pub at: Time,
}

from_object!(PageEntry, [url, tags, at], or_default: [key]);

/// The metadata of `t/<tag>/<page>`.
#[derive(Debug, Serialize)]
pub struct Relation {
    /// The URL of the page.
    pub url: String,
}

from_object!(Relation, [url], or_default: []);

/// Reads the entry `u/<page>`. `None`: there is no entry, or it cannot be parsed.
pub async fn read_page<P: Platform>(
    platform: &P,
    key: &CacheKey,
) -> Result<Option<PageEntry>, KvError> {
    let value = kv::read_one(platform, &KvKey::page(&key.page())).await?;
    Ok(value.and_then(|value| json::read(&value)))
}
