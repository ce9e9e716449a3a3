//! The graph of tags and pages in KV, kept by difference. It serves lists; no purge depends on it.
//!
//! `u/<page>` names every tag whose relation `t/<tag>/<page>` may be there: it is written before a
//! relation is added and after one is removed. So what a failure or the budget cut short is seen at
//! the next store of the page, by whichever isolate, as a difference, and continued.
//!
//! Data centres write without knowing of each other, and KV shows each what the others wrote only
//! after a while: one that stores an older version a moment later can take back what another has
//! written. So no data centre takes its own writes for granted. What a data centre has stored counts as
//! graphed only once it has found `u/` and every relation right at two stores, `SETTLES` apart; from
//! then on, for a day, stores with unchanged tags read nothing and write nothing. A page that turns
//! private before has every relation removed that it may have, whether or not KV shows it: no later
//! store would find it.
//!
//! What is left: a relation that one data centre wrote, whose `u/` another then overwrote, and whose
//! stored response was evicted or turned private. It ends by itself.

pub mod plan;
pub mod write;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::platform::{KvError, Platform, kv};
use crate::policy::key::CacheKey;
use crate::policy::tag::Tag;
use crate::policy::time::Time;

/// A relation ends by itself unless it is written again, at the latest at half its life.
const RELATION_LIFE: Duration = Duration::from_secs(90 * 24 * 60 * 60);

const KEYS_PER_READ: usize = 100;

/// The value of `u/<page>`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PageEntry {
    pub url: String,
    pub tags: Vec<Tag>,
    pub at: Time,
}

/// The metadata of `t/<tag>/<page>`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Relation {
    pub url: String,
}

pub fn page_key(page: &str) -> String {
    format!("u/{page}")
}

/// What all relations of a tag begin with.
pub fn tag_prefix(tag: &Tag) -> String {
    format!("t/{}/", tag.key_segment())
}

fn relation_key(tag: &Tag, page: &str) -> String {
    tag_prefix(tag) + page
}

pub async fn read_page<P: Platform>(
    platform: &P,
    key: &CacheKey,
) -> Result<Option<PageEntry>, KvError> {
    let values = kv::read(platform, &[page_key(&key.page())]).await?;
    Ok(values.into_iter().flatten().next().and_then(|value| serde_json::from_str(&value).ok()))
}
