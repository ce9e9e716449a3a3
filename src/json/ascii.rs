//! JSON in ASCII, which fits into a header field or a KV value.

use serde::Serialize;

/// Serializes to JSON in which every character beyond `~` is escaped.
pub fn to_ascii(value: &impl Serialize) -> String {
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
