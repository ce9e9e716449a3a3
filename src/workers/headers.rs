//! JavaScript's `Headers` and `http::HeaderMap`, there and back.
//!
//! A whole set of fields crosses as one JSON text: a call into JavaScript costs more than its
//! parsing. The runtime shows values as text decoded from UTF-8; bytes that are not UTF-8 survive
//! only in a copy of the `Headers` they came in, so what is passed on is such a copy, changed where
//! it must be ([`Native`]).

use http::HeaderMap;
use js_sys::{Array, JSON};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Headers;

use crate::policy::stored::{ascii_json, header_pairs};

/// The fields as the flows read them.
pub fn from_js(headers: &Headers) -> HeaderMap {
    let pairs = Array::from(headers.unchecked_ref::<JsValue>());
    let text = JSON::stringify(&pairs).ok().and_then(|text| text.as_string());
    let pairs = text.and_then(|text| serde_json::from_str(&text).ok());
    header_pairs::from_pairs(pairs.unwrap_or_default())
}

/// The fields as the runtime takes them: a list of pairs.
pub fn to_js(headers: &HeaderMap) -> JsValue {
    let pairs: Vec<(&str, String)> = headers
        .iter()
        .map(|(name, value)| {
            (name.as_str(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect();
    // A list of pairs of strings is JSON.
    JSON::parse(&ascii_json(&pairs)).unwrap_or_else(|_| Array::new().into())
}

/// Fields as they came, beside how they were read.
#[derive(Clone)]
pub struct Native {
    headers: Headers,
    read: HeaderMap,
}

impl Native {
    pub fn new(headers: Headers) -> (Native, HeaderMap) {
        let read = from_js(&headers);
        (Native { headers, read: read.clone() }, read)
    }

    /// A copy that differs from what came only where `wanted` does.
    pub fn changed_to(&self, wanted: &HeaderMap) -> Result<Headers, JsValue> {
        let copy = Headers::new_with_headers(&self.headers)?;
        for name in self.read.keys().filter(|name| !wanted.contains_key(*name)) {
            copy.delete(name.as_str())?;
        }
        for name in wanted.keys() {
            let values = || wanted.get_all(name).iter();
            if self.read.get_all(name).iter().eq(values()) {
                continue;
            }
            copy.delete(name.as_str())?;
            for value in values() {
                copy.append(name.as_str(), &String::from_utf8_lossy(value.as_bytes()))?;
            }
        }
        Ok(copy)
    }
}
