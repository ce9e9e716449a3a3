//! Conditional requests: a visitor's against the stored response, and the edge's to the origin
//! (RFC 9110 §13, RFC 9111 §4.3).

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};

use crate::fields::cache_control::{joined, list};
use crate::fields::forwarding;
use crate::fields::request::RequestFields;
use crate::policy::time::Time;

/// Returns an entity tag without `W/`: caches compare nothing else (RFC 9110 §8.8.3.2).
fn opaque(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

/// Tells whether the visitor has this response already. Respond with 304 then.
pub fn is_not_modified(
    method: &Method,
    request: &dyn RequestFields,
    status: StatusCode,
    response: &HeaderMap,
) -> bool {
    if status != StatusCode::OK || !matches!(*method, Method::GET | Method::HEAD) {
        return false;
    }
    // "A recipient MUST ignore If-Modified-Since if the request contains an If-None-Match"
    // (§13.1.3).
    if let Some(wanted) = request.value("if-none-match") {
        let Some(own) = joined(response, &header::ETAG) else { return wanted.trim() == "*" };
        return wanted.trim() == "*"
            || list(&wanted).any(|wanted| opaque(wanted) == opaque(own.trim()));
    }
    let Some(since) = request.value("if-modified-since") else { return false };
    // "If … Last-Modified … is not present …, use the … Date" (RFC 9111 §4.3.2).
    let modified = joined(response, &header::LAST_MODIFIED);
    let Some(modified) = modified.or_else(|| joined(response, &header::DATE)) else { return false };
    let times = (Time::from_http_date(&since), Time::from_http_date(&modified));
    matches!(times, (Some(since), Some(modified)) if modified <= since)
}

/// Leaves a 304's fields: those "that would have been sent in a 200" and guide a cache
/// (RFC 9110 §15.4.5), and the edge's own. Fields that describe a body are removed.
pub fn keep_for_304(headers: &mut HeaderMap) {
    const ABOUT_A_BODY: [HeaderName; 5] = [
        header::CONTENT_LENGTH,
        header::CONTENT_ENCODING,
        header::CONTENT_TYPE,
        header::CONTENT_LANGUAGE,
        header::CONTENT_RANGE,
    ];
    for name in &ABOUT_A_BODY {
        headers.remove(name);
    }
}

/// Returns the conditions for a request that revalidates `stored` (RFC 9111 §4.3.1).
pub fn conditions(stored: &HeaderMap) -> Vec<(HeaderName, HeaderValue)> {
    [(header::ETAG, header::IF_NONE_MATCH), (header::LAST_MODIFIED, header::IF_MODIFIED_SINCE)]
        .into_iter()
        .filter_map(|(own, condition)| Some((condition, stored.get(own)?.clone())))
        .collect()
}

/// Tells whether a 304 is about `stored` (RFC 9111 §4.3.4): a validator in it must be the stored
/// one's.
pub fn selects(not_modified: &HeaderMap, stored: &HeaderMap) -> bool {
    if let Some(tag) = joined(not_modified, &header::ETAG) {
        return joined(stored, &header::ETAG)
            .is_some_and(|own| opaque(own.trim()) == opaque(tag.trim()));
    }
    match joined(not_modified, &header::LAST_MODIFIED) {
        Some(modified) => joined(stored, &header::LAST_MODIFIED) == Some(modified),
        None => true,
    }
}

/// Returns the fields of a stored response after a 304.
/// "…the cache MUST add each header field in the provided response to the stored response,
/// replacing field values that are already present" (RFC 9111 §3.2). Fields that
/// describe the stored body are kept.
pub fn updated(stored: &HeaderMap, not_modified: &HeaderMap) -> HeaderMap {
    const OF_THE_BODY: [HeaderName; 4] = [
        header::CONTENT_ENCODING,
        header::CONTENT_LENGTH,
        header::CONTENT_RANGE,
        header::CONTENT_TYPE,
    ];
    let mut fresh = not_modified.clone();
    forwarding::drop_hop_by_hop(&mut fresh);
    OF_THE_BODY.iter().for_each(|name| {
        fresh.remove(name);
    });
    let mut updated = stored.clone();
    for name in fresh.keys() {
        updated.remove(name);
    }
    // A field that the origin's own cache no longer sends must not stay.
    updated.remove(header::AGE);
    for name in ["x-nextjs-cache", "x-vercel-cache", "cf-cache-status", "cache-status"] {
        updated.remove(name);
    }
    for (name, value) in &fresh {
        updated.append(name, value.clone());
    }
    updated
}
