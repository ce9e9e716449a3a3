//! Reading the purge records of a stored response's tags: from memory, and from KV when the memory
//! is too old.
//!
//! A failed read fails closed. The state is then [`RecordsRead::Unreadable`], and `policy::reuse`
//! sends a request to the origin before it uses a response older than the memory window.

use crate::isolate::complaints::Complaint;
use crate::page::visit::Visit;
use crate::platform::Platform;
use crate::platform::complain::complain;
use crate::platform::kv;
use crate::platform::kv_error::KvError;
use crate::platform::kv_key::KvKey;
use crate::platform::tasks::detached;
use crate::policy::fence::{PurgeMode, PurgeRecord, Purged};
use crate::policy::reuse::{PurgeState, RecordsRead};
use crate::policy::stored::StoredResponse;
use crate::policy::tag::{Tag, implicit};
use crate::policy::time::Time;
use crate::policy::timing::KV_READ_LIMIT;
use crate::purge::memory::{LearnCount, PurgeMemory};

/// The modes: a tag may have one record of each.
const MODES: [PurgeMode; 2] = [PurgeMode::Soft, PurgeMode::Hard];
/// The number of times a request waits for other requests' reads. After that it reads for itself.
const JOINS_MOST: u32 = 3;

/// Reads the purge records of `stored`. Pass the state to `policy::reuse`.
pub async fn state<P: Platform>(
    platform: &P,
    visit: &Visit,
    stored: &StoredResponse,
) -> PurgeState {
    let tags = all_tags(visit, &stored.tags);
    let records = learn(platform, &tags).await;
    let skew = platform.config().skew;
    platform.isolate().purges.with(|memory| {
        let known: Vec<(PurgeMode, &PurgeRecord)> = memory.records(&tags).collect();
        let outdating = known.iter().map(|(_, record)| *record);
        PurgeState {
            purged: stored.provenance.purged(known.iter().copied(), skew),
            outdated_since: stored.provenance.outdated_since(outdating, skew),
            records,
        }
    })
}

/// Returns the strongest effect on `stored` of the purges that were first seen after `learn_count`.
pub fn purged_since<P: Platform>(
    platform: &P,
    visit: &Visit,
    stored: &StoredResponse,
    learn_count: LearnCount,
) -> Purged {
    let tags = all_tags(visit, &stored.tags);
    let skew = platform.config().skew;
    let purged = |memory: &PurgeMemory| {
        stored.provenance.purged(memory.records_since(&tags, learn_count), skew)
    };
    platform.isolate().purges.with(purged)
}

/// Returns a response's own tags and the implicit tags of its page.
pub fn all_tags(visit: &Visit, tags: &[Tag]) -> Vec<Tag> {
    let mut all = implicit(&visit.key);
    all.extend_from_slice(tags);
    all
}

/// Reads the records that the memory window no longer covers.
async fn learn<P: Platform>(platform: &P, tags: &[Tag]) -> RecordsRead {
    for _ in 0..JOINS_MOST {
        let unread = unread(platform, tags);
        if unread.is_empty() {
            return RecordsRead::Known;
        }
        let now = platform.now();
        let free = platform.isolate().purge_reads.with(|reads| reads.free(&unread, now));
        if learn_all(platform, &free).await == RecordsRead::Unreadable {
            return RecordsRead::Unreadable;
        }
        if free.len() < unread.len() {
            join(platform, &unread).await;
        }
    }
    learn_all(platform, &unread(platform, tags)).await
}

fn unread<P: Platform>(platform: &P, tags: &[Tag]) -> Vec<Tag> {
    let (window, now) = (platform.config().memory_window, platform.now());
    let unread = |memory: &PurgeMemory| {
        memory.unread(tags, window, now).into_iter().cloned().collect::<Vec<Tag>>()
    };
    platform.isolate().purges.with(unread)
}

/// Waits for another request's read of one of these tags, if one is under way.
async fn join<P: Platform>(platform: &P, tags: &[Tag]) {
    let mut wait = None;
    let now = platform.now();
    platform.isolate().purge_reads.with_mut(|reads| {
        reads.join(tags, now, || {
            let (signal, waiting) = platform.signal(KV_READ_LIMIT);
            wait = Some(waiting);
            signal
        });
    });
    if let Some(wait) = wait {
        wait.await;
    }
}

/// Reads the records of `tags`, also when the visitor hangs up: other requests may wait for them.
async fn learn_all<P: Platform>(platform: &P, tags: &[Tag]) -> RecordsRead {
    if tags.is_empty() {
        return RecordsRead::Known;
    }
    let asked_at = platform.now();
    // The read is registered before the first await, so that the next request joins it.
    let reads = &platform.isolate().purge_reads;
    let read = reads.with_mut(|reads| reads.begin(tags, KV_READ_LIMIT, asked_at));
    let (then, tags) = (platform.clone(), tags.to_vec());
    let learned = detached(platform, async move {
        let records = learn_from_kv(&then, &tags, asked_at).await;
        let waiters = then.isolate().purge_reads.with_mut(|reads| reads.end(read));
        waiters.into_iter().for_each(|signal| signal());
        records
    });
    learned.await.unwrap_or(RecordsRead::Unreadable)
}

/// Learns the records that KV returned, even if the read of other tags failed.
async fn learn_from_kv<P: Platform>(platform: &P, tags: &[Tag], asked_at: Time) -> RecordsRead {
    let keys: Vec<KvKey> =
        tags.iter().flat_map(|tag| MODES.map(|mode| KvKey::record(mode, tag))).collect();
    let values = kv::read_each(platform, &keys).await;
    let mut read = RecordsRead::Known;
    for (tag, values) in tags.iter().zip(values.chunks(MODES.len())) {
        match values.iter().cloned().collect::<Result<Vec<_>, _>>() {
            Ok(values) => {
                let records = records(platform, tag, &values);
                let memory = &platform.isolate().purges;
                memory.with_mut(|memory| memory.read(tag, records, asked_at));
            }
            Err(error) => read = unreadable(platform, &error),
        }
    }
    read
}

fn records<P: Platform>(
    platform: &P,
    tag: &Tag,
    values: &[Option<String>],
) -> Vec<(PurgeMode, PurgeRecord)> {
    let present =
        MODES.into_iter().zip(values).filter_map(|(mode, value)| Some((mode, value.as_deref()?)));
    // broken: one-record.read
    present
        .map(|(mode, value)| {
            let record = PurgeRecord::of(value, platform.now());
            if !record.is_dated() {
                complain(platform, Complaint::PurgeRecord, || {
                    let key = KvKey::record(mode, tag);
                    format!(
                        "{key} in KV is damaged, or another version wrote it: it counts as a purge once"
                    )
                });
            }
            (mode, record)
        })
        .collect()
}

fn unreadable<P: Platform>(platform: &P, cause: &KvError) -> RecordsRead {
    complain(platform, Complaint::KvRead, || {
        format!("purge records could not be read from KV: {cause}")
    });
    // broken: kv-error-is-no-purge
    RecordsRead::Unreadable
}
