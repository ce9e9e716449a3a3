//! URLs that differ only in parameters that `No-Vary-Search` excludes share a stored response.
//!
//! The rule of a path is a note beside the path's own slot. It is read only after a miss of a URL
//! with a query: a hit costs nothing more.

use std::time::Duration;

use crate::fields::no_vary_search::NoVarySearch;
use crate::platform::Platform;
use crate::policy::key::CacheKey;

/// Returns the key that `key` shares with other URLs, if such a key is known. Look the page up
/// again under it.
pub async fn shared_key<P: Platform>(platform: &P, key: &CacheKey) -> Option<CacheKey> {
    key.query()?;
    let known = platform.cache_note(&key.search_slot()).await?;
    let shared = NoVarySearch::parse(&known)?.shared(key);
    (shared != *key).then_some(shared)
}

/// Notes the `No-Vary-Search` of a response, for as long as the response is kept.
pub async fn learn<P: Platform>(platform: &P, key: &CacheKey, said: &str, life: Duration) {
    // A note that is not kept does no harm: its URLs share no response for now.
    let _ = platform.cache_write_note(&key.search_slot(), said.to_owned(), life).await;
}

/// Deletes the note: the path's newest response has no `No-Vary-Search` any more.
pub async fn forget<P: Platform>(platform: &P, key: &CacheKey) {
    platform.cache_delete(&key.search_slot()).await;
}
