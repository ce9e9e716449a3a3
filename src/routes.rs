//! Pure. The part of the edge that serves a path.

use crate::rules::path::{is_spelt_oddly, readings};

/// The part of the edge that serves a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route<'a> {
    /// A page of the origin: it goes through the cache ([`crate::page`]).
    Page,
    /// A route of edge-isr itself ([`crate::control`]).
    Control(Control<'a>),
}

/// The routes under the control prefix. The origin never gets a request for a path under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control<'a> {
    /// The route that purges tags and URLs.
    Purge,
    /// The receipt of an earlier purge, with the text that the path has in place of its id.
    Receipt(&'a str),
    /// The newest purges.
    Purges,
    /// The report on the edge's own state.
    Status,
    /// The route that warms pages.
    Warm,
    /// The warmup job with this text in place of its id.
    Job(&'a str),
    /// All warmup jobs.
    Jobs,
    /// No such route: the response is a 404.
    Unknown,
}

impl Route<'_> {
    /// Finds the route of a path.
    ///
    /// An origin may decode a path that is spelt unusually to one under the prefix. Such a path is
    /// [`Control::Unknown`], because its request may carry a token.
    pub fn of<'a>(path: &'a str, control_prefix: &str) -> Route<'a> {
        match below(path, control_prefix, str::eq) {
            Some(rest) => Route::Control(control(rest)),
            None if is_misspelt(path, control_prefix) => Route::Control(Control::Unknown),
            None => Route::Page,
        }
    }
}

/// Finds the control route of the path that follows the prefix.
fn control(rest: &str) -> Control<'_> {
    if let Some(id) = rest.strip_prefix("/purges/").filter(|id| !id.is_empty()) {
        return Control::Receipt(id);
    }
    if let Some(id) = rest.strip_prefix("/jobs/").filter(|id| !id.is_empty()) {
        return Control::Job(id);
    }
    match rest {
        "/purge" => Control::Purge,
        "/purges" | "/purges/" => Control::Purges,
        "/status" | "/status/" => Control::Status,
        "/warm" => Control::Warm,
        "/jobs" | "/jobs/" => Control::Jobs,
        _ => Control::Unknown,
    }
}

/// Returns the rest of a path after the prefix. `/edge-isr-news` does not count: it is a page like
/// any other.
fn below<'a>(path: &'a str, prefix: &str, is: fn(&str, &str) -> bool) -> Option<&'a str> {
    let (beginning, rest) = path.split_at_checked(prefix.len())?;
    (is(beginning, prefix) && (rest.is_empty() || rest.starts_with('/'))).then_some(rest)
}

/// Tells whether some reading of the path, in any letter case, lies under the prefix.
fn is_misspelt(path: &str, prefix: &str) -> bool {
    let is_below = |path: &str| below(path, prefix, str::eq_ignore_ascii_case).is_some();
    is_below(path) || is_spelt_oddly(path) && readings(path).iter().any(|reading| is_below(reading))
}
