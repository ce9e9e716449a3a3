//! The graph of tags and pages in KV, kept by difference. It serves lists; no purge depends on it.
//!
//! `u/<page>` holds the tags whose relations `t/<tag>/<page>` have been written, and is written
//! after them. So what a failure or the budget cut short is seen at the next store of the page,
//! by whichever isolate, as a difference, and continued.

use std::time::Duration;

use futures::stream::{self, StreamExt};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::kv;
use crate::platform::{KvEntry, KvError, Platform};
use crate::policy::key::CacheKey;
use crate::policy::stored::StoredResponse;
use crate::policy::tag::Tag;
use crate::policy::time::Time;

/// A relation ends by itself unless it is written again, at the latest at half its life.
const RELATION_LIFE: Duration = Duration::from_secs(90 * 24 * 60 * 60);
const METADATA_MOST: usize = 1024;
const WRITES_AT_ONCE: usize = 4;

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

/// What the graph needs after a store.
pub enum Plan {
    /// Nothing; with the time at which the graph was last seen to be right, if it was.
    Nothing(Option<Time>),
    Change(Change),
}

pub struct Change {
    add: Vec<Tag>,
    remove: Vec<Tag>,
    keep: Vec<Tag>,
}

impl Plan {
    pub fn graphed_at(&self) -> Option<Time> {
        match self {
            Plan::Nothing(graphed_at) => *graphed_at,
            Plan::Change(_) => None,
        }
    }
}

/// Compares the tags of `stored` with what the graph holds: with those of `prior` where they are
/// known to be in it, else by one read.
pub async fn plan<P: Platform>(
    platform: &P,
    key: &CacheKey,
    prior: Option<&StoredResponse>,
    stored: &StoredResponse,
) -> Plan {
    // A made-up query must not cost a write: such a URL waits for its second store.
    if prior.is_none() && key.query().is_some() {
        return Plan::Nothing(None);
    }
    plan_for(platform, key, prior, tags_in_graph(stored)).await
}

/// A page that is gone is on no list.
fn tags_in_graph(stored: &StoredResponse) -> &[Tag] {
    match stored.status {
        StatusCode::NOT_FOUND | StatusCode::GONE => &[],
        _ => &stored.tags,
    }
}

async fn plan_for<P: Platform>(
    platform: &P,
    key: &CacheKey,
    prior: Option<&StoredResponse>,
    tags: &[Tag],
) -> Plan {
    let now = platform.now();
    let remembered = prior.and_then(|prior| Some((prior.graphed_at?, tags_in_graph(prior))));
    if let Some((at, before)) = remembered {
        return difference(before, at, tags, now);
    }
    let left = platform.isolate().graph.left(platform.config().graph_writes_per_minute, now);
    if left == 0 {
        return Plan::Nothing(None);
    }
    match read_page(platform, key).await {
        Ok(Some(entry)) => difference(&entry.tags, entry.at, tags, now),
        Ok(None) => difference(&[], now, tags, now),
        Err(error) => {
            fault(platform, &error);
            Plan::Nothing(None)
        }
    }
}

pub async fn read_page<P: Platform>(
    platform: &P,
    key: &CacheKey,
) -> Result<Option<PageEntry>, KvError> {
    let values = kv::read(platform, &[page_key(&key.page())]).await?;
    Ok(values.into_iter().flatten().next().and_then(|value| serde_json::from_str(&value).ok()))
}

fn difference(before: &[Tag], at: Time, tags: &[Tag], now: Time) -> Plan {
    let is_old = !tags.is_empty() && now.since(at) >= RELATION_LIFE / 2;
    let not_in = |tags: &[Tag], others: &[Tag]| -> Vec<Tag> {
        tags.iter().filter(|tag| !others.contains(tag)).cloned().collect()
    };
    let remove = not_in(before, tags);
    let add = if is_old { tags.to_vec() } else { not_in(tags, before) };
    if add.is_empty() && remove.is_empty() {
        return Plan::Nothing(Some(at));
    }
    let keep = before.iter().filter(|tag| tags.contains(tag) && !add.contains(tag));
    Plan::Change(Change { keep: keep.cloned().collect(), add, remove })
}

/// A page whose stored response went without another leaves no relation.
pub async fn forget<P: Platform>(platform: &P, key: &CacheKey, prior: &StoredResponse) {
    let plan = plan_for(platform, key, Some(prior), &[]).await;
    carry_out(platform, key, plan).await;
}

/// Writes what the budget allows; the rest is found missing at the next store.
pub async fn carry_out<P: Platform>(platform: &P, key: &CacheKey, plan: Plan) {
    let Plan::Change(change) = plan else { return };
    let budget = &platform.isolate().graph;
    let left = budget.left(platform.config().graph_writes_per_minute, platform.now()) as usize;
    // The last write of the budget is for `u/<page>`.
    let Some(relations) = left.checked_sub(1).filter(|most| *most > 0) else { return };
    let page = key.page();
    let writes: Vec<Write> = Write::all(&change).into_iter().take(relations).collect();
    budget.spend(writes.len() as u32 + 1);
    let written: Vec<Result<Write, KvError>> = stream::iter(writes)
        .map(|write| relate(platform, key, &page, write))
        .buffer_unordered(WRITES_AT_ONCE)
        .collect()
        .await;
    let mut tags = change.keep;
    // What was to be removed stands until its removal is done.
    tags.extend(change.remove);
    for result in written {
        match result {
            Ok(Write::Add(tag)) => tags.push(tag),
            Ok(Write::Remove(tag)) => tags.retain(|kept| *kept != tag),
            Err(error) => fault(platform, &error),
        }
    }
    if let Err(error) = write_page(platform, key, &page, tags).await {
        fault(platform, &error);
    }
}

enum Write {
    Add(Tag),
    Remove(Tag),
}

impl Write {
    fn all(change: &Change) -> Vec<Write> {
        let removals = change.remove.iter().cloned().map(Write::Remove);
        removals.chain(change.add.iter().cloned().map(Write::Add)).collect()
    }
}

async fn relate<P: Platform>(
    platform: &P,
    key: &CacheKey,
    page: &str,
    write: Write,
) -> Result<Write, KvError> {
    match &write {
        Write::Remove(tag) => platform.kv_delete(&relation_key(tag, page)).await?,
        Write::Add(tag) => {
            let metadata = crate::policy::stored::ascii_json(&Relation { url: key.url() });
            // Too long a URL is read from `u/<page>` instead.
            let metadata = Some(metadata).filter(|metadata| metadata.len() <= METADATA_MOST);
            let entry = KvEntry { value: String::new(), metadata, life: RELATION_LIFE };
            platform.kv_write(&relation_key(tag, page), entry).await?;
        }
    }
    Ok(write)
}

async fn write_page<P: Platform>(
    platform: &P,
    key: &CacheKey,
    page: &str,
    tags: Vec<Tag>,
) -> Result<(), KvError> {
    if tags.is_empty() {
        return platform.kv_delete(&page_key(page)).await;
    }
    let entry = PageEntry { url: key.url(), tags, at: platform.now() };
    let value = crate::policy::stored::ascii_json(&entry);
    let entry = KvEntry { value, metadata: None, life: RELATION_LIFE };
    platform.kv_write(&page_key(page), entry).await
}

fn fault<P: Platform>(platform: &P, error: &KvError) {
    let (isolate, now) = (platform.isolate(), platform.now());
    // "KV put() limit exceeded for the day": another try would fail as well.
    if error.0.contains("limit exceeded") {
        isolate.graph.rest(now);
    }
    if isolate.log.allows("graph", now) {
        platform.log(&format!(
            "the tag graph is behind ({error}); purges do not depend on it, and it is continued \
             at the page's next revalidation"
        ));
    }
}
