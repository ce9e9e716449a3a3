//! Requests to the origin.

use http::StatusCode;
use js_sys::{Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::body::{Body, Unread};
use super::headers::{self, Native};
use super::js::described;
use super::runtime::Runtime;
use super::tasks::within;
use crate::fields::range;
use crate::fields::request::RequestFields;
use crate::platform::{Origin, OriginError, Request, Response};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_name = fetch)]
    fn fetch_with(url: &str, init: &Object) -> Result<Promise, JsValue>;
}

impl Origin for Runtime {
    async fn fetch(&self, request: Request<Body>) -> Result<Response<Body>, OriginError> {
        let unreachable = |cause: JsValue| OriginError::Unreachable(described(&cause));
        let abort = web_sys::AbortController::new().map_err(unreachable)?;
        let url = request.url.clone();
        let init = init(request, &self.visitor, &abort).map_err(unreachable)?;
        let answer = JsFuture::from(fetch_with(&url, &init).map_err(unreachable)?);
        match within(self.config.origin_timeout, answer).await {
            Some(Ok(answer)) => response(answer.unchecked_into()),
            Some(Err(cause)) => Err(unreachable(cause)),
            None => {
                abort.abort();
                Err(OriginError::TimedOut)
            }
        }
    }
}

/// Makes the second argument of `fetch`. `visitor` holds the original fields, so that they are
/// passed on byte for byte.
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
    // The visitor follows redirects. The platform's own cache is bypassed, because it would still
    // respond with the old page after a purge.
    set("redirect", &"manual".into())?;
    set("cache", &"no-store".into())?;
    // Bodies stay as the origin compressed them.
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
    // The runtime sends no other status (Fetch §5.5: a RangeError).
    let status =
        StatusCode::from_u16(answer.status()).ok().filter(|status| match status.as_u16() {
            101 => is_upgraded,
            status => status < 600,
        });
    let status = status.ok_or_else(|| {
        OriginError::Unreachable(format!("it answered with the status {}", answer.status()))
    })?;
    Ok(Response::new(status, headers, body))
}
