//! Responses for the runtime. Bodies keep the content coding that they have.

use http::StatusCode;
use js_sys::Object;
use wasm_bindgen::prelude::*;

use super::body::Body;
use super::headers;
use super::js::combined;
use crate::platform::Response;

/// Makes the runtime's response. The body keeps its Content-Encoding.
pub fn to_js_response(response: Response<Body>) -> Result<web_sys::Response, JsValue> {
    let may_have_body = may_have_body(response.status);
    if let Some((fields, added)) = headers::prepared(&response).filter(|_| may_have_body) {
        return combined::prepared(
            &response.body.into_js(),
            response.status.as_u16(),
            &fields,
            &added,
        );
    }
    let headers = response.whole_headers();
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
