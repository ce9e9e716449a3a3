//! Purging: one entry in the purge journal, or one record per tag in KV, whatever the number of
//! pages.
//!
//! With a journal, a purge is one request to its object (`purge/append.rs`). A site that had purges
//! before its journal writes records as well, for a day. Without a journal, purges are records. If a
//! journal was published, such a purge also leaves a mark (`journal/unbound.rs`).
//!
//! What follows is about records.
//!
//! A record outdates every response requested up to `skew` after its stamp. This covers two purges
//! of one tag that reach KV in the wrong order. For example, purge A is stamped at 12:00:00 and
//! purge B at 12:00:02, but KV takes B's write first. A's record then replaces B's. With a `skew`
//! of 5 seconds, A's record outdates responses requested until 12:00:05, and so all that B was to
//! outdate.
//!
//! Therefore a write may take at most half of `skew`; the other half allows for clocks that differ.
//! A slower write counts as failed. Each attempt has a new stamp.
//!
//! A purge goes on when its sender hangs up, because other purges may share its write
//! (`purge/batches.rs`).
//!
//! A soft record names the earlier purges that this isolate remembers (`policy/fence.rs` says why).
//! They are not read from KV: a data centre caches each read of KV for 30 seconds, also of an
//! absent key. A read before the write would hide the purge from its other isolates for that time.

pub mod append;
pub mod batches;
pub mod invalidate;
pub mod knowledge;
pub mod memory;
pub mod reads;
pub mod records;
pub mod targets;

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::slice;
use std::time::Duration;

use futures::stream::{self, StreamExt};

use crate::isolate::complaints::Complaint;
use crate::journal::append::{Receipt, Sender};
use crate::journal::unbound;
use crate::platform::Platform;
use crate::platform::complain::complain;
use crate::platform::kv::{self, KvEntry, TimedWrite};
use crate::platform::kv_error::KvError;
use crate::platform::kv_key::KvKey;
use crate::platform::tasks::detached;
use crate::policy::fence::{PurgeMode, PurgeRecord};
use crate::policy::format::ascii_json;
use crate::policy::tag::Tag;
use crate::policy::time::Time;
use crate::policy::timing::{
    KV_WRITE_LIMIT, PURGE_ATTEMPTS_WITHIN, PURGE_FIRST_PAUSE, RECORD_LIFE,
};
use crate::purge::batches::{Batch, Joined, Limit, Reopened, Role, WriteEnd};

/// Writes at the same time. A Worker has six connections; one is left for other work.
const WRITES_AT_ONCE: usize = 5;
/// Attempts to write a record.
const ATTEMPTS: u32 = 4;

/// The outcome of a purge.
#[derive(Debug, Default)]
pub struct Purge {
    /// The tags that the journal has, or of which KV has taken a record.
    pub done: Vec<Tag>,
    /// The other tags. They may be purged all the same.
    pub failed: Vec<Tag>,
    /// A limit of the platform that made some writes fail.
    pub limit: Option<Limit>,
}

/// A purge, but for its tags.
#[derive(Clone, Debug)]
pub struct Order {
    /// The mode of the purge.
    pub mode: PurgeMode,
    /// The sender of the purge.
    pub sender: Sender,
    /// The random id of the purge request.
    pub request: u128,
    /// The receipt that the journal's object keeps.
    pub receipt: Option<Receipt>,
}

/// Returns a random id for a purge request.
pub fn new_request<P: Platform>(platform: &P) -> u128 {
    u128::from(platform.random()) << 64 | u128::from(platform.random())
}

/// Notes a purge in this isolate, before KV has a record of it. [`purge`] calls it first.
fn note<P: Platform>(platform: &P, tag: &Tag, mode: PurgeMode) {
    let now = platform.now();
    let record = new_record(platform, tag, mode, now);
    platform.isolate().purges.with_mut(|memory| memory.noted(tag, mode, record, now));
}

/// Notes a hard purge that holds in this isolate alone: no record of it is ever written. A response
/// that is requested from now on is not outdated by it.
pub fn note_here<P: Platform>(platform: &P, tag: &Tag) {
    let (now, mode) = (platform.now(), PurgeMode::Hard);
    let record = new_record(platform, tag, mode, now);
    platform.isolate().purges.with_mut(|memory| memory.noted_here(tag, mode, record, now));
}

fn new_record<P: Platform>(platform: &P, tag: &Tag, mode: PurgeMode, at: Time) -> PurgeRecord {
    let id = format!("{:016x}", platform.random());
    let mut record = PurgeRecord { at, id, replaced: Vec::new() };
    // A hard purge allows no stale window, so it needs no earlier stamps.
    if mode == PurgeMode::Soft {
        record.replaces(soft_purges(platform, tag));
    }
    record
}

/// The times of a tag's soft purges that this isolate remembers.
fn soft_purges<P: Platform>(platform: &P, tag: &Tag) -> Vec<Time> {
    platform.isolate().purges.with(|memory| {
        let records = memory.records(slice::from_ref(tag));
        let soft = records.filter(|(mode, _)| *mode == PurgeMode::Soft);
        soft.flat_map(|(_, record)| record.stamps()).collect()
    })
}

/// Purges tags, also when the sender has hung up. Ask the sender to send the tags under `failed`
/// again.
pub async fn purge<P: Platform>(platform: &P, tags: Vec<Tag>, order: Order) -> Purge {
    if tags.is_empty() {
        return Purge::default();
    }
    // The purges hold in this isolate from now on, however long the writes take.
    tags.iter().for_each(|tag| note(platform, tag, order.mode));
    let (then, all) = (platform.clone(), tags.clone());
    let purged = detached(platform, async move {
        if then.has_journal() {
            by_journal(&then, all, order).await
        } else {
            by_records(&then, all, order.mode).await
        }
    });
    purged.await.unwrap_or(Purge { failed: tags, ..Purge::default() })
}

async fn by_journal<P: Platform>(platform: &P, tags: Vec<Tag>, order: Order) -> Purge {
    let mode = order.mode;
    let appended = append::append(platform, tags, order).await;
    let now = platform.now();
    let is_with_records = platform
        .isolate()
        .journal
        .with(|journal| journal.copy().is_none_or(|copy| now < copy.head().with_records_until));
    if appended.done.is_empty() || !is_with_records {
        return appended;
    }
    // A version without the journal may run beside this one, or after it.
    write_all(platform, appended.done, mode).await
}

async fn by_records<P: Platform>(platform: &P, tags: Vec<Tag>, mode: PurgeMode) -> Purge {
    let purge = write_all(platform, tags, mode).await;
    if purge.done.is_empty() || unbound::leave_mark(platform).await {
        return purge;
    }
    // Without the mark, an object that starts would not know of the purge.
    Purge { failed: [purge.failed, purge.done].concat(), ..Purge::default() }
}

async fn write_all<P: Platform>(platform: &P, tags: Vec<Tag>, mode: PurgeMode) -> Purge {
    let until = platform.now() + PURGE_ATTEMPTS_WITHIN;
    let mut writes = stream::iter(tags)
        .map(|tag| async move {
            let ended = record(platform, &tag, mode, until).await;
            (tag, ended)
        })
        .buffer_unordered(WRITES_AT_ONCE);
    let mut purge = Purge::default();
    while let Some((tag, ended)) = writes.next().await {
        match ended {
            WriteEnd::Durable => purge.done.push(tag),
            WriteEnd::Failed => purge.failed.push(tag),
            WriteEnd::Refused(limit) => {
                purge.failed.push(tag);
                purge.limit = Some(limit);
            }
        }
    }
    purge
}

/// Waits for a write that is stamped from now on, and leads it if no other purge does.
async fn record<P: Platform>(platform: &P, tag: &Tag, mode: PurgeMode, until: Time) -> WriteEnd {
    let key = KvKey::record(mode, tag);
    while platform.now() < until {
        let now = platform.now();
        let lasts = PURGE_ATTEMPTS_WITHIN + KV_WRITE_LIMIT;
        let batches = &platform.isolate().purge_batches;
        let Joined { batch, role } = batches.with_mut(|batches| batches.join(&key, lasts, now));
        let (signal, wait) = platform.signal(batch.until().since(now));
        batch.wait(signal);
        if role == Role::Leads {
            platform.defer(lead(platform.clone(), tag.clone(), mode, batch.clone(), until));
        }
        wait.await;
        match batch.ended() {
            // The leader's invocation may make no more operations. This one may still make some.
            Some(WriteEnd::Refused(Limit::Invocation)) if role == Role::Follows => continue,
            ended => return ended.unwrap_or(WriteEnd::Failed),
        }
    }
    WriteEnd::Failed
}

/// Writes for a batch.
async fn lead<P: Platform>(platform: P, tag: Tag, mode: PurgeMode, batch: Rc<Batch>, until: Time) {
    let key = KvKey::record(mode, &tag);
    let batches = &platform.isolate().purge_batches;
    // broken: no-retry.attempts
    for number in 0..ATTEMPTS {
        wait_for_turn(&platform, &key, number).await;
        if platform.now() >= until {
            break;
        }
        let now = platform.now();
        batches.with_mut(|batches| batches.begin(&key, &batch, KV_WRITE_LIMIT, now));
        let attempt = write(&platform, &tag, &key, mode).await;
        batches.with_mut(|batches| batches.free(&key));
        // broken: shares-a-write-under-way.end
        match attempt {
            Attempt::Durable => return batch.end(WriteEnd::Durable),
            Attempt::Refused(limit) => return batch.end(WriteEnd::Refused(limit)),
            Attempt::InVain => {}
        }
        let now = platform.now();
        let reopened = batches.with_mut(|batches| batches.reopen(&key, &batch, now));
        if reopened == Reopened::StoodFor {
            return;
        }
    }
    batches.with_mut(|batches| batches.withdraw(&key, &batch));
    // broken: no-retry.end
    batch.end(WriteEnd::Failed);
}

async fn wait_for_turn<P: Platform>(platform: &P, key: &KvKey, number: u32) {
    if number > 0 {
        let longest = PURGE_FIRST_PAUSE * (1 << number);
        let by_chance = platform.random() % (longest.as_millis() as u64 / 2);
        platform.sleep(longest / 2 + Duration::from_millis(by_chance)).await;
    }
    loop {
        let now = platform.now();
        let wait = platform.isolate().purge_batches.with(|batches| batches.wait(key, now));
        if wait.is_zero() {
            return;
        }
        platform.sleep(wait).await;
    }
}

/// The result of one attempt to write a record.
enum Attempt {
    Durable,
    /// Another attempt would be refused as well.
    Refused(Limit),
    /// The write failed, or took so long that it counts as failed.
    InVain,
}

/// Makes one attempt to write a record, with a stamp of its own.
async fn write<P: Platform>(platform: &P, tag: &Tag, key: &KvKey, mode: PurgeMode) -> Attempt {
    let at = platform.now();
    // broken: one-record.id
    let record = new_record(platform, tag, mode, at);
    let entry = KvEntry { value: ascii_json(&record), metadata: None, life: RECORD_LIFE };
    let written = match kv::timed_write(platform, key, entry).await {
        TimedWrite::Ended(written) => written,
        TimedWrite::Late(late) => {
            platform.defer(mend(platform.clone(), tag.clone(), mode, late));
            Err(KvError::TimedOut)
        }
    };
    let now = platform.now();
    if let Err(error) = written {
        complain(platform, Complaint::PurgeWrite, || {
            format!("a purge record could not be written to KV: {error}")
        });
        return Limit::of(&error).map_or(Attempt::InVain, Attempt::Refused);
    }
    if now.since(at) > platform.config().skew / 2 {
        return Attempt::InVain;
    }
    let memory = &platform.isolate().purges;
    memory.with_mut(|memory| memory.confirmed(tag, mode, record, now));
    Attempt::Durable
}

/// Repairs the harm of a write that KV took after its time limit: it may have replaced the record
/// of a later purge. Another record is then written, with a new stamp.
async fn mend<P: Platform>(
    platform: P,
    tag: Tag,
    mode: PurgeMode,
    late: impl Future<Output = Result<(), KvError>>,
) {
    if late.await.is_ok() {
        let until = platform.now() + PURGE_ATTEMPTS_WITHIN;
        let again: Pin<Box<dyn Future<Output = WriteEnd>>> =
            Box::pin(async move { record(&platform, &tag, mode, until).await });
        again.await;
    }
}
