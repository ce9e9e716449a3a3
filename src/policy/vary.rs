//! Which requests a stored response answers: `Vary` and selecting header fields (RFC 9111 §4.1).

use http::HeaderMap;
use http::header::{self, HeaderName};

use super::cache_control::{latin1, list};
use super::fields::RequestFields;

/// The names in `Vary`, lower-case, sorted, once each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Vary {
    Any,
    Fields(Vec<HeaderName>),
}

impl Vary {
    pub fn of(headers: &HeaderMap) -> Vary {
        let mut names = Vec::new();
        for value in headers.get_all(header::VARY) {
            for member in list(&latin1(value.as_bytes())) {
                match member.parse::<HeaderName>() {
                    // "A stored response with a Vary header field value containing a member '*'
                    // always fails to match." What cannot be a name may have been meant as one.
                    Err(_) => return Vary::Any,
                    Ok(name) if name == "*" => return Vary::Any,
                    Ok(name) => names.push(name),
                }
            }
        }
        names.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        names.dedup();
        Vary::Fields(names)
    }
}

/// The selecting fields of a request: each name with its normalised value, in order of the names.
pub type Selecting = Vec<(String, String)>;

/// Whether two spellings of the same preferences in `Accept-Language` select the same response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Languages {
    #[default]
    AsSpelt,
    Normalised,
}

/// What `request` says in the fields `names`.
pub fn selecting<'a>(
    names: impl IntoIterator<Item = &'a str>,
    request: &dyn RequestFields,
    languages: Languages,
) -> Selecting {
    let mut selecting: Selecting = names
        .into_iter()
        .map(|name| (name.to_owned(), selecting_value(name, request, languages)))
        .collect();
    selecting.sort();
    selecting.dedup();
    selecting
}

/// Absent and empty differ: "if … a header field is absent from a request, it can only match
/// another request if it is also absent there" (§4.1).
fn selecting_value(name: &str, request: &dyn RequestFields, languages: Languages) -> String {
    let Some(value) = request.value(name) else { return "absent".to_owned() };
    match name {
        "accept-encoding" => format!("={}", codings(&value)),
        "accept-language" if languages == Languages::Normalised => {
            format!("={}", language_ranges(&value))
        }
        // No lists: a comma in them is a comma.
        "cookie" | "authorization" | "user-agent" | "referer" => format!("={}", value.trim()),
        _ => format!("={}", list(&value).collect::<Vec<_>>().join(", ")),
    }
}

/// The content codings a request accepts, sorted: their order and weights select nothing, unless
/// the weight is zero (RFC 9110 §12.5.3).
fn codings(value: &str) -> String {
    let accepted = weighted(value).into_iter().filter(|(coding, _)| coding != "identity");
    let mut codings: Vec<String> = accepted.map(|(coding, _)| coding).collect();
    codings.sort();
    codings.dedup();
    codings.join(",")
}

/// Language ranges in lower case, the most wanted first; among equals their order says nothing
/// (RFC 9110 §12.5.4).
fn language_ranges(value: &str) -> String {
    let mut ranges = weighted(value);
    ranges.sort_by(|(one, more), (other, less)| less.cmp(more).then_with(|| one.cmp(other)));
    let ranges = ranges.iter().map(|(range, weight)| format!("{range};{weight}"));
    ranges.collect::<Vec<_>>().join(",")
}

/// The members of a list with their weights in thousandths, those of weight zero left out
/// (RFC 9110 §12.4.2).
fn weighted(value: &str) -> Vec<(String, u32)> {
    list(value)
        .map(|member| {
            let (name, weight) = member.split_once(';').unwrap_or((member, ""));
            let weight = weight.trim().to_ascii_lowercase();
            let thousandths = weight.strip_prefix("q=").and_then(thousandths).unwrap_or(1000);
            (name.trim().to_ascii_lowercase(), thousandths)
        })
        .filter(|(_, weight)| *weight > 0)
        .collect()
}

/// `0`, `0.5`, `1.000`: at most three digits after the point.
fn thousandths(weight: &str) -> Option<u32> {
    let (whole, fraction) = weight.split_once('.').unwrap_or((weight, ""));
    let whole: u32 = whole.parse().ok().filter(|whole| *whole <= 1)?;
    let digits = format!("{fraction:0<3}");
    let fraction: u32 = digits.parse().ok().filter(|_| digits.len() == 3)?;
    Some((whole * 1000 + fraction).min(1000))
}
