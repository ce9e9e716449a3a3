//! The fields of a response that are meant for its visitor.

use http::header;
use http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::fields::cache_control::{joined, list};
use crate::fields::forwarding::OURS_ALONE;
use crate::policy::tag;

/// The field with directives for the caches of all CDNs. No browser reads it.
const TARGETED_AT_CDNS: HeaderName = HeaderName::from_static("cdn-cache-control");

/// Removes the fields meant for this cache: its own directives, the tags unless `keep_tags`, and
/// the directives for shared caches unless `keep_shared`.
pub fn for_visitor(headers: &mut HeaderMap, keep_tags: bool, keep_shared: bool) {
    for name in &OURS_ALONE {
        headers.remove(name);
    }
    if !keep_shared {
        for_browser(headers);
    }
    say_what_codings_select(headers);
    if !keep_tags {
        for name in &tag::FIELDS {
            headers.remove(name);
        }
    }
}

/// The visitors that a response may be shown to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// All visitors.
    All,
    /// The visitor whose own request brought it.
    OneVisitor,
}

/// Replaces the lifetime for browsers. Other directives for them would contradict it. A cache behind
/// the edge must not share what is for one visitor.
pub fn say_lifetime(headers: &mut HeaderMap, audience: Audience, seconds: u64) {
    headers.remove(header::EXPIRES);
    headers.remove(header::PRAGMA);
    // A number is always part of a legal value.
    if let Ok(value) = HeaderValue::try_from(format!("{}max-age={seconds}", audience.directive())) {
        headers.insert(header::CACHE_CONTROL, value);
    }
}

impl Audience {
    fn directive(self) -> &'static str {
        match self {
            Audience::All => "",
            Audience::OneVisitor => "private, ",
        }
    }
}

/// Adds `Accept-Encoding` to `Vary` for a coded body, even if the origin does not. A cache between
/// the edge and the client must know that the body is not for every client.
fn say_what_codings_select(headers: &mut HeaderMap) {
    if !headers.contains_key(header::CONTENT_ENCODING) {
        return;
    }
    let names = joined(headers, &header::VARY).unwrap_or_default();
    let is_said = |name: &str| name == "*" || name.eq_ignore_ascii_case("accept-encoding");
    if !list(&names).any(is_said) {
        headers.append(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
}

/// Leaves the directives that a browser may use. A purge does not reach a browser, and browsers
/// honour `stale-while-revalidate`. If no lifetime for browsers is left, `max-age=0` is added.
fn for_browser(headers: &mut HeaderMap) {
    const SHARED: [&str; 3] = ["s-maxage", "stale-while-revalidate", "stale-if-error"];
    let targeted = headers.remove(TARGETED_AT_CDNS).is_some();
    let value = joined(headers, &header::CACHE_CONTROL).unwrap_or_default();
    // Most values have none of these directives, and need no parsing.
    let lower = value.to_ascii_lowercase();
    if !targeted && !SHARED.iter().any(|directive| lower.contains(directive)) {
        return;
    }
    let is = |member: &str, directive: &str| {
        let name = member.split('=').next().unwrap_or("").trim();
        name.eq_ignore_ascii_case(directive)
    };
    let is_shared = |member: &&str| SHARED.iter().any(|directive| is(member, directive));
    let mut kept: Vec<&str> = list(&value).filter(|member| !is_shared(member)).collect();
    let says = |wanted: &str| kept.iter().any(|member| is(member, wanted));
    let has_lifetime = ["max-age", "no-store", "no-cache"].iter().any(|name| says(name))
        || headers.contains_key(header::EXPIRES);
    if !has_lifetime {
        kept.push("max-age=0");
    }
    // Each letter is a byte that `joined` has read, and becomes that byte again.
    let bytes: Vec<u8> = kept.join(", ").chars().map(|letter| letter as u8).collect();
    if let Ok(value) = HeaderValue::from_bytes(&bytes) {
        headers.insert(header::CACHE_CONTROL, value);
    }
}
