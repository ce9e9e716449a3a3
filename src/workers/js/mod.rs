//! Exceptions of JavaScript, and promises that no code waits for.

pub mod combined;
pub mod promise;

use js_sys::{Promise, Reflect};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

/// Returns the message of a JavaScript exception.
pub fn described(cause: &JsValue) -> String {
    let message = Reflect::get(cause, &"message".into()).ok().and_then(|text| text.as_string());
    message.or_else(|| cause.as_string()).unwrap_or_else(|| format!("{cause:?}"))
}

/// Ignores the result of a promise. A rejection is not reported as unhandled.
pub fn ignore(promise: &Promise) {
    // The listener is attached here, and stays when the future is dropped.
    drop(JsFuture::from(promise.clone()));
}
