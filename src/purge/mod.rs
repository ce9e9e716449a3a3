//! Purging: one entry in the purge journal, or one record per tag in KV, whatever the number of
//! pages.
//!
//! With a journal, a purge is one request to its object (`purge/append.rs`). A site that had purges
//! before its journal writes records as well, for a day. Without a journal, purges are records. If a
//! journal was published, such a purge also leaves a mark, so that an object that starts knows of it
//! (`purge/recording.rs`).
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
pub mod recording;
pub mod records;
pub mod targets;

use std::slice;

use crate::journal::append::{Receipt, Sender};
use crate::platform::Platform;
use crate::platform::tasks::detached;
use crate::policy::fence::{PurgeMode, PurgeRecord};
use crate::policy::tag::Tag;
use crate::policy::time::Time;
use crate::purge::batches::{Limit, WriteEnd};

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

impl Purge {
    /// Notes how the write of a tag's record ended.
    fn note(&mut self, tag: Tag, ended: WriteEnd) {
        match ended {
            WriteEnd::Durable => return self.done.push(tag),
            WriteEnd::Failed => {}
            WriteEnd::Refused(limit) => self.limit = Some(limit),
        }
        self.failed.push(tag);
    }
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
    recording::write_all(platform, appended.done, mode).await
}

async fn by_records<P: Platform>(platform: &P, tags: Vec<Tag>, mode: PurgeMode) -> Purge {
    let purge = recording::write_all(platform, tags, mode).await;
    if purge.done.is_empty() {
        return purge;
    }
    let limit = match recording::leave_mark(platform).await {
        WriteEnd::Durable => return purge,
        WriteEnd::Failed => purge.limit,
        WriteEnd::Refused(limit) => Some(limit),
    };
    // Without the mark, an object that starts would not know of the purge.
    Purge { done: Vec::new(), failed: [purge.failed, purge.done].concat(), limit }
}
