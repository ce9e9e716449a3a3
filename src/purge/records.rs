//! Reading the purge records of a stored response's tags, from memory and past it from KV.
//!
//! What fails closed: with KV unreadable, [`PurgeState::readable`] is false, and `policy::reuse` asks
//! the origin before it shows anything older than the memory window.

use futures::channel::oneshot;
use futures::future::join_all;

use crate::page::visit::Visit;
use crate::platform::Platform;
use crate::platform::kv;
use crate::policy::fence::{PurgeMode, PurgeRecord, Purged};
use crate::policy::reuse::PurgeState;
use crate::policy::stored::StoredResponse;
use crate::policy::tag::{Tag, implicit};
use crate::policy::time::Time;
use crate::purge::memory::LearnCount;

/// A bulk read takes 100 keys, and a tag has two.
const TAGS_PER_READ: usize = 50;
/// How often a request waits for other requests' reads before it reads what is left itself.
const JOINS_MOST: u32 = 3;

/// What the purge records say of `stored`.
pub async fn state<P: Platform>(
    platform: &P,
    visit: &Visit,
    stored: &StoredResponse,
) -> PurgeState {
    let tags = all_tags(visit, &stored.tags);
    let readable = learn(platform, &tags).await;
    let skew = platform.config().skew;
    let memory = platform.isolate().purges.borrow();
    let records = || memory.records(&tags);
    PurgeState {
        purged: stored.provenance.purged(records(), skew),
        outdated_since: stored.provenance.outdated_since(records().map(|(_, it)| it), skew),
        readable,
    }
}

/// Whether a purge that was first seen after `moment` outdates `stored`.
pub fn is_outdated_since<P: Platform>(
    platform: &P,
    visit: &Visit,
    stored: &StoredResponse,
    learn_count: LearnCount,
) -> bool {
    let tags = all_tags(visit, &stored.tags);
    let memory = platform.isolate().purges.borrow();
    let since = memory.records_since(&tags, learn_count);
    stored.provenance.purged(since, platform.config().skew) != Purged::No
}

/// A response's own tags and the implicit ones of its page.
pub fn all_tags(visit: &Visit, tags: &[Tag]) -> Vec<Tag> {
    let mut all = implicit(&visit.key);
    all.extend_from_slice(tags);
    all
}

/// Reads what the memory window no longer covers; false where KV did not answer.
async fn learn<P: Platform>(platform: &P, tags: &[Tag]) -> bool {
    for _ in 0..JOINS_MOST {
        let unread = unread(platform, tags);
        if unread.is_empty() {
            return true;
        }
        let free = platform.isolate().purge_reads.borrow().free(&unread, platform.now());
        if !free.is_empty() && !learn_all(platform, &free).await {
            return false;
        }
        if free.len() < unread.len() {
            join(platform, &unread).await;
        }
    }
    learn_all(platform, &unread(platform, tags)).await
}

fn unread<P: Platform>(platform: &P, tags: &[Tag]) -> Vec<Tag> {
    let memory = platform.isolate().purges.borrow();
    let unread = memory.unread(tags, platform.config().memory_window, platform.now());
    unread.into_iter().cloned().collect()
}

/// Waits for another request's read of one of these tags, if there still is one.
async fn join<P: Platform>(platform: &P, tags: &[Tag]) {
    let mut wait = None;
    platform.isolate().purge_reads.borrow_mut().join(tags, platform.now(), || {
        let (signal, waiting) = platform.signal(kv::READ_LIMIT);
        wait = Some(waiting);
        signal
    });
    if let Some(wait) = wait {
        wait.await;
    }
}

/// Others may wait for the same records, so it goes on when the visitor hangs up.
async fn learn_all<P: Platform>(platform: &P, tags: &[Tag]) -> bool {
    if tags.is_empty() {
        return true;
    }
    let asked_at = platform.now();
    // The read is registered before the first await, so that the next request joins it.
    let read = platform.isolate().purge_reads.borrow_mut().begin(tags, kv::READ_LIMIT, asked_at);
    let (sender, readable) = oneshot::channel();
    let (then, tags) = (platform.clone(), tags.to_vec());
    platform.defer(async move {
        let chunks = tags.chunks(TAGS_PER_READ).map(|chunk| learn_chunk(&then, chunk, asked_at));
        let readable = join_all(chunks).await.into_iter().all(|read| read);
        let waiters = then.isolate().purge_reads.borrow_mut().end(read);
        waiters.into_iter().for_each(|signal| signal());
        // A visitor that has hung up needs no answer.
        let _ = sender.send(readable);
    });
    readable.await.unwrap_or(false)
}

async fn learn_chunk<P: Platform>(platform: &P, tags: &[Tag], asked_at: Time) -> bool {
    let keys: Vec<String> = tags
        .iter()
        .flat_map(|tag| [PurgeMode::Soft.record_key(tag), PurgeMode::Hard.record_key(tag)])
        .collect();
    let values = match kv::bulk_read(platform, &keys).await {
        Ok(values) => values,
        Err(error) => return unreadable(platform, &error.0),
    };
    for (tag, values) in tags.iter().zip(values.chunks(2)) {
        let records = records(platform, tag, values);
        platform.isolate().purges.borrow_mut().read(tag, records, asked_at);
    }
    true
}

fn records<P: Platform>(
    platform: &P,
    tag: &Tag,
    values: &[Option<String>],
) -> Vec<(PurgeMode, PurgeRecord)> {
    let modes = [PurgeMode::Soft, PurgeMode::Hard].into_iter();
    let present = modes.zip(values).filter_map(|(mode, value)| Some((mode, value.as_deref()?)));
    // broken: one-record.read
    present
        .map(|(mode, value)| {
            let record = PurgeRecord::of(value, platform.now());
            if !record.is_dated() && platform.isolate().log.allows("kv-record", platform.now()) {
                let key = mode.record_key(tag);
                platform.log(&format!("{key} in KV is no record of ours: it counts as a purge"));
            }
            (mode, record)
        })
        .collect()
}

fn unreadable<P: Platform>(platform: &P, cause: &str) -> bool {
    if platform.isolate().log.allows("kv-read", platform.now()) {
        platform.log(&format!("purge records could not be read from KV: {cause}"));
    }
    // broken: kv-error-is-no-purge
    false
}
