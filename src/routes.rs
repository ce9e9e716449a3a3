//! Pure. The part of the edge that serves a path.

use crate::rules::path::{is_spelt_oddly, readings};

/// The part of the edge that serves a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route<'a> {
    Page,
    Control(Control<'a>),
}

/// The routes under the control prefix. Nothing under it ever reaches the origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control<'a> {
    Purge,
    /// The receipt of an earlier purge, by the text in place of its id.
    Receipt(&'a str),
    Status,
    Unknown,
}

impl Route<'_> {
    /// A path that only an origin may read as one under the prefix is no route either: its request may
    /// carry a token.
    pub fn of<'a>(path: &'a str, control_prefix: &str) -> Route<'a> {
        match below(path, control_prefix, str::eq) {
            Some(rest) => Route::Control(control(rest)),
            None if is_misspelt(path, control_prefix) => Route::Control(Control::Unknown),
            None => Route::Page,
        }
    }
}

fn control(rest: &str) -> Control<'_> {
    if let Some(id) = rest.strip_prefix("/purges/") {
        return Control::Receipt(id);
    }
    match rest {
        "/purge" => Control::Purge,
        "/status" | "/status/" => Control::Status,
        _ => Control::Unknown,
    }
}

/// The path after the prefix. `/edge-isr-news` is a page like any other.
fn below<'a>(path: &'a str, prefix: &str, is: fn(&str, &str) -> bool) -> Option<&'a str> {
    let (beginning, rest) = path.split_at_checked(prefix.len())?;
    (is(beginning, prefix) && (rest.is_empty() || rest.starts_with('/'))).then_some(rest)
}

fn is_misspelt(path: &str, prefix: &str) -> bool {
    let is_below = |path: &str| below(path, prefix, str::eq_ignore_ascii_case).is_some();
    is_below(path) || is_spelt_oddly(path) && readings(path).iter().any(|reading| is_below(reading))
}
