//! URLs that differ only in what `No-Vary-Search` excludes share a stored response.
//!
//! What a path's responses say of its queries is kept beside the path's own slot. It is looked for
//! only where a URL with a query is not stored itself: a hit costs nothing more.

use std::time::Duration;

use crate::fields::no_vary_search::NoVarySearch;
use crate::platform::Platform;
use crate::policy::key::CacheKey;

/// The key that `key` shares with others, if it is known to share one.
pub async fn shared_key<P: Platform>(platform: &P, key: &CacheKey) -> Option<CacheKey> {
    key.query()?;
    let known = platform.cache_note(&key.search_slot()).await?;
    let shared = NoVarySearch::parse(&known)?.shared(key);
    (shared != *key).then_some(shared)
}

/// Keeps what a response said, for as long as the response is kept.
pub async fn learn<P: Platform>(platform: &P, key: &CacheKey, said: &str, life: Duration) {
    // Should it not be kept, its URLs do not share for now.
    let _ = platform.cache_write_note(&key.search_slot(), said.to_owned(), life).await;
}

/// A response of the path says nothing of the kind any more.
pub async fn forget<P: Platform>(platform: &P, key: &CacheKey) {
    platform.cache_delete(&key.search_slot()).await;
}
