//! Conversion between JavaScript's `Headers` and `http::HeaderMap`.
//!
//! All fields are converted as one text, because a call into JavaScript costs more than parsing it.
//! The runtime decodes values from UTF-8. Bytes that are not UTF-8 survive only in a copy of the
//! original `Headers`. So fields are passed on as such a copy, changed where necessary ([`Native`]).

use std::cell::OnceCell;

use http::StatusCode;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use js_sys::{Array, JSON, Reflect};
use serde::{Serialize, Serializer};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Headers;

use super::js::combined;
use crate::fields::request::RequestFields;
use crate::isolate::metadata::SharedFields;
use crate::json;

/// The number of fields that a map has room for at first.
const USUAL: usize = 16;

/// Returns the fields in the form that the flows read. A field that is not legal is left out.
pub fn from_js(headers: &Headers) -> HeaderMap {
    let text = combined::field_lines(headers);
    let mut lines = text.split('\n');
    let mut read = HeaderMap::with_capacity(USUAL);
    while let (Some(name), Some(value)) = (lines.next(), lines.next()) {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            read.append(name, value);
        }
    }
    read
}

/// Returns the fields in the form that the runtime accepts.
pub fn to_js(headers: &HeaderMap) -> JsValue {
    // Names and values are text, so the result is legal JSON.
    JSON::parse(&json::to_ascii(&Fields(headers))).unwrap_or_else(|_| Array::new().into())
}

/// Returns the fields in the form that the runtime accepts at once. They are converted the first time.
/// `None`: the runtime does not take them.
pub fn prepared(shared: &SharedFields) -> Option<&Headers> {
    let prepared = shared.prepared.get_or_init(|| {
        let fields = to_js(&shared.headers);
        Box::new(Headers::new_with_record_from_str_to_str(fields.unchecked_ref()).ok())
    });
    prepared.downcast_ref::<Option<Headers>>()?.as_ref()
}

/// Writes fields as text: each has a line for its name, and a line for its value.
pub fn lines(headers: &HeaderMap) -> String {
    let mut lines = String::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        lines.extend([name.as_str(), "\n", &value, "\n"]);
    }
    lines
}

/// Writes the second argument of `new Response` as JSON. Bodies are sent without another coding.
pub fn response_init(status: StatusCode, headers: &HeaderMap) -> String {
    let init =
        ResponseInit { status: status.as_u16(), headers: Fields(headers), encode_body: "manual" };
    json::to_ascii(&init)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResponseInit<'a> {
    status: u16,
    headers: Fields<'a>,
    encode_body: &'static str,
}

/// Fields to serialize: as a record, which the runtime reads faster, or as pairs if a name repeats.
struct Fields<'a>(&'a HeaderMap);

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let pairs = self
            .0
            .iter()
            .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())));
        if self.0.keys_len() == self.0.len() {
            to.collect_map(pairs)
        } else {
            to.collect_seq(pairs)
        }
    }
}

/// Fields as they came. They are read one by one, or all together to be passed on.
pub struct Native {
    headers: Headers,
    /// The request that the fields belong to.
    request: Option<web_sys::Request>,
    read: OnceCell<HeaderMap>,
    /// Each name between commas. Most fields that are looked up are absent, and one call finds that
    /// for all of them.
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
        // A search by `find` prepares more than it saves on so short a text.
        let names = self.names().as_bytes();
        let is_name = |start: usize| {
            names[start..].starts_with(name.as_bytes())
                && names.get(start + name.len()) == Some(&b',')
        };
        (1..names.len()).any(|start| names[start - 1] == b',' && is_name(start))
    }

    fn any_name(&self, wanted: &dyn Fn(&str) -> bool) -> bool {
        self.names().split(',').any(wanted)
    }

    /// Reads the original value from the request's `cf`, because the platform rewrites
    /// `Accept-Encoding`. Reading `cf` parses a whole JSON text: call this only where it matters.
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
    /// Wraps fields that belong to no request.
    pub fn new(headers: Headers) -> Native {
        Native { headers, request: None, read: OnceCell::new(), names: OnceCell::new() }
    }

    /// Wraps the fields of a request. `names` holds the name of each between commas.
    pub fn of_request(request: &web_sys::Request, names: &str) -> Native {
        let (request, headers) = (Some(Clone::clone(request)), request.headers());
        Native { headers, request, read: OnceCell::new(), names: OnceCell::from(names.to_owned()) }
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

    /// Returns a copy of the original fields, changed only where `wanted` differs.
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
