//! `Vary` and the selecting header fields (RFC 9111 §4.1): they decide whether a stored response
//! may satisfy a request.

use http::HeaderMap;
use http::header::{self, HeaderName};
use sha2::{Digest, Sha256};

use crate::fields::cache_control::{latin1, list};
use crate::fields::forwarding::may_be_forwarded;
use crate::fields::request::RequestFields;
use crate::fields::sorting::sorted_by_text;

/// The names in `Vary`, lower-case, sorted, once each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Vary {
    /// `Vary: *`: no request matches.
    Any,
    /// The names of fields.
    Fields(Vec<HeaderName>),
}

impl Vary {
    /// Reads all lines of `Vary`.
    pub fn of(headers: &HeaderMap) -> Vary {
        let mut names = Vec::new();
        for value in headers.get_all(header::VARY) {
            for member in list(&latin1(value.as_bytes())) {
                match member.parse::<HeaderName>() {
                    // "A stored response with a Vary header field value containing a member '*'
                    // always fails to match." A member that is no name may be meant as '*'.
                    Err(_) => return Vary::Any,
                    Ok(name) if name == "*" => return Vary::Any,
                    Ok(name) => names.push(name),
                }
            }
        }
        let mut names = sorted_by_text(names, |name| name.as_str().to_owned());
        names.dedup();
        Vary::Fields(names)
    }
}

/// The selecting fields of a request: each name with its normalised value, sorted by name.
pub type Selecting = Vec<(String, String)>;

/// The setting for two spellings of the same preferences in `Accept-Language`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Languages {
    /// Different spellings select different responses.
    #[default]
    AsSpelt,
    /// The same preferences select the same response, however they are spelt.
    Normalised,
}

/// The content codings that a visitor accepts, in three classes. The origin receives the class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// Brotli and gzip.
    BrotliOrGzip,
    /// Gzip alone.
    Gzip,
    /// No coding.
    #[default]
    Identity,
}

impl Encoding {
    /// Reads an `Accept-Encoding` (RFC 9110 §12.5.3). A client that does not send the field may be
    /// unable to decode anything.
    pub fn of(accept_encoding: Option<&str>) -> Encoding {
        let weights = weighted(accept_encoding.unwrap_or(""));
        let takes = |coding: &str| {
            let of = |name: &str| weights.iter().find(|(known, _)| known == name);
            of(coding).or_else(|| of("*")).is_some_and(|(_, weight)| *weight > 0)
        };
        match (takes("gzip") || takes("x-gzip"), takes("br")) {
            (true, true) => Encoding::BrotliOrGzip,
            (true, false) => Encoding::Gzip,
            (false, _) => Encoding::Identity,
        }
    }

    /// Returns the value of `Accept-Encoding` in a request to the origin.
    pub fn as_str(self) -> &'static str {
        match self {
            Encoding::BrotliOrGzip => "br, gzip",
            Encoding::Gzip => "gzip",
            Encoding::Identity => "identity",
        }
    }
}

/// Returns the fields that a response varies by. A coded body varies by `Accept-Encoding`, even if
/// `Vary` does not say so.
pub fn selected_by(headers: &HeaderMap) -> Vec<HeaderName> {
    let mut names = match Vary::of(headers) {
        Vary::Fields(names) => names,
        Vary::Any => Vec::new(),
    };
    // The other fields are in the key or made by the edge: a visitor's value never reaches the
    // origin.
    names.retain(may_be_forwarded);
    if headers.contains_key(header::CONTENT_ENCODING) && !names.contains(&header::ACCEPT_ENCODING) {
        names.push(header::ACCEPT_ENCODING);
        names = sorted_by_text(names, |name| name.as_str().to_owned());
    }
    names
}

/// The means to compare requests in the fields that select.
#[derive(Clone, Copy)]
pub struct Selectors<'a> {
    /// The request.
    pub request: &'a dyn RequestFields,
    /// The setting for `Accept-Language`.
    pub languages: Languages,
    /// The content codings that the visitor accepts.
    pub encoding: Encoding,
    /// The cookies that may mean something to the origin.
    pub cookies: Option<&'a str>,
    /// The secret in digests of cookies. Without the secret, a digest does not show its cookies.
    pub secret: &'a [u8],
}

impl Selectors<'_> {
    /// Returns the request's values of the fields `names`, sorted by name.
    pub fn selecting<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Selecting {
        let selecting = names.into_iter().map(|name| (name.to_owned(), self.value(name))).collect();
        let mut selecting: Selecting = sorted_by_text(selecting, |(name, _)| name.clone());
        selecting.dedup();
        selecting
    }

    /// Returns the value of a field. Absent and empty differ: "if … a header field is absent from a
    /// request, it can only match another request if it is also absent there" (§4.1).
    fn value(&self, name: &str) -> String {
        let value = match name {
            "accept-encoding" => return self.encoding.as_str().to_owned(),
            "cookie" => self.cookies.map(|cookies| self.digest(cookies)),
            "authorization" => self.request.value(name).map(|value| self.digest(&value)),
            _ => selecting_text(name, self.request, self.languages),
        };
        value.map_or_else(|| "absent".to_owned(), |value| format!("={value}"))
    }

    /// Returns a digest that tells two values apart and reveals neither.
    fn digest(&self, value: &str) -> String {
        let mut hash = Sha256::new();
        for part in [self.secret, value.as_bytes()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hex::encode(&hash.finalize()[..16])
    }
}

/// Returns the normalised text of a field that selects. Send the same text in a plain request.
/// Otherwise two spellings that select one response could bring back two different responses.
/// One visitor's spelling would then be shown to all.
pub fn selecting_text(
    name: &str,
    request: &dyn RequestFields,
    languages: Languages,
) -> Option<String> {
    let value = request.value(name).filter(|value| value.is_ascii())?;
    Some(match name {
        "accept-language" if languages == Languages::Normalised => language_ranges(&value),
        // These fields are no lists: a comma in them separates nothing.
        "authorization" | "cookie" | "origin" | "referer" | "user-agent" => value.trim().to_owned(),
        _ => list(&value).collect::<Vec<_>>().join(", "),
    })
}

/// Returns language ranges in lower case, the most preferred first. The order of equal ranges means
/// nothing (RFC 9110 §12.5.4).
fn language_ranges(value: &str) -> String {
    let mut ranges = weighted(value);
    ranges.retain(|(_, weight)| *weight > 0);
    // A weight is at most 1000.
    let ranges = sorted_by_text(ranges, |(range, weight)| format!("{:04}{range}", 1000 - weight));
    let ranges = ranges.iter().map(|(range, weight)| match weight {
        1000 => range.clone(),
        weight => format!("{range};q=0.{weight:03}"),
    });
    ranges.collect::<Vec<_>>().join(", ")
}

/// Returns the one of the languages `known` that an `Accept-Language` prefers (RFC 4647 §3.4).
///
/// A range that names none of them is tried without its last subtags. `de` also stands for `de-CH`,
/// if that is the only kind of German among them.
pub fn preferred<'k>(accept_language: &str, known: &'k [String]) -> Option<&'k str> {
    let mut ranges = weighted(accept_language);
    ranges.retain(|(_, weight)| *weight > 0);
    let by_weight = |range: &(String, u32)| format!("{:04}", 1000 - range.1);
    sorted_by_text(ranges, by_weight).iter().find_map(|(range, _)| looked_up(range, known))
}

fn looked_up<'k>(range: &str, known: &'k [String]) -> Option<&'k str> {
    let mut shorter = range;
    loop {
        if let Some(found) = known.iter().find(|tag| tag.eq_ignore_ascii_case(shorter)) {
            return Some(found);
        }
        let Some((start, _)) = shorter.rsplit_once('-') else { break };
        shorter = start;
    }
    let is_of_language = |tag: &&String| {
        let language = tag.split('-').next().unwrap_or_default();
        language.eq_ignore_ascii_case(shorter)
    };
    known.iter().find(is_of_language).map(String::as_str)
}

/// Returns the members of a list with their weights in thousandths (RFC 9110 §12.4.2).
pub fn weighted(value: &str) -> Vec<(String, u32)> {
    list(value)
        .map(|member| {
            let (name, weight) = member.split_once(';').unwrap_or((member, ""));
            let weight = weight.trim().to_ascii_lowercase();
            let thousandths = weight.strip_prefix("q=").and_then(thousandths).unwrap_or(1000);
            (name.trim().to_ascii_lowercase(), thousandths)
        })
        .collect()
}

/// Reads a weight such as `0`, `0.5` or `1.000`, with at most three digits after the point.
fn thousandths(weight: &str) -> Option<u32> {
    let (whole, fraction) = weight.split_once('.').unwrap_or((weight, ""));
    let whole: u32 = whole.parse().ok().filter(|whole| *whole <= 1)?;
    let digits = format!("{fraction:0<3}");
    let fraction: u32 = digits.parse().ok().filter(|_| digits.len() == 3)?;
    Some((whole * 1000 + fraction).min(1000))
}
