//! KV within a time limit: KV that hangs is KV that fails.

use std::future::Future;
use std::time::Duration;

use futures::future::{Either, select};
use futures::pin_mut;

use crate::platform::Platform;
use crate::platform::kv_error::KvError;
use crate::platform::kv_key::KvKey;

/// A read is waited for so long.
pub const READ_LIMIT: Duration = Duration::from_secs(3);
/// The pause after a failure.
const REST: Duration = Duration::from_secs(1);
/// The pause after a timeout: it cost a request the whole limit.
const LONG_REST: Duration = Duration::from_secs(10);

/// One bulk read of at most 100 keys.
pub async fn bulk_read<P: Platform>(
    platform: &P,
    keys: &[KvKey],
) -> Result<Vec<Option<String>>, KvError> {
    let resting = &platform.isolate().kv_resting_until;
    if resting.get().is_some_and(|until| platform.now() < until) {
        return Err(KvError::Resting);
    }
    let result = match within(platform, READ_LIMIT, platform.kv_read(keys)).await {
        Ok(values) if values.len() != keys.len() => {
            Err(KvError::Other("KV answered for other keys than it was asked".to_owned()))
        }
        result => result,
    };
    if result.is_err() {
        let now = platform.now();
        let hung = matches!(result, Err(KvError::TimedOut));
        resting.set(Some(now + if hung { LONG_REST } else { REST }));
    }
    result
}

/// `operation`, unless it takes longer than `limit`.
pub async fn within<P: Platform, T>(
    platform: &P,
    limit: Duration,
    operation: impl Future<Output = Result<T, KvError>>,
) -> Result<T, KvError> {
    let timeout = platform.sleep(limit);
    pin_mut!(operation, timeout);
    match select(operation, timeout).await {
        Either::Left((result, _)) => result,
        Either::Right(_) => Err(KvError::TimedOut),
    }
}
