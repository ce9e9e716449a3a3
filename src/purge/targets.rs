//! Pure. Whether the response to an unsafe request invalidates anything, what it invalidates, and
//! what the other data centres are told of it (RFC 9111 §4.4, RFC 9875 §3).

use http::{HeaderMap, Method, StatusCode, header};

use crate::config::Invalidation;
use crate::fields::cache_control::joined;
use crate::fields::request::is_safe;
use crate::fields::structured::strings;
use crate::policy::key::CacheKey;
use crate::policy::tag::Tag;

/// The most groups that one response may invalidate; RFC 9875 §3 asks for 32 at least.
const GROUPS_MOST: usize = 64;

/// Tells whether a response invalidates.
/// "A cache MUST invalidate … when it receives a non-error status code in response to an unsafe
/// request method" (RFC 9111 §4.4).
pub fn invalidates(method: &Method, status: StatusCode) -> bool {
    !is_safe(method) && (status.is_success() || status.is_redirection())
}

/// Returns the pages that an unsafe request may have changed: its own URL, and the URLs of the same
/// origin that the response names (§4.4). Invalidate those that are stored or being fetched.
pub fn targets(key: &CacheKey, response: &HeaderMap) -> Vec<CacheKey> {
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

/// Returns the tag of a page's URL.
pub fn url_tag(key: &CacheKey) -> Tag {
    match key.query() {
        Some(query) => Tag::query(key.host(), key.path(), query),
        None => Tag::path(key.host(), key.path()),
    }
}

/// Returns the tags of the cache groups that a response invalidates.
pub fn groups(host: &str, response: &HeaderMap) -> Vec<Tag> {
    let field = header::HeaderName::from_static("cache-group-invalidation");
    let names = joined(response, &field).and_then(|value| strings(&value)).unwrap_or_default();
    names.iter().take(GROUPS_MOST).map(|name| Tag::group(host, name)).collect()
}

/// Returns the tags to purge in the other data centres, by the owner's setting. This isolate notes
/// a hard purge of all of them, whatever the setting.
pub fn told(setting: Invalidation, groups: Vec<Tag>, urls: Vec<Tag>) -> Vec<Tag> {
    match setting {
        Invalidation::Here => Vec::new(),
        Invalidation::Groups => groups,
        Invalidation::Everywhere => [groups, urls].concat(),
    }
}
