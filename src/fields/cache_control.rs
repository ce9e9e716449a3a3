//! `Cache-Control` and the fields that share its grammar (RFC 9111 §5.2).
//!
//! Parsing never fails. An unknown directive is ignored. A known directive with a broken value
//! (`max-age=abc`) counts as the cautious value, zero (§4.2.1).

use std::time::Duration;

use http::HeaderMap;
use http::header::HeaderName;

use crate::fields::steps::{step, steps};
use crate::fields::structured::Value;

/// "…the cache SHOULD consider the value to be 2147483648 (2^31)" (RFC 9111 §1.2.2).
const LARGEST_DELTA: u64 = 1 << 31;

/// The directives of one or more field lines; the first of a repeated directive counts (§4.2.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CacheControl {
    /// The directive `max-age`.
    pub max_age: Option<Duration>,
    /// The directive `s-maxage`.
    pub s_maxage: Option<Duration>,
    /// The directive `stale-while-revalidate`.
    pub stale_while_revalidate: Option<Duration>,
    /// The directive `stale-if-error`.
    pub stale_if_error: Option<Duration>,
    /// The directive `public`.
    pub public: bool,
    /// The directive `private` without names of fields.
    pub private: bool,
    /// The directive `no-cache` without names of fields.
    pub no_cache: bool,
    /// The fields that `private="…"` and `no-cache="…"` name, in lower case. They are not stored,
    /// but the other fields are (§5.2.2.4, §5.2.2.7).
    pub withheld: Vec<String>,
    /// The directive `no-store`.
    pub no_store: bool,
    /// The directive `must-revalidate`.
    pub must_revalidate: bool,
    /// The directive `proxy-revalidate`.
    pub proxy_revalidate: bool,
    /// The directive `must-understand`.
    pub must_understand: bool,
}

impl CacheControl {
    /// Reads every line of the field `name`, in order.
    pub fn of(headers: &HeaderMap, name: &HeaderName) -> CacheControl {
        let mut directives = CacheControl::default();
        for value in headers.get_all(name) {
            directives.read(&latin1(value.as_bytes()));
        }
        directives
    }

    /// Reads one field value.
    pub fn parse(value: &str) -> CacheControl {
        let mut directives = CacheControl::default();
        directives.read(value);
        directives
    }

    fn read(&mut self, value: &str) {
        for member in list(value) {
            steps(member.len());
            // No space may surround the equals sign. A space makes it another name or another
            // value.
            let (name, argument) = match member.split_once('=') {
                Some((name, argument)) => (name, unquoted(argument)),
                None => (member, None),
            };
            self.set(&name.to_ascii_lowercase(), argument.as_deref());
        }
    }

    fn set(&mut self, name: &str, argument: Option<&str>) {
        match name {
            "max-age" => first(&mut self.max_age, argument),
            "s-maxage" => first(&mut self.s_maxage, argument),
            "stale-while-revalidate" => first(&mut self.stale_while_revalidate, argument),
            "stale-if-error" => first(&mut self.stale_if_error, argument),
            "public" => self.public = true,
            "private" => self.private |= !self.withholds(argument),
            "no-cache" => self.no_cache |= !self.withholds(argument),
            "no-store" => self.no_store = true,
            "must-revalidate" => self.must_revalidate = true,
            "proxy-revalidate" => self.proxy_revalidate = true,
            "must-understand" => self.must_understand = true,
            // "A cache MUST ignore unrecognized cache directives" (§5.2.3).
            _ => {}
        }
    }
}

impl CacheControl {
    /// Reads a targeted field, which is a Dictionary (RFC 9213 §2.1). A directive of the wrong type
    /// is ignored.
    pub fn of_dictionary(members: &[(String, Value)]) -> CacheControl {
        let mut directives = CacheControl::default();
        for (name, value) in members {
            match value {
                Value::Boolean(true) if !takes_seconds(name) => directives.set(name, None),
                Value::Integer(seconds @ 0..) if takes_seconds(name) => {
                    directives.set(name, Some(&seconds.to_string()));
                }
                Value::String(fields) if !takes_seconds(name) => directives.set(name, Some(fields)),
                _ => {}
            }
        }
        directives
    }

    /// Notes the fields that a qualified directive names. Returns false if it names none.
    fn withholds(&mut self, argument: Option<&str>) -> bool {
        let before = self.withheld.len();
        let named = list(argument.unwrap_or("")).map(str::to_ascii_lowercase);
        self.withheld.extend(named);
        self.withheld.len() > before
    }
}

fn takes_seconds(name: &str) -> bool {
    matches!(name, "max-age" | "s-maxage" | "stale-while-revalidate" | "stale-if-error")
}

fn first(slot: &mut Option<Duration>, argument: Option<&str>) {
    slot.get_or_insert(delta_seconds(argument.unwrap_or("")).unwrap_or(Duration::ZERO));
}

/// Reads delta-seconds (RFC 9111 §1.2.2): digits alone. An overflow counts as the largest value.
pub fn delta_seconds(text: &str) -> Option<Duration> {
    steps(text.len());
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds = text.parse::<u64>().unwrap_or(LARGEST_DELTA);
    Some(Duration::from_secs(seconds.min(LARGEST_DELTA)))
}

/// Returns the members of a comma-separated list (RFC 9110 §5.6.1). They are trimmed, empty members
/// are left out, and commas inside quoted strings are kept.
///
/// A quotation that never ends counts as no quotation, so it hides no later directive. From its
/// member on, no quotation is looked for. Otherwise a text would be read as often as it has quotes.
pub fn list(value: &str) -> impl Iterator<Item = &str> {
    let (mut rest, mut quotes) = (Some(value), true);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = if quotes { end_of_member(text) } else { None };
        quotes = end.is_some();
        let end = end.or_else(|| comma(text)).unwrap_or(text.len());
        rest = text.get(end + 1..);
        steps(end);
        Some(text[..end].trim_matches([' ', '\t']))
    })
    .filter(|member| !member.is_empty())
}

/// Finds the end of the first member. `None`: a quotation in it never ends.
fn end_of_member(text: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        step();
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => return Some(at),
            _ => {}
        }
    }
    (!quoted).then_some(text.len())
}

fn comma(text: &str) -> Option<usize> {
    text.bytes().position(|byte| {
        step();
        byte == b','
    })
}

/// Returns a token, or the contents of a quoted string (RFC 9110 §5.6.4). `None`: the string does
/// not end at the end of the argument.
fn unquoted(argument: &str) -> Option<String> {
    let Some(quoted) = argument.strip_prefix('"') else { return Some(argument.to_owned()) };
    let (mut contents, mut escaped) = (String::new(), false);
    for (at, letter) in quoted.char_indices() {
        step();
        match letter {
            '\\' if !escaped => {
                escaped = true;
                continue;
            }
            '"' if !escaped => return (at + 1 == quoted.len()).then_some(contents),
            _ => contents.push(letter),
        }
        escaped = false;
    }
    None
}

/// Returns a field value as text, byte for byte: header values are not UTF-8 (RFC 9110 §5.5).
pub fn latin1(bytes: &[u8]) -> String {
    steps(bytes.len());
    match str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => text.to_owned(),
        _ => bytes.iter().map(|&byte| char::from(byte)).collect(),
    }
}

/// Returns all lines of a field as one value (RFC 9110 §5.2). `None`: the field is absent.
pub fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let mut lines = headers.get_all(name).iter().map(|value| latin1(value.as_bytes()));
    let first = lines.next()?;
    Some(lines.fold(first, |joined, line| joined + ", " + &line))
}
