//! Planning: the changes that a stored response makes in the graph.

use crate::graph::diff::{
    Diff, Plan, Related, Todo, confirmed_at, former_tags, tags_in_graph, waits_for_its_second_store,
};
use crate::graph::read_page;
use crate::graph::write::{fault, spent};
use crate::journal::append::Sender;
use crate::platform::kv_error::KvError;
use crate::platform::kv_key::KvKey;
use crate::platform::{Platform, kv};
use crate::policy::key::CacheKey;
use crate::policy::stored::StoredResponse;
use crate::policy::tag::Tag;

/// Compares the tags of `stored` with the graph. The graph is not read where it is known to hold
/// the tags of `prior`. Pass the plan to `graph::write::carry_out`.
pub async fn plan<P: Platform>(
    platform: &P,
    key: &CacheKey,
    prior: Option<&StoredResponse>,
    stored: &StoredResponse,
    sender: Sender,
) -> Plan {
    if sender == Sender::Visitor && waits_for_its_second_store(prior, key) {
        return Plan::NOTHING;
    }
    plan_for(platform, key, prior, tags_in_graph(stored), sender).await
}

pub(super) async fn plan_for<P: Platform>(
    platform: &P,
    key: &CacheKey,
    prior: Option<&StoredResponse>,
    tags: &[Tag],
    sender: Sender,
) -> Plan {
    let now = platform.now();
    if let Some(at) = prior.and_then(|prior| confirmed_at(prior, tags, now)) {
        return Plan { todo: Todo::Known(at), former: Vec::new() };
    }
    let former = prior.map_or(Vec::new(), |prior| former_tags(prior, tags));
    let limits = platform.config().visitor_writes;
    let left = platform.isolate().visitor_writes.left(limits, now);
    if sender == Sender::Visitor && left == 0 {
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

/// Compares the tags that the graph holds for a page with the tags that it should hold.
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
    let diff = Diff::of(tags, named, former, written_at);
    let related = related(platform, key, &diff.unsure).await?;
    let first = prior.and_then(|prior| prior.graph.checked_at);
    Ok(diff.todo(related, first, now))
}

/// Looks up the relations of `tags`.
async fn related<P: Platform>(
    platform: &P,
    key: &CacheKey,
    tags: &[Tag],
) -> Result<Related, KvError> {
    let page = key.page();
    let mut related = Related::default();
    let keys: Vec<KvKey> = tags.iter().map(|tag| KvKey::relation(tag, &page)).collect();
    let values = kv::read(platform, &keys).await?;
    for (tag, value) in tags.iter().zip(values) {
        // broken: graph-read-modify-write.read
        let list = if value.is_some() { &mut related.there } else { &mut related.gone };
        list.push(tag.clone());
    }
    Ok(related)
}
