//! The graph of tags and pages in KV, kept by difference. It serves lists; no purge depends on it.
//!
//! `u/<page>` names every tag whose relation `t/<tag>/<page>` may be there: it is written before a
//! relation is added and after one is removed. So what a failure or the budget cut short is seen at
//! the next store of the page, by whichever isolate, as a difference, and continued.
//!
//! Data centres write without knowing of each other, and KV shows each what the others wrote only
//! after a while: one that stores an older version a moment later can take back what another has
//! written. So nobody takes their own writes for granted. What a data centre has stored counts as
//! graphed only once it has found `u/` and every relation right at two stores, `SETTLES` apart; from
//! then on, for a day, stores with unchanged tags read nothing and write nothing.
//!
//! What is left: a relation that one data centre wrote, whose `u/` another then overwrote, and whose
//! stored response was evicted or turned private. It ends by itself.

use std::time::Duration;

use futures::stream::{self, StreamExt};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::platform::kv;
use crate::platform::{KvEntry, KvError, Platform};
use crate::policy::key::CacheKey;
use crate::policy::stored::{StoredResponse, ascii_json};
use crate::policy::tag::Tag;
use crate::policy::time::Time;

/// A relation ends by itself unless it is written again, at the latest at half its life.
const RELATION_LIFE: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// Longer than it takes until KV shows a write everywhere, and than a store that has begun.
const SETTLES: Duration = Duration::from_secs(3 * 60);
/// What was found right is looked at again after so long: another data centre that saw a version
/// between may have changed it, and not come back.
const KNOWN_FOR: Duration = Duration::from_secs(24 * 60 * 60);
const ENTRY_PACE: Duration = Duration::from_millis(1100);
/// Of a page that has other tags each time it is rendered.
const FORMER_MOST: usize = 100;
const METADATA_MOST: usize = 1024;
const KEYS_PER_READ: usize = 100;
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
pub struct Plan {
    todo: Todo,
    /// Tags of earlier versions, whose relations may still be there.
    former: Vec<Tag>,
}

enum Todo {
    /// Nothing that could be done now.
    Nothing,
    /// Nothing: all is right, as it was seen at `first` too.
    Right {
        first: Time,
    },
    /// Nothing, nor need it be looked at: it was found right before.
    Known(Time),
    Change(Change),
}

struct Change {
    add: Vec<Tag>,
    remove: Vec<Tag>,
    /// Whose relations stay as they are, or are removed another time.
    keep: Vec<Tag>,
}

impl Plan {
    pub const NOTHING: Plan = Plan { todo: Todo::Nothing, former: Vec::new() };

    /// Notes in a response that is about to be stored how the graph was found.
    pub fn note(&self, stored: &mut StoredResponse, now: Time) {
        stored.former_tags = self.former.clone();
        match self.todo {
            Todo::Known(at) => stored.graphed_at = Some(at),
            Todo::Right { first } if now >= first + SETTLES => {
                stored.graphed_at = Some(now);
                stored.former_tags.clear();
            }
            Todo::Right { first } => stored.graph_checked_at = Some(first),
            Todo::Nothing | Todo::Change(_) => {}
        }
    }
}

/// Compares the tags of `stored` with what the graph holds: with those of `prior` where they are
/// known to be in it, else by reading it.
pub async fn plan<P: Platform>(
    platform: &P,
    key: &CacheKey,
    prior: Option<&StoredResponse>,
    stored: &StoredResponse,
) -> Plan {
    // A made-up query must not cost a write: such a URL waits for its second store.
    if prior.is_none() && key.query().is_some() {
        return Plan::NOTHING;
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
    if let Some(prior) = prior
        && let Some(at) = prior.graphed_at
        && are_same(tags_in_graph(prior), tags)
        && now.since(at) < KNOWN_FOR
    {
        return Plan { todo: Todo::Known(at), former: Vec::new() };
    }
    let former = prior.map_or(Vec::new(), |prior| former_tags(prior, tags));
    let limits = platform.config().visitor_writes;
    if platform.isolate().visitor_writes.left(limits, now) == 0 {
        spent(platform);
        return Plan { todo: Todo::Nothing, former };
    }
    let todo = match compared(platform, key, prior, &former, tags).await {
        Ok(todo) => todo,
        Err(error) => {
            fault(platform, &error);
            Todo::Nothing
        }
    };
    Plan { todo, former }
}

/// Tags that the page has lost; the latest first.
fn former_tags(prior: &StoredResponse, tags: &[Tag]) -> Vec<Tag> {
    let mut former = not_in(tags_in_graph(prior), tags);
    let older = not_in(&not_in(&prior.former_tags, tags), &former);
    former.extend(older);
    former.truncate(FORMER_MOST);
    former
}

/// What the graph holds of a page, and what it should.
async fn compared<P: Platform>(
    platform: &P,
    key: &CacheKey,
    prior: Option<&StoredResponse>,
    former: &[Tag],
    tags: &[Tag],
) -> Result<Todo, KvError> {
    let now = platform.now();
    let entry = read_page(platform, key).await?;
    let written_at = entry.as_ref().map_or(now, |entry| entry.at);
    let named = entry.map(|entry| entry.tags).unwrap_or_default();
    let (mut add, mut remove) = (not_in(tags, &named), not_in(&named, tags));
    // What the entry says of them may be another's, written over this data centre's own.
    let kept = not_in(tags, &add);
    let unnamed = not_in(former, &named);
    let (there, gone) = related(platform, key, kept.iter().chain(&unnamed)).await?;
    add.extend(gone.into_iter().filter(|tag| tags.contains(tag)));
    remove.extend(there.into_iter().filter(|tag| !tags.contains(tag)));
    if !tags.is_empty() && now.since(written_at) >= RELATION_LIFE / 2 {
        add = tags.to_vec();
    }
    if add.is_empty() && remove.is_empty() {
        let first = prior.and_then(|prior| prior.graph_checked_at).unwrap_or(now);
        return Ok(Todo::Right { first });
    }
    // broken: own-graph-writes-for-granted
    Ok(Todo::Change(Change { keep: not_in(&kept, &add), add, remove }))
}

fn not_in(tags: &[Tag], others: &[Tag]) -> Vec<Tag> {
    tags.iter().filter(|tag| !others.contains(tag)).cloned().collect()
}

fn are_same(tags: &[Tag], others: &[Tag]) -> bool {
    not_in(tags, others).is_empty() && not_in(others, tags).is_empty()
}

/// Those of `tags` whose relation is there, and those whose is not.
async fn related<P: Platform>(
    platform: &P,
    key: &CacheKey,
    tags: impl Iterator<Item = &Tag>,
) -> Result<(Vec<Tag>, Vec<Tag>), KvError> {
    let (page, tags): (String, Vec<&Tag>) = (key.page(), tags.collect());
    let (mut there, mut gone) = (Vec::new(), Vec::new());
    for tags in tags.chunks(KEYS_PER_READ) {
        let keys: Vec<String> = tags.iter().map(|tag| relation_key(tag, &page)).collect();
        let values = kv::read(platform, &keys).await?;
        for (tag, value) in tags.iter().zip(values) {
            // broken: graph-read-modify-write.read
            let list = if value.is_some() { &mut there } else { &mut gone };
            list.push((*tag).clone());
        }
    }
    Ok((there, gone))
}

pub async fn read_page<P: Platform>(
    platform: &P,
    key: &CacheKey,
) -> Result<Option<PageEntry>, KvError> {
    let values = kv::read(platform, &[page_key(&key.page())]).await?;
    Ok(values.into_iter().flatten().next().and_then(|value| serde_json::from_str(&value).ok()))
}

/// A page whose stored response went without another leaves no relation.
pub async fn forget<P: Platform>(platform: &P, key: &CacheKey, prior: &StoredResponse) {
    let plan = plan_for(platform, key, Some(prior), &[]).await;
    carry_out(platform, key, plan).await;
}

/// Writes what the budget allows; the rest is found missing at the next store.
pub async fn carry_out<P: Platform>(platform: &P, key: &CacheKey, plan: Plan) {
    let Todo::Change(change) = plan.todo else { return };
    let Some(change) = within_budget(platform, change) else { return spent(platform) };
    if let Err(error) = change_graph(platform, key, change).await {
        fault(platform, &error);
    }
}

/// As much of a change as may be written now.
fn within_budget<P: Platform>(platform: &P, change: Change) -> Option<Change> {
    let budget = &platform.isolate().visitor_writes;
    let left = budget.left(platform.config().visitor_writes, platform.now()) as usize;
    let Change { mut add, mut remove, mut keep } = change;
    // The last write of the budget is for `u/<page>`.
    let relations = left.checked_sub(1).filter(|most| *most > 0)?;
    if add.len() + remove.len() > relations {
        spent(platform);
        keep.extend(remove.split_off(remove.len().min(relations)));
        add.truncate(relations - remove.len());
    }
    let entries = usize::from(!add.is_empty()) + usize::from(!remove.is_empty());
    budget.spend((add.len() + remove.len() + entries) as u32);
    Some(Change { add, remove, keep })
}

async fn change_graph<P: Platform>(
    platform: &P,
    key: &CacheKey,
    change: Change,
) -> Result<(), KvError> {
    let (page, began) = (key.page(), platform.now());
    let Change { add, remove, keep } = change;
    let (adds, removes) = (!add.is_empty(), !remove.is_empty());
    let mut named: Vec<Tag> = keep.into_iter().chain(add.iter().cloned()).collect();
    if adds {
        let all = named.iter().chain(&remove).cloned().collect();
        write_page(platform, key, &page, all).await?;
    }
    let removals = remove.into_iter().map(Write::Remove);
    let mut written = stream::iter(removals.chain(add.into_iter().map(Write::Add)))
        .map(|write| relate(platform, key, &page, write))
        .buffer_unordered(WRITES_AT_ONCE);
    while let Some(still_there) = written.next().await {
        named.extend(still_there);
    }
    if removes && adds {
        // KV takes one write a second for each key.
        platform.sleep((began + ENTRY_PACE).since(platform.now())).await;
    }
    if removes {
        write_page(platform, key, &page, named).await?;
    }
    Ok(())
}

enum Write {
    Add(Tag),
    Remove(Tag),
}

/// Writes or deletes a relation; returns the tag of one that could not be deleted.
async fn relate<P: Platform>(
    platform: &P,
    key: &CacheKey,
    page: &str,
    write: Write,
) -> Option<Tag> {
    // broken: graph-read-modify-write.write
    let (done, tag) = match write {
        Write::Remove(tag) => (platform.kv_delete(&relation_key(&tag, page)).await, Some(tag)),
        Write::Add(tag) => {
            let metadata = ascii_json(&Relation { url: key.url() });
            // Too long a URL is read from `u/<page>` instead.
            let metadata = Some(metadata).filter(|metadata| metadata.len() <= METADATA_MOST);
            let entry = KvEntry { value: String::new(), metadata, life: RELATION_LIFE };
            (platform.kv_write(&relation_key(&tag, page), entry).await, None)
        }
    };
    match done {
        Ok(()) => None,
        Err(error) => {
            fault(platform, &error);
            tag
        }
    }
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
    let value = ascii_json(&entry);
    let entry = KvEntry { value, metadata: None, life: RELATION_LIFE };
    platform.kv_write(&page_key(page), entry).await
}

fn spent<P: Platform>(platform: &P) {
    if platform.isolate().log.allows("graph-budget", platform.now()) {
        platform.log(
            "GRAPH_WRITES_PER_MINUTE or VISITOR_WRITES_PER_DAY is spent: the tag graph is behind, \
             and is continued at the pages' next revalidations",
        );
    }
}

fn fault<P: Platform>(platform: &P, error: &KvError) {
    let (isolate, now) = (platform.isolate(), platform.now());
    // "KV put() limit exceeded for the day": another try would fail as well.
    if error.0.contains("limit exceeded") {
        isolate.visitor_writes.rest(now);
    }
    if isolate.log.allows("graph", now) {
        platform.log(&format!(
            "the tag graph is behind ({error}); purges do not depend on it, and it is continued \
             at the page's next revalidation"
        ));
    }
}
