//! Header fields as a list of pairs, in the order received.

use std::fmt;

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};
use serde::de::{SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserializer, Serializer};

/// Serializes the fields as `[name, value]` pairs.
pub fn serialize<S: Serializer>(headers: &HeaderMap, to: S) -> Result<S::Ok, S::Error> {
    let mut pairs = to.serialize_seq(Some(headers.len()))?;
    for (name, value) in headers {
        // The runtime shows values as text, decoded from UTF-8: there are no other bytes.
        pairs.serialize_element(&(name.as_str(), String::from_utf8_lossy(value.as_bytes())))?;
    }
    pairs.end()
}

/// Deserializes `[name, value]` pairs; pairs that are no legal field are left out.
pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<HeaderMap, D::Error> {
    from.deserialize_seq(Pairs)
}

struct Pairs;

impl<'de> Visitor<'de> for Pairs {
    type Value = HeaderMap;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("pairs of a name and a value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut pairs: A) -> Result<HeaderMap, A::Error> {
        let mut headers = HeaderMap::with_capacity(USUAL);
        while let Some((name, value)) = pairs.next_element::<(String, String)>()? {
            let name = HeaderName::from_bytes(name.as_bytes());
            let value = HeaderValue::from_bytes(value.as_bytes());
            if let (Ok(name), Ok(value)) = (name, value) {
                headers.append(name, value);
            }
        }
        Ok(headers)
    }
}

/// The number of fields that a map has room for at first.
const USUAL: usize = 16;
