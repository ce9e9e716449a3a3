//! A Worker without the binding, on a site that has or had a journal.
//!
//! What was published stays in force: the Worker judges pages by the published journals as well as
//! by records. Its own purges are records. Each leaves a mark in KV, so that an object that starts
//! knows that purges were made without it.

use std::time::Duration;

use crate::isolate::complaints::Complaint;
use crate::journal::block::Block;
use crate::journal::copy::JournalCopy;
use crate::journal::memory::JournalMemory;
use crate::platform::Platform;
use crate::platform::complain::complain;
use crate::platform::kv::{self, KvEntry};
use crate::platform::kv_error::KvError;
use crate::platform::kv_key::KvKey;
use crate::policy::time::Time;
use crate::policy::timing::{KV_WRITE_PACE, RECORD_LIFE};

/// Attempts to write a mark.
const ATTEMPTS: u32 = 4;

/// Reads the published journals. Most sites without the binding have none: that costs one read.
pub async fn find<P: Platform>(platform: &P) {
    let asked_at = platform.now();
    match published(platform).await {
        Ok(found) => {
            platform
                .isolate()
                .journal
                .with_mut(|journal| journal.replace_published(found, asked_at));
        }
        Err(error) => complain(platform, Complaint::KvRead, || {
            format!("published purge journals could not be read from KV: {error}")
        }),
    }
}

async fn published<P: Platform>(platform: &P) -> Result<Vec<JournalCopy>, KvError> {
    let Some(objects) = kv::read_one(platform, &KvKey::journals()).await? else {
        return Ok(Vec::new());
    };
    let keys: Vec<KvKey> = objects.split_whitespace().map(KvKey::journal).collect();
    let values = kv::read(platform, &keys).await?.into_iter();
    // A listed journal that KV does not show is not an empty one.
    let texts = values.collect::<Option<Vec<String>>>().ok_or_else(unreadable)?;
    let copy = |text: &String| JournalCopy::whole(Block::of_text(text)?, Time::default());
    texts.iter().map(copy).collect::<Option<Vec<_>>>().ok_or_else(unreadable)
}

fn unreadable() -> KvError {
    KvError::Other("a published purge journal is absent, or another version wrote it".to_owned())
}

/// Leaves a mark after a purge by records, if a journal was published. Returns whether it is there.
pub async fn leave_mark<P: Platform>(platform: &P) -> bool {
    let has_found = || platform.isolate().journal.with(JournalMemory::has_found);
    if has_found().is_none() {
        find(platform).await;
    }
    if has_found() == Some(false) {
        return true;
    }
    let value = format!("{} {:016x}", platform.now(), platform.random());
    for number in 0..ATTEMPTS {
        if number > 0 {
            // All purges write this one key, which takes one write a second.
            let by_chance = platform.random() % KV_WRITE_PACE.as_millis() as u64;
            platform.sleep(KV_WRITE_PACE * number + Duration::from_millis(by_chance)).await;
        }
        let entry = KvEntry { value: value.clone(), metadata: None, life: RECORD_LIFE };
        if kv::write(platform, &KvKey::mark(), entry).await.is_ok() {
            return true;
        }
    }
    false
}
