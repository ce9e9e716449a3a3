//! What a stored response changes in the graph.

use std::time::Duration;

use http::StatusCode;

use crate::graph::write::{fault, spent};
use crate::graph::{KEYS_PER_READ, RELATION_LIFE, read_page, relation_key};
use crate::platform::{KvError, Platform, kv};
use crate::policy::key::CacheKey;
use crate::policy::stored::{Stored, StoredResponse};
use crate::policy::tag::Tag;
use crate::policy::time::Time;

/// Longer than it takes until KV shows a write everywhere, and than a store that has begun.
const SETTLES: Duration = Duration::from_secs(3 * 60);

/// What was found right is looked at again after so long: another data centre that saw a version
/// between may have changed it, and not come back.
const KNOWN_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// Of a page that has other tags each time it is rendered.
const FORMER_MOST: usize = 100;

/// What the graph needs after a store.
pub struct Plan {
    pub(super) todo: Todo,
    /// Tags of earlier versions, whose relations may still be there.
    former: Vec<Tag>,
}

pub(super) enum Todo {
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

#[derive(Default)]
pub(super) struct Change {
    pub(super) add: Vec<Tag>,
    pub(super) remove: Vec<Tag>,
    /// Whose relations stay as they are, or are removed another time.
    pub(super) keep: Vec<Tag>,
    /// What `u/<page>` was found to name.
    pub(super) named: Vec<Tag>,
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

    /// Removes the relations of all former tags, those too that KV does not show.
    pub(super) fn of_all_former(mut self) -> Plan {
        if matches!(self.todo, Todo::Right { .. }) && !self.former.is_empty() {
            self.todo = Todo::Change(Change::default());
        }
        if let Todo::Change(change) = &mut self.todo {
            let unseen = not_in(&self.former, &change.remove);
            change.remove.extend(unseen);
        }
        self
    }
}

/// Notes in what is about to replace `current` the tags of `current`, if that is not the `prior` that the
/// graph was compared with: another isolate stored it meanwhile, and relates its tags to the page.
pub fn noted_in_place_of(
    mut stored: Stored,
    current: &Stored,
    prior: Option<&StoredResponse>,
) -> Stored {
    if let (Stored::Response(stored), Stored::Response(current)) = (&mut stored, current)
        && prior.is_none_or(|prior| prior != &**current)
    {
        let mut former = former_tags(current, tags_in_graph(stored));
        former.extend(not_in(&stored.former_tags, &former));
        former.truncate(FORMER_MOST);
        stored.former_tags = former;
        (stored.graphed_at, stored.graph_checked_at) = (None, None);
    }
    stored
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

pub(super) async fn plan_for<P: Platform>(
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
    Ok(Todo::Change(Change { keep: not_in(&kept, &add), add, remove, named }))
}

pub(super) fn not_in(tags: &[Tag], others: &[Tag]) -> Vec<Tag> {
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
