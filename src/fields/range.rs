//! Ranges of a stored response (RFC 9110 §14). One range gets a part; several ranges get the whole,
//! which §14.2 allows.

use http::header::{self, HeaderMap, HeaderValue};

use crate::fields::cache_control::joined;
use crate::fields::request::RequestFields;
use crate::fields::steps::steps;

/// The greatest whole number that JavaScript, and so the runtime, holds exactly: 2^53 - 1.
const LENGTH_MOST: u64 = (1 << 53) - 1;

/// The part of a body of known length that a visitor's `Range` selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The whole body: there is no range that counts.
    Whole,
    /// The first and the last byte, counted from zero.
    Bytes {
        /// The first byte.
        first: u64,
        /// The last byte.
        last: u64,
    },
    /// The range lies outside the body: respond with 416.
    Unsatisfiable,
}

/// Reads a request's `Range` for `response`. Its body has `length` bytes.
pub fn part(request: &dyn RequestFields, response: &HeaderMap, length: u64) -> Part {
    let Some(range) = request.value("range") else { return Part::Whole };
    if request.value("if-range").is_some_and(|validator| !holds(&validator, response)) {
        return Part::Whole;
    }
    steps(range.len());
    let Some((unit, range)) = range.trim().split_once('=') else { return Part::Whole };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Part::Whole;
    }
    bytes(range.trim(), length)
}

fn bytes(range: &str, length: u64) -> Part {
    steps(range.len());
    let Some((first, last)) = range.split_once('-') else { return Part::Whole };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(first) || !digits(last) {
        return Part::Whole;
    }
    let number = |text: &str| text.parse::<u64>().unwrap_or(u64::MAX);
    match (first, last) {
        ("", "") => Part::Whole,
        ("", suffix) => match number(suffix).min(length) {
            0 => Part::Unsatisfiable,
            suffix => Part::Bytes { first: length - suffix, last: length - 1 },
        },
        (first, last) => {
            let first = number(first);
            let last = if last.is_empty() { u64::MAX } else { number(last) };
            if last < first {
                Part::Whole
            } else if first >= length {
                Part::Unsatisfiable
            } else {
                Part::Bytes { first, last: last.min(length - 1) }
            }
        }
    }
}

/// Tells whether the condition of `If-Range` holds.
/// "A recipient of an If-Range … MUST ignore the Range … if the condition … is false" (§13.1.5).
/// Entity tags are compared strongly. Dates must be the same.
fn holds(validator: &str, response: &HeaderMap) -> bool {
    steps(validator.len());
    let validator = validator.trim();
    let own = if validator.starts_with('"') {
        joined(response, &header::ETAG)
    } else {
        joined(response, &header::LAST_MODIFIED)
    };
    own.is_some_and(|own| own.trim() == validator)
}

/// Returns the length that a response states. `None`: it states none, or one too great for the
/// runtime.
pub fn length(response: &HeaderMap) -> Option<u64> {
    let length = joined(response, &header::CONTENT_LENGTH)?.trim().parse().ok()?;
    (length <= LENGTH_MOST).then_some(length)
}

/// Changes the fields of a whole response to those of a part (§15.3.7) or of an unsatisfiable range
/// (§15.5.17).
pub fn describe(part: Part, length: u64, headers: &mut HeaderMap) {
    let (range, size) = match part {
        Part::Whole => return,
        Part::Bytes { first, last } => (format!("bytes {first}-{last}/{length}"), last - first + 1),
        Part::Unsatisfiable => (format!("bytes */{length}"), 0),
    };
    if let Ok(range) = HeaderValue::from_str(&range) {
        headers.insert(header::CONTENT_RANGE, range);
    }
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(size));
}
