//! What an unsafe request invalidates (RFC 9111 §4.4), and the cache groups that its answer names
//! (RFC 9875 §3): a Django view can purge by answering its own POST.
//!
//! Where something is stored here, its slot is emptied before the visitor has the answer. Where it is,
//! or is being fetched by this isolate, a hard purge of the URL is recorded for everywhere else.
//! Neither, and nothing is recorded: or anyone's POSTs would spend the day's writes.

use http::{HeaderMap, StatusCode, header};

use crate::lookup::read;
use crate::platform::Platform;
use crate::policy::cache_control::joined;
use crate::policy::fence::PurgeMode;
use crate::policy::key::CacheKey;
use crate::policy::structured::strings;
use crate::policy::tag::Tag;
use crate::purge::{note, purge};
use crate::visit::Visit;

/// Groups that one answer may invalidate; RFC 9875 §3 asks for 32 at least.
const GROUPS_MOST: usize = 64;
/// Purges that visitors may cause in an isolate; past it, invalidation holds in this isolate, and in
/// the data centre for the first variant.
const WRITES_PER_MINUTE: u32 = 60;

/// Sees to it, once the origin has answered.
pub async fn after<P: Platform>(
    platform: &P,
    visit: &Visit,
    status: StatusCode,
    response: &HeaderMap,
) {
    // "A cache MUST invalidate … when it receives a non-error status code in response to an unsafe
    // request method."
    if visit.method.is_safe() || !(status.is_success() || status.is_redirection()) {
        return;
    }
    let mut tags = groups(visit.key.host(), response);
    for key in targets(&visit.key, response) {
        let is_asked_for = is_asked_for(platform, &key);
        if !empty(platform, &key).await && !is_asked_for {
            continue;
        }
        match spends(platform) {
            true => tags.push(url_tag(&key)),
            false => note(platform, &url_tag(&key), PurgeMode::Hard),
        }
    }
    if !tags.is_empty() {
        let platform = platform.clone();
        platform.clone().defer(async move {
            let outcome = purge(&platform, tags, PurgeMode::Hard).await;
            for tag in outcome.failed {
                platform.log(&format!("{tag} was invalidated in this data centre only"));
            }
        });
    }
}

/// The URL itself, and those of the same origin that the answer names (§4.4).
fn targets(key: &CacheKey, response: &HeaderMap) -> Vec<CacheKey> {
    let named = [header::LOCATION, header::CONTENT_LOCATION]
        .iter()
        .filter_map(|name| key.resolve(joined(response, name)?.trim()));
    let same_origin =
        named.filter(|named| named.host() == key.host() && named.scheme() == key.scheme());
    let mut targets = vec![key.clone()];
    targets.extend(same_origin);
    targets.dedup();
    targets
}

/// Empties a page's slot; false where there was nothing.
async fn empty<P: Platform>(platform: &P, key: &CacheKey) -> bool {
    let slot = key.slot();
    let Some((_, body)) = read(platform, &slot).await else { return false };
    platform.discard(body);
    platform.cache_delete(&slot).await;
    true
}

/// Whether the page is on its way from the origin to this isolate, perhaps as it was before.
fn is_asked_for<P: Platform>(platform: &P, key: &CacheKey) -> bool {
    platform.isolate().leases.borrow().holder(&key.slot(), platform.now()).is_some()
}

fn spends<P: Platform>(platform: &P) -> bool {
    let budget = &platform.isolate().invalidations;
    let left = budget.left(WRITES_PER_MINUTE, platform.now()) > 0;
    budget.spend(u32::from(left));
    left
}

fn url_tag(key: &CacheKey) -> Tag {
    match key.query() {
        Some(query) => Tag::query(key.host(), key.path(), query),
        None => Tag::path(key.host(), key.path()),
    }
}

fn groups(host: &str, response: &HeaderMap) -> Vec<Tag> {
    let field = header::HeaderName::from_static("cache-group-invalidation");
    let names = joined(response, &field).and_then(|value| strings(&value)).unwrap_or_default();
    names.iter().take(GROUPS_MOST).map(|name| Tag::group(host, name)).collect()
}
