//! A Worker without the binding, on a site that has or had a journal.
//!
//! What was published stays in force: the Worker judges pages by the published journals as well as
//! by records. Its own purges are records. Each leaves a mark in KV, so that an object that starts
//! knows that purges were made without it.

use crate::isolate::complaints::Complaint;
use crate::journal::block::Block;
use crate::journal::copy::JournalCopy;
use crate::platform::Platform;
use crate::platform::complain::complain;
use crate::platform::kv;
use crate::platform::kv_error::KvError;
use crate::platform::kv_key::KvKey;
use crate::policy::time::Time;

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
