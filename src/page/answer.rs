//! The responses that a visitor is sent.
//!
//! Every response carries `Cache-Status`. Whichever way a response came about, the header fields
//! that are meant for caches alone are removed here.

use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, StatusCode};

use crate::fields::cache_status::{CacheStatus, Detail};
use crate::fields::conditional;
use crate::fields::forwarding;
use crate::fields::range::{self, Part};
use crate::fields::response::{self, Audience};
use crate::json::members::Members;
use crate::page::visit::Visit;
use crate::platform::{OriginError, Platform, Response};
use crate::policy::freshness::age_value;
use crate::policy::stored::StoredResponse;

/// Makes the response of a stored one, or of one that was just fetched to be stored.
pub fn stored<P: Platform>(
    platform: &P,
    visit: &Visit,
    response: &StoredResponse,
    body: P::Body,
    status: CacheStatus,
) -> Response<P::Body> {
    let mut headers = response.headers.clone();
    headers.insert(header::AGE, HeaderValue::from(response.age_for_visitor(platform.now())));
    for_visitor(platform, visit, response.status, response.browser_ttl, &mut headers);
    complete(platform, visit, Response::new(response.status, headers, body), status)
}

/// Makes a response of a part of a stored one, or a 416 (RFC 9110 §15.3.7, §15.5.17). `body` is
/// that part already.
pub fn part<P: Platform>(
    platform: &P,
    visit: &Visit,
    response: &StoredResponse,
    body: P::Body,
    status: CacheStatus,
    part: Part,
    length: u64,
) -> Response<P::Body> {
    let mut headers = response.headers.clone();
    headers.insert(header::AGE, HeaderValue::from(response.age_for_visitor(platform.now())));
    range::describe(part, length, &mut headers);
    for_visitor(platform, visit, response.status, response.browser_ttl, &mut headers);
    say(visit, status, &mut headers);
    let status = match part {
        Part::Unsatisfiable => StatusCode::RANGE_NOT_SATISFIABLE,
        _ => StatusCode::PARTIAL_CONTENT,
    };
    Response::new(status, headers, body)
}

/// Makes the visitor's response from the origin's that is not stored.
pub fn passed_on<P: Platform>(
    platform: &P,
    visit: &Visit,
    mut response: Response<P::Body>,
    status: CacheStatus,
) -> Response<P::Body> {
    // A 101 needs its `Connection` and `Upgrade`: the WebSocket depends on them.
    if response.status != StatusCode::SWITCHING_PROTOCOLS {
        forwarding::drop_hop_by_hop(&mut response.headers);
    }
    let age = age_value(&response.headers).as_secs();
    response.headers.insert(header::AGE, HeaderValue::from(age));
    for_visitor(platform, visit, response.status, None, &mut response.headers);
    complete(platform, visit, response, status)
}

/// Adds the fields that every response has. It becomes a 304 if the visitor's validators match, and
/// loses its body for a HEAD.
fn complete<P: Platform>(
    platform: &P,
    visit: &Visit,
    mut response: Response<P::Body>,
    status: CacheStatus,
) -> Response<P::Body> {
    say(visit, status, &mut response.headers);
    let seen = conditional::is_not_modified(
        &visit.method,
        &*visit.fields,
        response.status,
        &response.headers,
    );
    if seen {
        response.status = StatusCode::NOT_MODIFIED;
        conditional::keep_for_304(&mut response.headers);
    }
    if seen || visit.method == Method::HEAD {
        response.body = platform.empty_body();
    }
    response
}

/// Removes the fields that are meant for caches, unless a setting keeps them. `browser_ttl` is the
/// lifetime that a rule gives browsers, if one does.
pub(super) fn for_visitor<P: Platform>(
    platform: &P,
    visit: &Visit,
    status: StatusCode,
    browser_ttl: Option<u64>,
    headers: &mut HeaderMap,
) {
    let config = platform.config();
    response::for_visitor(headers, config.keep_tag_headers, config.keep_shared_directives);
    if let Some(seconds) = browser_ttl {
        response::say_lifetime(headers, Audience::All, seconds);
    }
    config.rules().change_response(&visit.key, status, headers);
}

/// Adds `Cache-Status`, and for a request that is being timed the key and the times.
pub(super) fn say(visit: &Visit, mut status: CacheStatus, headers: &mut HeaderMap) {
    if let Some(server_timing) = &visit.server_timing {
        status.key = Some(visit.key.url());
        server_timing.append_to(headers);
    }
    status.append_to(headers);
}

/// Makes the problem response for an origin that gave no response, where no stored one could stand
/// in.
pub fn failed<P: Platform>(
    platform: &P,
    error: &OriginError,
    status: CacheStatus,
) -> Response<P::Body> {
    let title = match error {
        OriginError::TimedOut => "The origin did not answer in time",
        OriginError::Unreachable(_) => "The origin could not be reached",
        OriginError::Unasked => "The origin sent a 304 that nothing asked for",
    };
    let mut response = problem(platform, error.status(), title, &error.to_string());
    status.append_to(&mut response.headers);
    response
}

/// Makes the 504 for a visitor that forbids a request to the origin (RFC 9111 §5.2.1.7).
pub fn only_if_cached<P: Platform>(platform: &P) -> Response<P::Body> {
    let status = StatusCode::GATEWAY_TIMEOUT;
    let text = "The request says only-if-cached, and nothing stored can answer it.";
    own_problem(platform, Detail::OnlyIfCached, status, "Not cached", text)
}

/// Makes the response for a request that waited for another one, whose request to the origin
/// failed.
pub fn shared_failure<P: Platform>(
    platform: &P,
    failure: u16,
    status: CacheStatus,
) -> Response<P::Body> {
    let mut response = problem(
        platform,
        StatusCode::from_u16(failure).unwrap_or(StatusCode::BAD_GATEWAY),
        "The origin failed",
        "Another request for this page asked the origin a moment ago; its failure is shared.",
    );
    status.append_to(&mut response.headers);
    response
}

/// Makes an error response in the form of RFC 9457. The caller adds `Cache-Status`.
pub fn problem<P: Platform>(
    platform: &P,
    status: StatusCode,
    title: &str,
    detail: &str,
) -> Response<P::Body> {
    problem_response(status, title, detail, |bytes| platform.bytes_body(&bytes))
}

/// Makes a [`problem`] of the edge's own, with the reason in `Cache-Status`.
pub fn own_problem<P: Platform>(
    platform: &P,
    why: Detail,
    status: StatusCode,
    title: &str,
    detail: &str,
) -> Response<P::Body> {
    own_problem_response(why, status, title, detail, |bytes| platform.bytes_body(&bytes))
}

/// Makes an [`own_problem`] where there is no platform yet.
pub fn own_problem_response<B>(
    why: Detail,
    status: StatusCode,
    title: &str,
    detail: &str,
    body: impl FnOnce(Vec<u8>) -> B,
) -> Response<B> {
    let mut response = problem_response(status, title, detail, body);
    CacheStatus::default().detail(why).append_to(&mut response.headers);
    response
}

/// Builds the problem for both kinds of caller.
fn problem_response<B>(
    status: StatusCode,
    title: &str,
    detail: &str,
    body: impl FnOnce(Vec<u8>) -> B,
) -> Response<B> {
    let problem = Members::default().text("title", title).number("status", status.as_u16().into());
    json_response(status, PROBLEM, problem.text("detail", detail).end(), body)
}

/// The media type of the control routes' responses.
pub const JSON: &str = "application/json";
/// The media type of a problem (RFC 9457).
pub const PROBLEM: &str = "application/problem+json";

/// Makes a response of the edge's own of a JSON text. No cache may store it.
pub fn of_json<P: Platform>(
    platform: &P,
    status: StatusCode,
    content_type: &'static str,
    text: String,
) -> Response<P::Body> {
    json_response(status, content_type, text, |bytes| platform.bytes_body(&bytes))
}

/// Builds the JSON response; `body` turns the bytes into the platform's body.
fn json_response<B>(
    status: StatusCode,
    content_type: &'static str,
    text: String,
    body: impl FnOnce(Vec<u8>) -> B,
) -> Response<B> {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::AGE, HeaderValue::from_static("0"));
    let mut bytes = text.into_bytes();
    bytes.push(b'\n');
    Response::new(status, headers, body(bytes))
}
