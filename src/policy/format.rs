//! Serialization of metadata: JSON in ASCII, which fits into a header field or a KV value.

use serde::Serialize;

/// Serializes to JSON in which every character outside ASCII is escaped.
pub fn ascii_json(value: &impl Serialize) -> String {
    struct Ascii;
    impl serde_json::ser::Formatter for Ascii {
        fn write_string_fragment<W: ?Sized + std::io::Write>(
            &mut self,
            writer: &mut W,
            fragment: &str,
        ) -> std::io::Result<()> {
            if fragment.bytes().all(|byte| byte < 0x7f) {
                return writer.write_all(fragment.as_bytes());
            }
            for letter in fragment.chars() {
                if letter < '\u{7f}' {
                    writer.write_all(&[letter as u8])?;
                    continue;
                }
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
            Ok(())
        }
    }
    let mut bytes = Vec::with_capacity(512);
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, Ascii);
    // Writing to memory cannot fail, nor can these values: they hold no map with odd keys.
    value.serialize(&mut serializer).expect("plain values serialize");
    String::from_utf8(bytes).expect("escaped JSON is ASCII")
}

/// Header fields as a list of pairs, in the order received.
pub mod header_pairs {
    use std::borrow::Cow;
    use std::fmt;

    use http::HeaderMap;
    use http::header::{HeaderName, HeaderValue};
    use serde::de::{SeqAccess, Visitor};
    use serde::ser::SerializeSeq;
    use serde::{Deserialize, Deserializer, Serializer};

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

    /// Reads pairs into a map as they come: a hit reads a dozen.
    struct Pairs;

    /// A text, copied only if it holds escapes.
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

    impl<'de> Visitor<'de> for Pairs {
        type Value = HeaderMap;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("pairs of a name and a value")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut pairs: A) -> Result<HeaderMap, A::Error> {
            let mut headers = HeaderMap::with_capacity(USUAL);
            while let Some((Text(name), Text(value))) = pairs.next_element()? {
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
}
