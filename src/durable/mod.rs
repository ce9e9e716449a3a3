//! The durable tier: pages that all data centres share, in the KV namespace `PAGES`.
//!
//! A data centre's cache forgets, and a page in it helps no other data centre. The tier is asked
//! between the cache and the origin, under the page's lease. A page that it has is put into the cache,
//! and judged there as any other.
//!
//! **No purge is lost by it.** A copy keeps the time and the purges of the request that brought it
//! (`policy::fence`). So a purge that outdates the page outdates each copy, whichever tier has it.
//!
//! **No copy overtakes another for long.** A write reads the head of the entry first, and gives way to
//! a later response. KV has no compare-and-swap, so an earlier response may still land last. It is
//! shown only while its own lifetime holds, and no purge outdates it.
//!
//! **What turned private, or was changed by a visitor's request, does not come back.** The entry is
//! deleted. KV may show it for another minute, so the data centre notes the time, and restores nothing
//! from before ([`forget`]).
//!
//! In scope: pages whose bodies are held in memory. Out of scope: bodies that are stored apart, which
//! are larger than 1 MiB, and the pages of scripts of other sites.
//!
//! | file | content |
//! |---|---|
//! | `key` | the keys of entries |
//! | `worth` | the pages that are worth a write |
//! | `restore` | from the tier into the data centre |
//! | `keep` | from the data centre into the tier |
//! | `serve` | from the tier to the visitor, before or beside the origin |

pub mod keep;
pub mod key;
pub mod restore;
pub mod serve;
pub mod worth;

use std::time::Duration;

use crate::platform::Platform;
use crate::policy::key::{CacheKey, Slot};
use crate::policy::time::Time;

/// The time for which a data centre remembers that it must restore nothing from before. KV shows a
/// deletion after a minute or a little more.
const FORGOTTEN_FOR: Duration = Duration::from_secs(10 * 60);

/// Forgets a page: what was fetched until now is not restored in this data centre, and is deleted from
/// the tier in the background.
pub async fn forget<P: Platform>(platform: &P, page: &CacheKey) {
    if !platform.has_tier() {
        return;
    }
    // Another data centre's clock may be ahead.
    let until = platform.now() + platform.config().skew;
    // A note that the cache does not keep is one of a cache that keeps nothing.
    let _ = platform.cache_write_note(&note(page), until.0.to_string(), FORGOTTEN_FOR).await;
    let (platform, page) = (platform.clone(), page.clone());
    platform.clone().defer(async move {
        keep::delete(&platform, &page).await;
    });
}

/// Forgets a page if the tier has it from before a response that is not kept there.
pub async fn forget_earlier<P: Platform>(platform: &P, page: &CacheKey, than: Time) {
    if platform.has_tier() && keep::fetched_at(platform, page).await.is_some_and(|at| at < than) {
        forget(platform, page).await;
    }
}

/// The time until which this data centre has forgotten a page.
async fn forgotten_until<P: Platform>(platform: &P, page: &CacheKey) -> Option<Time> {
    platform.cache_note(&note(page)).await?.parse().ok().map(Time)
}

fn note(page: &CacheKey) -> Slot {
    page.slot().beside("forgotten")
}
