//! What is known of the purges of a stored response's tags: the journal's copy, and purge records in
//! KV.
//!
//! With a journal, the copy in memory tells, and nothing is read for a page. Records are read as
//! well for a response from before the journal, and for a day where the journal found records when
//! it began.
//!
//! Without a journal, records are in memory, and are read from KV when the memory is too old. Older
//! than `MEMORY_WINDOW`, they are still used while they are read again in the background. Older than
//! two windows, a request waits for them.
//!
//! A failed read fails closed. The state is then [`RecordsRead::Unreadable`], and `policy::reuse`
//! sends a request to the origin before it uses a response older than the memory window.

use std::slice;

use futures::future::join;

use crate::isolate::complaints::Complaint;
use crate::isolate::metadata::Derived;
use crate::journal::TagDigest;
use crate::journal::copy::JournalCopy;
use crate::journal::refresh::{self, Ready};
use crate::page::visit::Visit;
use crate::platform::Platform;
use crate::platform::complain::complain;
use crate::platform::kv;
use crate::platform::kv_error::KvError;
use crate::platform::kv_key::KvKey;
use crate::platform::tasks::detached;
use crate::policy::fence::{Effect, Provenance, PurgeMode, PurgeRecord, Purged};
use crate::policy::reuse::{PurgeState, RecordsRead};
use crate::policy::stored::StoredResponse;
use crate::policy::tag::{Tag, implicit};
use crate::policy::time::Time;
use crate::policy::timing::KV_READ_LIMIT;
use crate::purge::knowledge::Knowledge;
use crate::purge::memory::{LearnCount, PurgeMemory};

/// The modes: a tag may have one record of each.
const MODES: [PurgeMode; 2] = [PurgeMode::Soft, PurgeMode::Hard];
/// The memory windows after which records are read again, and after which they are not used.
const KNOWN_FOR: u32 = 1;
const USED_FOR: u32 = 2;
/// The number of times a request waits for other requests' reads. After that it reads for itself.
const JOINS_MOST: u32 = 3;

/// Returns what is known of the purges of `stored`. Pass the state to `policy::reuse`.
pub async fn state<P: Platform>(
    platform: &P,
    visit: &Visit,
    stored: &StoredResponse,
    derived: &Derived,
) -> PurgeState {
    let provenance = &stored.provenance;
    let tags = || all_tags(visit, &stored.tags);
    let ready = refresh::ready(platform, visit.key.host());
    if !platform.has_journal() {
        let tags = tags();
        let (ready, records) = join(ready, learn(platform, &tags)).await;
        return state_of(platform, ready, records, effect(platform, &tags, provenance, None));
    }
    let ready = ready.await;
    if ready != Ready::Unavailable && !is_journal_enough(platform, provenance) {
        let tags = tags();
        let records = learn(platform, &tags).await;
        return state_of(platform, ready, records, effect(platform, &tags, provenance, None));
    }
    let known = Knowledge::now(platform);
    // Most hits end here: the isolate has learned no purge since it last judged this page, and none
    // outdated the page then.
    // broken: clear-for-ever
    if derived.clear_as_of.get() == Some(known) && is_sole_copy(platform) {
        return state_of(platform, ready, RecordsRead::Known, Effect::NONE);
    }
    let effect = effect(platform, &tags(), provenance, None);
    derived.clear_as_of.set((effect == Effect::NONE).then_some(known));
    state_of(platform, ready, RecordsRead::Known, effect)
}

fn state_of<P: Platform>(
    platform: &P,
    ready: Ready,
    records: RecordsRead,
    effect: Effect,
) -> PurgeState {
    let Effect { purged, outdated_since } = effect;
    let records = if ready == Ready::Unavailable { RecordsRead::Unreadable } else { records };
    let journal_unavailable =
        platform.has_journal() && matches!(ready, Ready::Published | Ready::Unavailable);
    PurgeState { purged, outdated_since, records, journal_unavailable }
}

/// Tells whether stored responses are judged by this isolate's copy of the journal alone, and not by
/// other journals that were found in KV.
fn is_sole_copy<P: Platform>(platform: &P) -> bool {
    platform.isolate().journal.with(|journal| journal.copies().count() <= 1)
}

/// Tells whether the journal's copy holds all purges that may outdate a response. If it does not,
/// purges were recorded in KV alone after the response, or still are.
fn is_journal_enough<P: Platform>(platform: &P, provenance: &Provenance) -> bool {
    let (skew, now) = (platform.config().skew, platform.now());
    platform.isolate().journal.with(|journal| {
        journal.copy().is_some_and(|copy| {
            now >= copy.head().with_records_until
                && copy.reaches(provenance.journal, provenance.fetched_at, skew)
        })
    })
}

/// Returns the effect of the purges that this isolate knows of: the records in its memory, and its
/// copy of the journal. With `since`, of those alone that it learned later.
fn effect<P: Platform>(
    platform: &P,
    tags: &[Tag],
    provenance: &Provenance,
    since: Option<Knowledge>,
) -> Effect {
    let (isolate, skew) = (platform.isolate(), platform.config().skew);
    let of_records = isolate.purges.with(|memory| {
        let count = since.map_or(LearnCount::FIRST, |since| since.records);
        let records = || memory.records_since(tags, count);
        Effect {
            purged: provenance.purged(records(), skew),
            outdated_since: provenance.outdated_since(records().map(|(_, it)| it), skew),
        }
    });
    let of_journal = isolate.journal.with(|journal| {
        let effect = |copy: &JournalCopy| {
            let known = copy.later(provenance.journal, since.and_then(|since| since.journal));
            copy.effect(tags.iter().map(TagDigest::of), known, provenance.fetched_at, skew)
        };
        journal.copies().map(effect).fold(Effect::NONE, Effect::and)
    });
    of_records.and(of_journal)
}

/// Returns the strongest effect on `stored` of the purges that this isolate knows of.
pub fn purged<P: Platform>(platform: &P, visit: &Visit, stored: &StoredResponse) -> Purged {
    let tags = all_tags(visit, &stored.tags);
    effect(platform, &tags, &stored.provenance, None).purged
}

/// Returns the tag whose purge outdates `stored`. Of several it is a hard one, and then the widest.
pub fn outdating<P: Platform>(platform: &P, visit: &Visit, stored: &StoredResponse) -> Option<Tag> {
    let of = |tag: &Tag| effect(platform, slice::from_ref(tag), &stored.provenance, None).purged;
    // Of equals, the last is taken: the implicit tags come first, the widest of them before all others.
    let tags = all_tags(visit, &stored.tags).into_iter().rev().map(|tag| (of(&tag), tag));
    let (purged, tag) = tags.max_by_key(|(purged, _)| *purged)?;
    (purged != Purged::No).then_some(tag)
}

/// Returns the strongest effect on `stored` of the purges that this isolate learned since.
pub fn purged_since<P: Platform>(
    platform: &P,
    visit: &Visit,
    stored: &StoredResponse,
    since: Knowledge,
) -> Purged {
    let tags = all_tags(visit, &stored.tags);
    effect(platform, &tags, &stored.provenance, Some(since)).purged
}

/// Returns a response's own tags and the implicit tags of its page.
pub fn all_tags(visit: &Visit, tags: &[Tag]) -> Vec<Tag> {
    let mut all = implicit(&visit.key);
    all.extend_from_slice(tags);
    all
}

/// Reads the records that are too old to be used. Those older than the memory window are read again
/// in the background.
async fn learn<P: Platform>(platform: &P, tags: &[Tag]) -> RecordsRead {
    for _ in 0..JOINS_MOST {
        let too_old = unread(platform, tags, USED_FOR);
        if too_old.is_empty() {
            let old = unread(platform, tags, KNOWN_FOR);
            if !old.is_empty() {
                learn_in_background(platform, old);
            }
            return RecordsRead::Known;
        }
        // A read of KV takes any number of keys, so it takes all that are due for one.
        let unread = unread(platform, tags, KNOWN_FOR);
        let now = platform.now();
        let free = platform.isolate().purge_reads.with(|reads| reads.free(&unread, now));
        if learn_all(platform, &free).await == RecordsRead::Unreadable {
            return RecordsRead::Unreadable;
        }
        if free.len() < unread.len() {
            join_read(platform, &unread).await;
        }
    }
    learn_all(platform, &unread(platform, tags, KNOWN_FOR)).await
}

fn learn_in_background<P: Platform>(platform: &P, tags: Vec<Tag>) {
    let now = platform.now();
    let free = platform.isolate().purge_reads.with(|reads| reads.free(&tags, now));
    if !free.is_empty() {
        let read = read_from_kv(platform, free);
        platform.defer(async move {
            read.await;
        });
    }
}

/// Returns the tags whose records were last read `windows` memory windows ago or more.
fn unread<P: Platform>(platform: &P, tags: &[Tag], windows: u32) -> Vec<Tag> {
    let (window, now) = (platform.config().memory_window * windows, platform.now());
    let unread = |memory: &PurgeMemory| {
        memory.unread(tags, window, now).into_iter().cloned().collect::<Vec<Tag>>()
    };
    platform.isolate().purges.with(unread)
}

/// Waits for another request's read of one of these tags, if one is under way.
async fn join_read<P: Platform>(platform: &P, tags: &[Tag]) {
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
    let read = read_from_kv(platform, tags.to_vec());
    detached(platform, read).await.unwrap_or(RecordsRead::Unreadable)
}

/// Reads the records of `tags`. The read is registered at once, so that the next request joins it.
fn read_from_kv<P: Platform>(
    platform: &P,
    tags: Vec<Tag>,
) -> impl Future<Output = RecordsRead> + use<P> {
    let asked_at = platform.now();
    let reads = &platform.isolate().purge_reads;
    let read = reads.with_mut(|reads| reads.begin(&tags, KV_READ_LIMIT, asked_at));
    let then = platform.clone();
    async move {
        let records = learn_from_kv(&then, &tags, asked_at).await;
        let waiters = then.isolate().purge_reads.with_mut(|reads| reads.end(read));
        waiters.into_iter().for_each(|signal| signal());
        records
    }
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
                    format!(
                        "the {} purge record of {} in KV is damaged, or another version wrote it: it \
                         counts as a purge once",
                        mode.as_str(),
                        tag.without_values()
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
