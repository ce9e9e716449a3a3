//! KV for the flows: within time limits, because KV that hangs is KV that fails, and with as many keys
//! a read as a flow has.
//!
//! A runtime's own KV is closed in a [`RawKv`], which this file alone can open.

use std::future::Future;
use std::time::Duration;

use futures::future::{LocalBoxFuture, join_all};

use crate::isolate::rest::Rest;
use crate::platform::Platform;
use crate::platform::kv_error::KvError;
use crate::platform::kv_key::{KvKey, KvPrefix};
use crate::platform::tasks::within;

/// A read is waited for so long: a visitor may wait for it.
pub const READ_LIMIT: Duration = Duration::from_secs(3);
/// A write, a deletion or a listing is waited for so long.
pub const WRITE_LIMIT: Duration = Duration::from_secs(10);
const LIST_LIMIT: Duration = Duration::from_secs(10);
/// KV's own bound of a bulk read.
const KEYS_PER_READ: usize = 100;

/// A value to write to KV.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KvEntry {
    pub value: String,
    /// JSON, at most 1,024 bytes.
    pub metadata: Option<String>,
    pub life: Duration,
}

/// One page of a KV listing: names with their metadata as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KvPage {
    pub keys: Vec<(String, Option<String>)>,
    pub cursor: Option<String>,
}

/// The namespace `TAGS`. The flows use it through the functions of this file.
pub trait Kv {
    type Namespace: KvOperations + 'static;

    fn raw_kv(&self) -> RawKv<Self::Namespace>;
}

/// KV as a runtime has it. Each operation may take for ever.
pub trait KvOperations {
    /// The values of at most 100 keys, in their order.
    fn read(&self, keys: &[KvKey]) -> impl Future<Output = Result<Vec<Option<String>>, KvError>>;
    fn write(&self, key: &KvKey, entry: KvEntry) -> impl Future<Output = Result<(), KvError>>;
    fn delete(&self, key: &KvKey) -> impl Future<Output = Result<(), KvError>>;
    fn list(
        &self,
        prefix: &KvPrefix,
        cursor: Option<&str>,
        limit: u32,
    ) -> impl Future<Output = Result<KvPage, KvError>>;
}

/// A KV whose operations no flow can call.
pub struct RawKv<K>(K);

impl<K: KvOperations> RawKv<K> {
    pub fn new(kv: K) -> RawKv<K> {
        RawKv(kv)
    }
}

/// The value of a key.
pub async fn read_one<P: Platform>(platform: &P, key: &KvKey) -> Result<Option<String>, KvError> {
    let values = read(platform, std::slice::from_ref(key)).await?;
    Ok(values.into_iter().next().flatten())
}

/// The values of all keys, in their order.
pub async fn read<P: Platform>(
    platform: &P,
    keys: &[KvKey],
) -> Result<Vec<Option<String>>, KvError> {
    read_each(platform, keys).await.into_iter().collect()
}

/// The values of those keys that could be read, in the order of the keys: of many, some may fail.
pub async fn read_each<P: Platform>(
    platform: &P,
    keys: &[KvKey],
) -> Vec<Result<Option<String>, KvError>> {
    let bulks = keys.chunks(KEYS_PER_READ);
    let reads = join_all(bulks.clone().map(|keys| bulk_read(platform, keys))).await;
    let mut values = Vec::with_capacity(keys.len());
    for (keys, read) in bulks.zip(reads) {
        match read {
            Ok(read) => values.extend(read.into_iter().map(Ok)),
            Err(error) => values.extend(keys.iter().map(|_| Err(error.clone()))),
        }
    }
    values
}

async fn bulk_read<P: Platform>(
    platform: &P,
    keys: &[KvKey],
) -> Result<Vec<Option<String>>, KvError> {
    let rest = &platform.isolate().kv_rest;
    if rest.lasts(platform.now()) {
        return Err(KvError::Resting);
    }
    let result = match timed(platform, READ_LIMIT, platform.raw_kv().0.read(keys)).await {
        Ok(values) if values.len() != keys.len() => {
            Err(KvError::Other("KV answered for other keys than it was asked".to_owned()))
        }
        result => result,
    };
    if let Err(error) = &result {
        let length = if *error == KvError::TimedOut { Rest::LONG } else { Rest::SHORT };
        rest.begin(length, platform.now());
    }
    result
}

/// Writes an entry. One that times out may land later.
pub async fn write<P: Platform>(platform: &P, key: &KvKey, entry: KvEntry) -> Result<(), KvError> {
    timed(platform, WRITE_LIMIT, platform.raw_kv().0.write(key, entry)).await
}

/// What has become of a write when its time limit is over.
pub enum TimedWrite {
    Ended(Result<(), KvError>),
    /// It may land yet: the caller is to see to what that does.
    Late(LocalBoxFuture<'static, Result<(), KvError>>),
}

/// Writes an entry that does harm if it lands later than its time limit.
pub async fn timed_write<P: Platform>(platform: &P, key: &KvKey, entry: KvEntry) -> TimedWrite {
    let (kv, key) = (platform.raw_kv().0, key.clone());
    let mut writing: LocalBoxFuture<_> = Box::pin(async move { kv.write(&key, entry).await });
    match within(platform, WRITE_LIMIT, &mut writing).await {
        Some(written) => TimedWrite::Ended(written),
        None => TimedWrite::Late(writing),
    }
}

/// Deletes a key. A deletion that times out may take place later.
pub async fn delete<P: Platform>(platform: &P, key: &KvKey) -> Result<(), KvError> {
    timed(platform, WRITE_LIMIT, platform.raw_kv().0.delete(key)).await
}

/// One page of at most `limit` keys.
pub async fn list<P: Platform>(
    platform: &P,
    prefix: &KvPrefix,
    cursor: Option<&str>,
    limit: u32,
) -> Result<KvPage, KvError> {
    timed(platform, LIST_LIMIT, platform.raw_kv().0.list(prefix, cursor, limit)).await
}

/// `operation`, unless it takes longer than `limit`.
async fn timed<P: Platform, T>(
    platform: &P,
    limit: Duration,
    operation: impl Future<Output = Result<T, KvError>>,
) -> Result<T, KvError> {
    within(platform, limit, operation).await.unwrap_or(Err(KvError::TimedOut))
}
