//! Header fields as a list of pairs, in the order received.

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};
use serde::Serializer;
use serde::ser::SerializeSeq;
use serde_json::Value;

use super::FromValue;

/// Serializes the fields as `[name, value]` pairs.
pub fn serialize<S: Serializer>(headers: &HeaderMap, to: S) -> Result<S::Ok, S::Error> {
    let mut pairs = to.serialize_seq(Some(headers.len()))?;
    for (name, value) in headers {
        // The runtime shows values as text, decoded from UTF-8: there are no other bytes.
        pairs.serialize_element(&(name.as_str(), String::from_utf8_lossy(value.as_bytes())))?;
    }
    pairs.end()
}

impl FromValue for HeaderMap {
    /// Reads `[name, value]` pairs; pairs that are no legal field are left out.
    fn from_value(pairs: Value) -> Option<HeaderMap> {
        let mut headers = HeaderMap::with_capacity(USUAL);
        for (name, value) in Vec::<(String, String)>::from_value(pairs)? {
            let name = HeaderName::from_bytes(name.as_bytes());
            let value = HeaderValue::from_bytes(value.as_bytes());
            if let (Ok(name), Ok(value)) = (name, value) {
                headers.append(name, value);
            }
        }
        Some(headers)
    }
}

/// The number of fields that a map has room for at first.
const USUAL: usize = 16;
