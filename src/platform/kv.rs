//! KV for the flows. Each operation has a time limit, because KV that hangs counts as KV that
//! fails. A read takes any number of keys.
//!
//! A runtime's own KV is inside a [`RawKv`], which only this file can open.

use std::cell::RefCell;
use std::future::Future;
use std::time::Duration;

use futures::FutureExt;
use futures::future::LocalBoxFuture;

use crate::platform::Platform;
use crate::platform::kv_error::KvError;
use crate::platform::kv_key::{KvKey, KvPrefix};
use crate::platform::tasks::{in_lanes, within};
use crate::policy::timing::{KV_LIST_LIMIT, KV_READ_LIMIT, KV_WRITE_LIMIT};

/// The most keys that KV allows in a bulk read.
const KEYS_PER_READ: usize = 100;

/// A value to write to KV.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KvEntry {
    /// The value.
    pub value: String,
    /// Metadata: JSON of at most 1,024 bytes.
    pub metadata: Option<String>,
    /// The time after which KV deletes the entry.
    pub life: Duration,
}

/// One page of a KV listing: names with their metadata as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KvPage {
    /// The names of the keys, each with its metadata.
    pub keys: Vec<(String, Option<String>)>,
    /// The cursor of the next page. `None`: this page is the last.
    pub cursor: Option<String>,
}

/// The namespace `TAGS`. The flows use it through the functions of this file.
pub trait Kv {
    /// The runtime's own KV.
    type Namespace: KvOperations + 'static;

    /// Returns the runtime's own KV. Only this file can use it.
    fn raw_kv(&self) -> RawKv<Self::Namespace>;
}

/// KV as a runtime provides it. Operations have no time limit here.
pub trait KvOperations {
    /// Reads the values of at most 100 keys, in their order.
    fn read(&self, keys: &[KvKey]) -> impl Future<Output = Result<Vec<Option<String>>, KvError>>;
    /// Writes an entry.
    fn write(&self, key: &KvKey, entry: KvEntry) -> impl Future<Output = Result<(), KvError>>;
    /// Deletes a key.
    fn delete(&self, key: &KvKey) -> impl Future<Output = Result<(), KvError>>;
    /// Lists a page of at most `limit` keys.
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
    /// Closes a runtime's KV to the flows.
    pub fn new(kv: K) -> RawKv<K> {
        RawKv(kv)
    }
}

/// Reads the value of a key. `None`: KV has no such key.
pub async fn read_one<P: Platform>(platform: &P, key: &KvKey) -> Result<Option<String>, KvError> {
    let values = read(platform, std::slice::from_ref(key)).await?;
    Ok(values.into_iter().next().flatten())
}

/// Reads the values of all keys, in their order. It fails if any read fails.
pub async fn read<P: Platform>(
    platform: &P,
    keys: &[KvKey],
) -> Result<Vec<Option<String>>, KvError> {
    read_each(platform, keys).await.into_iter().collect()
}

/// Reads the values of all keys, in their order. Each key has its own result: some may fail.
pub async fn read_each<P: Platform>(
    platform: &P,
    keys: &[KvKey],
) -> Vec<Result<Option<String>, KvError>> {
    let values: RefCell<Vec<_>> = RefCell::new(keys.iter().map(|_| Ok(None)).collect());
    let bulks = RefCell::new(keys.chunks(KEYS_PER_READ).enumerate());
    let next = || bulks.borrow_mut().next();
    let lane = || {
        let work = async {
            while let Some((place, keys)) = next() {
                let read = bulk_read(platform, keys).await;
                let from = place * KEYS_PER_READ;
                let mut values = values.borrow_mut();
                let values = &mut values[from..from + keys.len()];
                match read {
                    Ok(read) => values.iter_mut().zip(read).for_each(|(value, it)| *value = Ok(it)),
                    Err(error) => values.fill(Err(error)),
                }
            }
        };
        work.boxed_local()
    };
    in_lanes(keys.len().div_ceil(KEYS_PER_READ), &lane).await;
    values.take()
}

async fn bulk_read<P: Platform>(
    platform: &P,
    keys: &[KvKey],
) -> Result<Vec<Option<String>>, KvError> {
    let rest = &platform.isolate().kv_rest;
    if rest.lasts(platform.now()) {
        return Err(KvError::Resting);
    }
    let result = match timed(platform, KV_READ_LIMIT, platform.raw_kv().0.read(keys)).await {
        Ok(values) if values.len() != keys.len() => {
            Err(KvError::Other("KV answered for other keys than it was asked".to_owned()))
        }
        result => result,
    };
    if let Some(length) = result.as_ref().err().and_then(KvError::rest_after) {
        rest.begin(length, platform.now());
    }
    result
}

/// Writes an entry. KV may still take an entry after the time limit.
pub async fn write<P: Platform>(platform: &P, key: &KvKey, entry: KvEntry) -> Result<(), KvError> {
    timed(platform, KV_WRITE_LIMIT, platform.raw_kv().0.write(key, entry)).await
}

/// The state of a write at the end of its time limit.
pub enum TimedWrite {
    /// The write ended within its time limit.
    Ended(Result<(), KvError>),
    /// KV may still take it. The caller must await it and repair the harm that it does.
    Late(LocalBoxFuture<'static, Result<(), KvError>>),
}

/// Writes an entry that does harm if KV takes it after the time limit.
pub async fn timed_write<P: Platform>(platform: &P, key: &KvKey, entry: KvEntry) -> TimedWrite {
    let (kv, key) = (platform.raw_kv().0, key.clone());
    let mut writing: LocalBoxFuture<_> = Box::pin(async move { kv.write(&key, entry).await });
    match within(platform, KV_WRITE_LIMIT, &mut writing).await {
        Some(written) => TimedWrite::Ended(written),
        None => TimedWrite::Late(writing),
    }
}

/// Deletes a key. A deletion that times out may take place later.
pub async fn delete<P: Platform>(platform: &P, key: &KvKey) -> Result<(), KvError> {
    timed(platform, KV_WRITE_LIMIT, platform.raw_kv().0.delete(key)).await
}

/// Lists one page of at most `limit` keys. Pass the page's cursor to read the next.
pub async fn list<P: Platform>(
    platform: &P,
    prefix: &KvPrefix,
    cursor: Option<&str>,
    limit: u32,
) -> Result<KvPage, KvError> {
    timed(platform, KV_LIST_LIMIT, platform.raw_kv().0.list(prefix, cursor, limit)).await
}

/// Runs `operation`, and fails if it takes longer than `limit`.
async fn timed<P: Platform, T>(
    platform: &P,
    limit: Duration,
    operation: impl Future<Output = Result<T, KvError>>,
) -> Result<T, KvError> {
    within(platform, limit, operation).await.unwrap_or(Err(KvError::TimedOut))
}
