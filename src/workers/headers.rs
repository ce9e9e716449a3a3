//! JavaScript's `Headers` and `http::HeaderMap`, there and back.
//!
//! A whole set of fields crosses as one JSON text: a call into JavaScript costs more than its
//! parsing. The runtime shows values as text decoded from UTF-8; bytes that are not UTF-8 survive
//! only in a copy of the `Headers` they came in, so what is passed on is such a copy, changed where
//! it must be ([`Native`]).

use std::cell::OnceCell;

use http::{HeaderMap, StatusCode};
use js_sys::{Array, JSON, Object, Reflect};
use serde::{Serialize, Serializer};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Headers;

use crate::fields::request::RequestFields;
use crate::policy::format::{ascii_json, header_pairs};

/// The fields as the flows read them.
pub fn from_js(headers: &Headers) -> HeaderMap {
    let pairs = Array::from(headers.unchecked_ref::<JsValue>());
    let text = JSON::stringify(&pairs).ok().and_then(|text| text.as_string());
    let pairs = text.and_then(|text| serde_json::from_str(&text).ok());
    header_pairs::from_pairs(pairs.unwrap_or_default())
}

/// The fields as the runtime takes them.
pub fn to_js(headers: &HeaderMap) -> JsValue {
    // Names and values of text are JSON.
    JSON::parse(&ascii_json(&Fields(headers))).unwrap_or_else(|_| Array::new().into())
}

/// The second argument of `new Response`, made in one call: bodies go out as they are.
pub fn response_init(status: StatusCode, headers: &HeaderMap) -> Result<Object, JsValue> {
    let init =
        ResponseInit { status: status.as_u16(), headers: Fields(headers), encode_body: "manual" };
    Ok(JSON::parse(&ascii_json(&init))?.unchecked_into())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResponseInit<'a> {
    status: u16,
    headers: Fields<'a>,
    encode_body: &'static str,
}

/// A record, which the runtime reads faster, or a list of pairs where a name stands more than once.
struct Fields<'a>(&'a HeaderMap);

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let pairs = self
            .0
            .iter()
            .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())));
        match self.0.keys_len() == self.0.len() {
            true => to.collect_map(pairs),
            false => to.collect_seq(pairs),
        }
    }
}

/// Fields as they came. Read one by one, or as a whole where they are passed on.
pub struct Native {
    headers: Headers,
    /// The request whose fields they are.
    request: Option<web_sys::Request>,
    read: OnceCell<HeaderMap>,
    /// Each name between commas. Most fields that are looked for are absent, which one call tells of
    /// all of them.
    names: OnceCell<String>,
}

impl RequestFields for Native {
    fn raw(&self, name: &str) -> Option<String> {
        if !self.has(name) {
            return None;
        }
        self.headers.get(name).ok().flatten()
    }

    fn all(&self) -> HeaderMap {
        self.read().clone()
    }

    fn has(&self, name: &str) -> bool {
        let mut rest = self.names();
        while let Some(at) = rest.find(name) {
            let (before, after) = (&rest[..at], &rest[at + name.len()..]);
            if before.ends_with(',') && after.starts_with(',') {
                return true;
            }
            rest = after;
        }
        false
    }

    fn any_name(&self, wanted: &dyn Fn(&str) -> bool) -> bool {
        self.names().split(',').any(wanted)
    }

    /// The platform rewrites `Accept-Encoding`, and keeps beside the request what the client said. It
    /// reads a whole JSON text to tell: only where it matters.
    fn accepted_encoding(&self) -> Option<String> {
        let said = self.request.as_ref().and_then(client_accept_encoding);
        said.or_else(|| self.value("accept-encoding"))
    }
}

fn client_accept_encoding(request: &web_sys::Request) -> Option<String> {
    let cf = Reflect::get(request, &"cf".into()).ok().filter(JsValue::is_object)?;
    Reflect::get(&cf, &"clientAcceptEncoding".into()).ok()?.as_string()
}

impl Native {
    pub fn new(headers: Headers) -> Native {
        Native { headers, request: None, read: OnceCell::new(), names: OnceCell::new() }
    }

    pub fn of_request(request: &web_sys::Request) -> Native {
        Native { request: Some(Clone::clone(request)), ..Native::new(request.headers()) }
    }

    fn names(&self) -> &str {
        self.names.get_or_init(|| {
            let names = Array::from(&self.headers.keys()).join(",");
            format!(",{},", String::from(names))
        })
    }

    fn read(&self) -> &HeaderMap {
        self.read.get_or_init(|| from_js(&self.headers))
    }

    /// A copy that differs from what came only where `wanted` does.
    pub fn changed_to(&self, wanted: &HeaderMap) -> Result<Headers, JsValue> {
        let read = self.read();
        let copy = Headers::new_with_headers(&self.headers)?;
        for name in read.keys().filter(|name| !wanted.contains_key(*name)) {
            copy.delete(name.as_str())?;
        }
        for name in wanted.keys() {
            let values = || wanted.get_all(name).iter();
            if read.get_all(name).iter().eq(values()) {
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
