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

/// What `request` says in the fields `names`.
pub fn selecting<'a>(
    names: impl IntoIterator<Item = &'a str>,
    request: &dyn RequestFields,
) -> Selecting {
    let mut selecting: Selecting =
        names.into_iter().map(|name| (name.to_owned(), selecting_value(name, request))).collect();
    selecting.sort();
    selecting.dedup();
    selecting
}

/// Absent and empty differ: "if … a header field is absent from a request, it can only match
/// another request if it is also absent there" (§4.1).
fn selecting_value(name: &str, request: &dyn RequestFields) -> String {
    let Some(value) = request.value(name) else { return "absent".to_owned() };
    match name {
        "accept-encoding" => format!("={}", codings(&value)),
        _ => format!("={}", list(&value).collect::<Vec<_>>().join(", ")),
    }
}

/// The content codings a request accepts, sorted: their order and weights select nothing, unless
/// the weight is zero (RFC 9110 §12.5.3).
fn codings(value: &str) -> String {
    let mut codings: Vec<String> = list(value)
        .map(str::to_ascii_lowercase)
        .filter_map(|member| {
            let (coding, weight) = member.split_once(';').unwrap_or((&member, ""));
            let refused = weight.trim().strip_prefix("q=").is_some_and(|weight| {
                weight.trim().parse::<f32>().is_ok_and(|weight| weight == 0.0)
            });
            (!refused && coding.trim() != "identity").then(|| coding.trim().to_owned())
        })
        .collect();
    codings.sort();
    codings.dedup();
    codings.join(",")
}
