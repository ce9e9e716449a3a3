//! Asking the origin.

use std::time::Duration;

use futures::future::{Either, select};
use http::StatusCode;
use js_sys::{Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use worker::Delay;

use super::body::{Body, Unread};
use super::cache::described;
use super::headers::{self, Native};
use crate::fields::range;
use crate::fields::request::RequestFields;
use crate::platform::{OriginError, Request, Response};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_name = fetch)]
    fn fetch_with(url: &str, init: &Object) -> Result<Promise, JsValue>;
}

/// One request, within `limit` until its header fields are there. `visitor` holds the fields that
/// came, so that what is passed on is passed on byte for byte.
pub async fn fetch(
    request: Request<Body>,
    visitor: &Native,
    limit: Duration,
) -> Result<Response<Body>, OriginError> {
    let unreachable = |cause: JsValue| OriginError::Unreachable(described(&cause));
    let abort = web_sys::AbortController::new().map_err(unreachable)?;
    let url = request.url.clone();
    let init = init(request, visitor, &abort).map_err(unreachable)?;
    let answer = JsFuture::from(fetch_with(&url, &init).map_err(unreachable)?);
    match select(answer, Delay::from(limit)).await {
        Either::Left((Ok(answer), _)) => response(answer.unchecked_into()),
        Either::Left((Err(cause), _)) => Err(unreachable(cause)),
        Either::Right(_) => {
            abort.abort();
            Err(OriginError::TimedOut)
        }
    }
}

fn init(
    request: Request<Body>,
    visitor: &Native,
    abort: &web_sys::AbortController,
) -> Result<Object, JsValue> {
    let fields: JsValue = match visitor.changed_to(&request.headers) {
        Ok(fields) => fields.into(),
        Err(_) => headers::to_js(&request.headers),
    };
    let init = Object::new();
    let set = |name: &str, value: &JsValue| Reflect::set(&init, &name.into(), value);
    set("method", &request.method.as_str().into())?;
    set("headers", &fields)?;
    set("signal", &abort.signal())?;
    // A redirect is the visitor's to follow, and the platform's own cache would answer after a
    // purge.
    set("redirect", &"manual".into())?;
    set("cache", &"no-store".into())?;
    // Bodies as the origin compressed them.
    set("encodeResponseBody", &"manual".into())?;
    if let Some(body) = request.body {
        set("body", &body.into_js())?;
    }
    Ok(init)
}

fn response(answer: web_sys::Response) -> Result<Response<Body>, OriginError> {
    let native = Native::new(answer.headers());
    let headers = native.all();
    let socket = Reflect::get(&answer, &"webSocket".into()).unwrap_or(JsValue::NULL);
    let is_upgraded = socket.is_object();
    let body = match answer.body() {
        _ if answer.status() == 101 => Body::WebSocket(socket),
        Some(stream) => {
            let length = range::length(&headers);
            Body::Stream { stream: Unread::new(stream), native: Some(native), length }
        }
        None => Body::Empty,
    };
    // The runtime passes on no other (Fetch §5.5: a RangeError).
    let status =
        StatusCode::from_u16(answer.status()).ok().filter(|status| match status.as_u16() {
            101 => is_upgraded,
            status => status < 600,
        });
    let status = status.ok_or_else(|| {
        OriginError::Unreachable(format!("it answered with the status {}", answer.status()))
    })?;
    Ok(Response { status, headers, body })
}
