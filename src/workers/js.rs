//! What JavaScript throws, and promises that no code waits for.

use js_sys::{Promise, Reflect};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

/// What JavaScript threw, in words.
pub fn described(cause: &JsValue) -> String {
    let message = Reflect::get(cause, &"message".into()).ok().and_then(|text| text.as_string());
    message.or_else(|| cause.as_string()).unwrap_or_else(|| format!("{cause:?}"))
}

/// Lets a promise end as it will, without a complaint about a rejection that was not seen.
pub fn ignore(promise: &Promise) {
    // What listens is attached here, and stays when the future is dropped.
    drop(JsFuture::from(promise.clone()));
}
