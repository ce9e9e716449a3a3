//! Requests to the origin: their header fields and URL, and the requests that go past the cache.

use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, StatusCode};

use crate::fields::cache_status::{CacheStatus, Detail};
use crate::fields::conditional;
use crate::fields::forwarding;
use crate::fields::relocation;
use crate::fields::request::is_safe;
use crate::page::answer;
use crate::page::visit::Visit;
use crate::platform::tasks::detached;
use crate::platform::{OriginError, Platform, Request, Response};
use crate::policy::bypass::Bypass;
use crate::policy::refresh::plain::ForwardHeaders;
use crate::purge::invalidate;
use crate::warmup::WARMUP;

/// Forwards a visitor's request with its body. The response is for this visitor alone and is never
/// stored.
///
/// After an unsafe method the stored responses that it concerns are invalidated (RFC 9111 §4.4),
/// before the visitor sees the response, and also if the visitor hangs up.
pub async fn bypass<P: Platform>(
    platform: &P,
    visit: &Visit,
    body: Option<P::Body>,
    status: CacheStatus,
) -> Response<P::Body> {
    let answer = if is_safe(&visit.method) {
        fetch(platform, visit, own_request(visit, body)).await
    } else {
        let (then, own) = (platform.clone(), visit.clone());
        let changed = detached(platform, async move { change(&then, &own, body).await });
        changed.await.unwrap_or(Err(OriginError::Unasked))
    };
    match answer {
        Ok(response) => {
            // broken: own-refusal-drops
            answer::passed_on(platform, visit, response, status)
        }
        Err(error) => answer::failed(platform, &error, status),
    }
}

/// Sends an unsafe request to the origin, and invalidates what it may have changed.
async fn change<P: Platform>(
    platform: &P,
    visit: &Visit,
    body: Option<P::Body>,
) -> Result<Response<P::Body>, OriginError> {
    let response = fetch(platform, visit, own_request(visit, body)).await?;
    invalidate::after(platform, visit, response.status, &response.headers).await;
    Ok(response)
}

/// The `Cache-Status` of a bypassed request.
pub fn bypass_status(reason: Bypass) -> CacheStatus {
    CacheStatus::forwarded(reason.forward()).detail(reason.detail())
}

/// Sends a request to the origin. Redirects that name the origin's own address are rewritten to the
/// visitor's host.
pub async fn fetch<P: Platform>(
    platform: &P,
    visit: &Visit,
    request: Request<P::Body>,
) -> Result<Response<P::Body>, OriginError> {
    let mut response = visit.timed(platform, "origin", platform.fetch(request)).await?;
    if let Some(origin) = &platform.config().origin {
        let own = format!("{}://{}", visit.key.scheme(), visit.key.host());
        relocation::relocate(&mut response.headers, &origin.host, &own);
    }
    Ok(response)
}

/// The visitor's own request as it came: with its method, its conditions and its range.
fn own_request<B>(visit: &Visit, body: Option<B>) -> Request<B> {
    let mut headers = visit.fields.all();
    // A WebSocket handshake needs the fields of its connection.
    if !headers.contains_key(header::UPGRADE) {
        forwarding::drop_hop_by_hop(&mut headers);
    }
    forwarding::drop_overrides(&mut headers, &visit.method);
    headers.remove(WARMUP);
    let address = visit.fields.value(forwarding::ADDRESS);
    request(visit, visit.method.clone(), headers, address.as_deref(), body)
}

/// The visitor's own request for a whole page: a GET without conditions or a range. Its response is
/// for this visitor.
pub fn own_page_request<B>(visit: &Visit) -> Request<B> {
    let address = visit.fields.value(forwarding::ADDRESS);
    let mut headers = visit.carried();
    headers.remove(WARMUP);
    request(visit, Method::GET, headers, address.as_deref(), None)
}

/// The plain request for a page, whose response is for all visitors.
///
/// `plain` is what it carries of the visitor's fields. `stored` is the response that the origin is
/// asked to validate.
pub fn plain_request<B>(
    visit: &Visit,
    plain: &HeaderMap,
    stored: Option<&HeaderMap>,
) -> Request<B> {
    let mut headers = plain.clone();
    // broken: plain-with-a-cookie
    if !headers.contains_key(header::USER_AGENT)
        && visit.config.plain.forward_headers != ForwardHeaders::All
    {
        headers.insert(header::USER_AGENT, visit.config.plain.user_agent.clone());
    }
    for (name, value) in stored.map(conditional::conditions).unwrap_or_default() {
        headers.insert(name, value);
    }
    if visit.warming.is_some() {
        headers.insert(WARMUP, HeaderValue::from_static("1"));
    }
    let request = request(visit, Method::GET, headers, None, None);
    // The URL is spelt as the key is: the response is for all visitors, whatever their spelling.
    let url = match &visit.config.origin {
        Some(origin) => {
            format!("{}://{}{}", origin.scheme, origin.host, visit.key.path_and_query())
        }
        None => visit.key.url(),
    };
    Request { url, ..request }
}

/// Adds the fields of every request to the origin: `X-Forwarded-…`, `Via`, `Cache-Control`, and
/// those from the settings.
fn request<B>(
    visit: &Visit,
    method: Method,
    mut headers: HeaderMap,
    address: Option<&str>,
    body: Option<B>,
) -> Request<B> {
    let (key, config) = (&visit.key, &visit.config);
    forwarding::add_forwarded(&mut headers, key.scheme(), key.host(), address);
    forwarding::add_via(&mut headers);
    // The runtime would add `no-cache`. Express, and servers that share its code, never respond
    // with a 304 to that.
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("max-age=0"));
    }
    config.rules().change_request(key, &mut headers);
    for (name, value) in &config.plain.origin_headers {
        headers.insert(name, value.clone());
    }
    headers.remove(forwarding::DEBUG);
    // The runtime sets `Host` from the URL of the request.
    headers.remove(header::HOST);
    let url = match &config.origin {
        Some(origin) => format!("{}://{}{}", origin.scheme, origin.host, visit.path_and_query()),
        None => visit.url.clone(),
    };
    Request { method, url, headers, body }
}

/// Makes the response to a request that came back to the edge that had sent it.
pub fn loop_detected<P: Platform>(platform: &P) -> Response<P::Body> {
    answer::own_problem(
        platform,
        Detail::Loop,
        StatusCode::LOOP_DETECTED,
        "The request came back to the edge it was sent from",
        "Set ORIGIN to where the pages come from, and not to the edge's own host: without it the \
         edge forwards a request to its own URL, which is right on a zone route only.",
    )
}
