//! What the origin is asked, and requests that go past the cache.

use http::header::HeaderValue;
use http::{HeaderMap, Method, StatusCode};

use crate::answer;
use crate::invalidate;
use crate::platform::{Platform, Request, Response};
use crate::policy::fields;
use crate::policy::reuse::Bypass;
use crate::policy::status::CacheStatus;
use crate::policy::validation;
use crate::trace::DEBUG;
use crate::visit::Visit;

/// A visitor's request, sent on with its body and not stored.
pub async fn bypass<P: Platform>(
    platform: &P,
    visit: &Visit,
    body: Option<P::Body>,
    status: CacheStatus,
) -> Response<P::Body> {
    let mut headers = visit.fields.all();
    if !headers.contains_key(http::header::UPGRADE) {
        fields::drop_hop_by_hop(&mut headers);
    }
    let request = request(platform, visit, visit.method.clone(), headers, body);
    match visit.timed(platform, "origin", platform.fetch(request)).await {
        Ok(response) => {
            invalidate::after(platform, visit, response.status, &response.headers).await;
            answer::passed_on(platform, visit, response, status)
        }
        Err(error) => answer::failed(platform, &error, status),
    }
}

/// How a bypassed request is reported.
pub fn bypass_status(reason: Bypass) -> CacheStatus {
    CacheStatus::forwarded(reason.forward()).detail(reason.as_str())
}

/// The request that fills or refreshes the cache: a GET for the whole page. `stored` is what the
/// origin is asked to compare with.
pub fn filling_request<P: Platform>(
    platform: &P,
    visit: &Visit,
    stored: Option<&HeaderMap>,
) -> Request<P::Body> {
    let mut headers = visit.fields.all();
    // Not those that the visitor's own Connection names: it would choose which selecting fields the
    // origin sees, of an answer that is stored by what they were.
    fields::drop_connection_fields(&mut headers);
    fields::drop_overrides(&mut headers);
    fields::drop_conditions(&mut headers);
    for (name, value) in stored.map(validation::conditions).unwrap_or_default() {
        headers.insert(name, value);
    }
    request(platform, visit, Method::GET, headers, None)
}

fn request<P: Platform>(
    platform: &P,
    visit: &Visit,
    method: Method,
    mut headers: HeaderMap,
    body: Option<P::Body>,
) -> Request<P::Body> {
    let key = &visit.key;
    let address = visit.fields.value(fields::ADDRESS);
    fields::add_forwarded(&mut headers, key.scheme(), key.host(), address.as_deref());
    fields::add_via(&mut headers);
    let url = match &platform.config().origin {
        Some(origin) => format!("{}://{}{}", origin.scheme, origin.host, visit.path_and_query()),
        None => visit.url.clone(),
    };
    headers.remove(DEBUG);
    // The runtime sets the Host of the URL that is asked.
    headers.remove(http::header::HOST);
    Request { method, url, headers, body }
}

/// With no origin configured a request is forwarded to its own URL, which on a zone is the origin
/// and anywhere else this Worker again; an origin of the same host can be that too.
pub fn loops<P: Platform>(platform: &P, visit: &Visit) -> bool {
    let origin = platform.config().origin.as_ref();
    let is_itself = origin.is_none_or(|origin| origin.host == visit.key.host());
    is_itself && fields::came_through_here(&*visit.fields)
}

/// The answer to a request that came round.
pub fn loop_detected<P: Platform>(platform: &P) -> Response<P::Body> {
    let mut response = answer::problem(
        platform,
        StatusCode::LOOP_DETECTED,
        "The request came back to the edge it was sent from",
        "Set ORIGIN to where the pages come from, and not to the edge's own host: without it the \
         edge forwards a request to its own URL, which is right on a zone route only.",
    );
    response.headers.insert(http::header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
