//! Writing to the graph, within the budget of visitors' writes.

use std::cell::RefCell;

use futures::FutureExt;

use crate::graph::diff::{Change, Plan, Todo, WithinBudget, not_in};
use crate::graph::plan::plan_for;
use crate::graph::{PageEntry, Relation};
use crate::isolate::complaints::Complaint;
use crate::journal::append::Sender;
use crate::json;
use crate::platform::Platform;
use crate::platform::complain::complain;
use crate::platform::kv::{self, KvEntry};
use crate::platform::kv_error::KvError;
use crate::platform::kv_key::KvKey;
use crate::platform::tasks::in_lanes;
use crate::policy::key::CacheKey;
use crate::policy::key::part::KeyPart;
use crate::policy::stored::StoredResponse;
use crate::policy::tag::Tag;
use crate::policy::timing::{KV_WRITE_PACE, RELATION_LIFE};

const METADATA_MOST: usize = 1024;

const WRITES_AT_ONCE: usize = 4;

/// Removes the relations of a page whose stored response was removed and not replaced.
pub async fn forget<P: Platform>(platform: &P, key: &CacheKey, prior: &StoredResponse) {
    let plan = plan_for(platform, key, Some(prior), &[], Sender::Visitor).await;
    // KV may not show yet what was written with it, or could not be read at all. No later store
    // knows its tags.
    let is_sure = prior.graph.confirmed_at.is_some() && plan.todo != Todo::Nothing;
    let plan = if is_sure { plan } else { plan.of_all_former() };
    carry_out(platform, key, plan, Sender::Visitor).await;
}

/// Writes as much of a plan as the budget of visitors' requests allows; all of it for a warmup. The
/// next store finds the rest missing.
pub async fn carry_out<P: Platform>(platform: &P, key: &CacheKey, plan: Plan, sender: Sender) {
    let Todo::Change(change) = plan.todo else { return };
    let change = match sender {
        Sender::Token => Some(change),
        Sender::Visitor => within_budget(platform, change),
    };
    let Some(change) = change else { return spent(platform) };
    if let Err(error) = change_graph(platform, key, change).await {
        fault(platform, &error);
    }
}

/// Returns the part of a change that the budget allows now.
fn within_budget<P: Platform>(platform: &P, change: Change) -> Option<Change> {
    let budget = &platform.isolate().visitor_writes;
    let left = budget.left(platform.config().visitor_writes, platform.now()) as usize;
    let change = match change.within(left) {
        WithinBudget::All(change) => change,
        WithinBudget::Part(change) => {
            spent(platform);
            change
        }
        WithinBudget::Nothing => return None,
    };
    budget.spend(change.writes());
    Some(change)
}

async fn change_graph<P: Platform>(
    platform: &P,
    key: &CacheKey,
    change: Change,
) -> Result<(), KvError> {
    let (page, began) = (key.page(), platform.now());
    let Change { add, remove, keep, named: mut entry } = change;
    let (adds, removes) = (!add.is_empty(), remove.len());
    let mut named: Vec<Tag> = keep.into_iter().chain(add.iter().cloned()).collect();
    if adds {
        entry = named.iter().chain(&remove).cloned().collect();
        write_page(platform, key, &page, entry.clone()).await?;
    }
    let removals = remove.into_iter().map(Write::Remove);
    let writes = RefCell::new(removals.chain(add.into_iter().map(Write::Add)));
    let refused = RefCell::<Vec<Tag>>::default();
    let next = || writes.borrow_mut().next();
    let lane = || {
        let work = async {
            while let Some(write) = next() {
                let still_there = relate(platform, key, &page, write).await;
                refused.borrow_mut().extend(still_there);
            }
        };
        work.boxed_local()
    };
    in_lanes(WRITES_AT_ONCE, &lane).await;
    let refused = refused.take();
    let is_refused = refused.len() == removes;
    named.extend(refused);
    // KV may have refused these removals because another request is at them: it takes one write a
    // second for each key, and that request's entry is the right one.
    let is_as_it_was = is_refused && not_in(&named, &entry).is_empty();
    if is_as_it_was {
        return Ok(());
    }
    if adds {
        platform.sleep((began + KV_WRITE_PACE).since(platform.now())).await;
    }
    write_page(platform, key, &page, named).await
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
        Write::Remove(tag) => (kv::delete(platform, &KvKey::relation(&tag, page)).await, Some(tag)),
        Write::Add(tag) => {
            let metadata = json::to_ascii(&Relation { url: key.url() });
            // A URL too long for the metadata is read from `u/<page>` instead.
            let metadata = Some(metadata).filter(|metadata| metadata.len() <= METADATA_MOST);
            let entry = KvEntry { value: String::new(), metadata, life: RELATION_LIFE };
            (kv::write(platform, &KvKey::relation(&tag, page), entry).await, None)
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
        return kv::delete(platform, &KvKey::page(page)).await;
    }
    let entry = PageEntry {
        url: key.url(),
        key: key.parts().iter().map(KeyPart::text).collect(),
        tags,
        at: platform.now(),
    };
    let value = json::to_ascii(&entry);
    let entry = KvEntry { value, metadata: None, life: RELATION_LIFE };
    kv::write(platform, &KvKey::page(page), entry).await
}

pub(super) fn spent<P: Platform>(platform: &P) {
    complain(platform, Complaint::GraphBudget, || {
        "GRAPH_WRITES_PER_MINUTE or VISITOR_WRITES_PER_DAY is spent: the tag graph is behind, and is \
         continued at the pages' next revalidations"
            .to_owned()
    });
}

pub(super) fn fault<P: Platform>(platform: &P, error: &KvError) {
    if *error == KvError::DayQuota {
        platform.isolate().visitor_writes.rest(platform.now());
    }
    complain(platform, Complaint::GraphWrite, || {
        format!(
            "the tag graph is behind ({error}); purges do not depend on it, and it is continued \
             at the page's next revalidation"
        )
    });
}
