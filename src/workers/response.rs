//! Responses for the runtime. Bodies keep the content coding that they have.

use http::StatusCode;
use js_sys::Object;
use wasm_bindgen::prelude::*;

use super::body::Body;
use super::headers;
use super::js::combined;
use crate::page::hit::{Answer, Hit};
use crate::platform::Response;

/// Makes the runtime's response. The body keeps its Content-Encoding.
pub fn to_js_response(answer: Answer<Body>) -> Result<web_sys::Response, JsValue> {
    match answer {
        Answer::Whole(response) => whole(response),
        Answer::Hit(hit) => self::hit(hit),
    }
}

/// Makes the response of a hit from fields that were prepared by the first of its kind.
fn hit(hit: Hit<Body>) -> Result<web_sys::Response, JsValue> {
    let shared = hit.shared.clone();
    match headers::prepared(&shared).filter(|_| may_have_body(hit.status)) {
        Some(shared) => {
            let added = headers::lines(&hit.added);
            combined::prepared(&hit.body.into_js(), hit.status.as_u16(), shared, &added)
        }
        None => whole(hit.into_response()),
    }
}

/// Makes a response from all its fields.
fn whole(response: Response<Body>) -> Result<web_sys::Response, JsValue> {
    let may_have_body = may_have_body(response.status);
    let headers = response.headers;
    let init = headers::response_init(response.status, &headers);
    let (mut fields, mut socket) = (JsValue::UNDEFINED, JsValue::UNDEFINED);
    match &response.body {
        Body::Stream { native: Some(native), .. } => {
            fields = native.changed_to(&headers)?.into();
        }
        Body::WebSocket(theirs) => socket = theirs.clone(),
        _ => {}
    }
    let body = if may_have_body { response.body.into_js() } else { JsValue::NULL };
    combined::response(&body, &init, &fields, &socket)
}

/// Tells whether a status allows a body. `new Response` throws otherwise (Fetch §2.2.3, null body
/// status).
fn may_have_body(status: StatusCode) -> bool {
    !matches!(status.as_u16(), 101 | 204 | 205 | 304)
}

/// Calls `new Response`.
pub fn new_response(body: &JsValue, init: &Object) -> Result<web_sys::Response, JsValue> {
    #[wasm_bindgen]
    extern "C" {
        #[wasm_bindgen(js_name = Response)]
        type JsResponse;
        #[wasm_bindgen(constructor, catch, js_class = "Response")]
        fn new(body: &JsValue, init: &Object) -> Result<JsResponse, JsValue>;
    }
    Ok(JsResponse::new(body, init)?.unchecked_into())
}
