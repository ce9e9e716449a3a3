//! Purging: one record per tag, whatever the number of pages.
//!
//! Each attempt to write a record is stamped anew, and an attempt that took longer than `skew`
//! counts as none: a record that became readable so late could miss a response whose rendering
//! began after the stamp and before the change (`policy::fence`).

use std::time::Duration;

use futures::stream::{self, StreamExt};

use crate::coordinator;
use crate::kv::within;
use crate::platform::{KvEntry, Platform};
use crate::policy::coordinator::Published;
use crate::policy::fence::{PurgeMode, PurgeRecord};
use crate::policy::stored::ascii_json;
use crate::policy::tag::Tag;
use crate::policy::time::Time;

/// Longer than any response is used (a year).
const RECORD_LIFE: Duration = Duration::from_secs(400 * 24 * 60 * 60);
/// A Worker has six connections; one is left for the rest of it.
const WRITES_AT_ONCE: usize = 5;
/// A write is waited for as long as it can count, and at least so long.
const LEAST_LIMIT: Duration = Duration::from_secs(3);
const ATTEMPTS: u32 = 4;
/// No attempt begins later than this: who asks must hear while they still listen.
const ALL_WITHIN: Duration = Duration::from_secs(20);
/// KV takes one write a second per key.
const FIRST_PAUSE: Duration = Duration::from_millis(1100);

/// Which of the tags have a durable record, and which have not.
#[derive(Debug, Default)]
pub struct Purge {
    pub done: Vec<Tag>,
    pub failed: Vec<Tag>,
}

/// Makes a record that only this isolate knows.
pub fn note<P: Platform>(platform: &P, tag: &Tag, mode: PurgeMode) {
    let now = platform.now();
    let record = PurgeRecord { at: now, id: format!("{:016x}", platform.random()) };
    platform.isolate().purges.borrow_mut().stamped(tag, mode, record, now);
}

/// Writes a record for each tag.
pub async fn purge<P: Platform>(platform: &P, tags: Vec<Tag>, mode: PurgeMode) -> Purge {
    let until = platform.now() + ALL_WITHIN;
    let written: Vec<(Tag, bool)> = stream::iter(tags)
        .map(|tag| async move {
            let done = record(platform, &tag, mode, until).await;
            (tag, done)
        })
        .buffer_unordered(WRITES_AT_ONCE)
        .collect()
        .await;
    let (done, failed): (Vec<_>, Vec<_>) = written.into_iter().partition(|(_, done)| *done);
    let tags = |list: Vec<(Tag, bool)>| list.into_iter().map(|(tag, _)| tag).collect();
    Purge { done: tags(done), failed: tags(failed) }
}

async fn record<P: Platform>(platform: &P, tag: &Tag, mode: PurgeMode, until: Time) -> bool {
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            let jitter = Duration::from_millis(platform.random() % 400);
            platform.sleep(FIRST_PAUSE * (1 << (attempt - 1)) + jitter).await;
        }
        if platform.now() >= until {
            return false;
        }
        if write(platform, tag, mode).await {
            return true;
        }
    }
    false
}

/// One attempt, with a stamp of its own.
async fn write<P: Platform>(platform: &P, tag: &Tag, mode: PurgeMode) -> bool {
    let at = platform.now();
    let record = PurgeRecord { at, id: format!("{:016x}", platform.random()) };
    platform.isolate().purges.borrow_mut().stamped(tag, mode, record.clone(), at);
    let entry = KvEntry { value: ascii_json(&record), metadata: None, life: RECORD_LIFE };
    let (key, skew) = (mode.record_key(tag), platform.config().skew);
    let written = within(platform, skew.max(LEAST_LIMIT), platform.kv_write(&key, entry)).await;
    let now = platform.now();
    match written {
        Ok(()) if now.since(at) <= skew => {
            platform.isolate().purges.borrow_mut().confirmed(tag, mode, record.clone(), now);
            let published = Published { tag: tag.clone(), mode, record };
            coordinator::publish(platform, published).await;
            true
        }
        Ok(()) => false,
        Err(error) => {
            if platform.isolate().log.allows("purge-write", now) {
                platform.log(&format!("a purge record could not be written to KV: {error}"));
            }
            false
        }
    }
}
