//! Visitors that a stored response is shared with.

pub mod collapsing;
pub mod variants;

use http::header::{self, HeaderMap, HeaderName};
use http::{Method, StatusCode};

use crate::fields::cache_status::Detail;
use crate::fields::forwarding::asks_for_another_representation;
use crate::fields::request::RequestFields;
use crate::fields::vary::{Selecting, Vary};
use crate::policy::freshness::{Directives, Lifetimes};
use crate::policy::stored::{StoredResponse, Variant};

/// Tells whether a response says that it is for every visitor, even with cookies that may mean
/// something. It says so by `public`, `s-maxage`, a targeted field or a stated lifetime, and a rule
/// says so that stores it (`by_rule`). `Vary: Cookie` and redirects of a kind that depends on state
/// prevent it.
pub fn says_it_is_for_all(
    status: StatusCode,
    headers: &HeaderMap,
    lifetimes: &Lifetimes,
    by_rule: bool,
) -> bool {
    if matches!(status.as_u16(), 302 | 303 | 307) || varies_by_cookie(headers) {
        return false;
    }
    let Directives { cache_control, targeted } = Directives::of(headers);
    let has_lifetime = cache_control.max_age.is_some() || headers.contains_key(header::EXPIRES);
    by_rule
        || cache_control.public
        || cache_control.s_maxage.is_some()
        || targeted
        || (has_lifetime && lifetimes.fresh > 0)
}

fn varies_by_cookie(headers: &HeaderMap) -> bool {
    match Vary::of(headers) {
        Vary::Any => true,
        Vary::Fields(names) => names.contains(&header::COOKIE),
    }
}

impl Lifetimes {
    /// Tells whether each use has to be validated: "the response MUST NOT be used to satisfy any
    /// other request without forwarding it for validation" (RFC 9111 §5.2.2.4). Waiting requests
    /// cannot get such a response.
    pub fn validates_each_use(&self) -> bool {
        // broken: no-cache-handed-on
        self.never_stale && self.fresh == 0
    }
}

/// The reason why a stored response, or a missing one, is not for a visitor. The visitor's own
/// request is sent, which marks nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotShared {
    /// The visitor's cookies may mean something, and the response does not say that it is for all.
    Cookie,
    /// The visitor asks for a representation that `Vary` does not distinguish.
    Representation,
    /// A selecting field is too long to be compared.
    Oversized,
    /// The page has as many variants as are kept.
    Variants,
}

impl NotShared {
    /// Returns the detail for `Cache-Status`.
    pub fn detail(self) -> Detail {
        match self {
            NotShared::Cookie => Detail::Cookie,
            NotShared::Representation => Detail::Representation,
            NotShared::Oversized => Detail::Oversized,
            NotShared::Variants => Detail::Variants,
        }
    }
}

/// Returns the reason why a stored response is not shared with a visitor whose request selects it.
/// `by_cookie` is set if variants by cookie are stored. `has_cookies` tells whether a cookie may
/// mean something, and is called only if it matters.
pub fn not_shared(
    stored: &StoredResponse,
    request: &dyn RequestFields,
    by_cookie: bool,
    has_cookies: impl FnOnce() -> bool,
) -> Option<NotShared> {
    if let Some(reason) = not_comparable(&stored.variant, request) {
        return Some(reason);
    }
    (!is_for_cookies(stored, by_cookie, has_cookies)).then_some(NotShared::Cookie)
}

/// Returns the reason why no variant of a page is for a visitor; `variant` is its first one.
pub fn not_comparable(variant: &Variant, request: &dyn RequestFields) -> Option<NotShared> {
    let named = |name: &str| variant.names().any(|named| named == name);
    let is_foreign = |name: &str| asks_for_another_representation(name) && !named(name);
    if request.any_name(&is_foreign) {
        return Some(NotShared::Representation);
    }
    let is_incomparable = variant.names().any(|name| request.is_incomparable(name));
    is_incomparable.then_some(NotShared::Oversized)
}

/// Does the same for a page without stored variants; `suspected` holds fields that similar pages
/// vary by.
pub fn not_comparable_unseen(
    suspected: &[HeaderName],
    request: &dyn RequestFields,
) -> Option<NotShared> {
    let is_foreign = |name: &str| {
        asks_for_another_representation(name) && !suspected.iter().any(|known| known == name)
    };
    request.any_name(&is_foreign).then_some(NotShared::Representation)
}

/// Tells whether a visitor's fields select a variant. `wanted` holds the visitor's values of the
/// fields that the variant names.
pub fn selects(variant: &Selecting, wanted: &Selecting) -> bool {
    // Bytes that the runtime could not decode look alike, but may differ.
    wanted == variant && !wanted.iter().any(|(_, value)| value.contains('\u{fffd}'))
}

/// Tells whether the response to a plain request is for the waiting visitor. If not, send the
/// visitor's own request. `wanted` holds the visitor's values of the fields that the response
/// names.
pub fn is_for_visitor(
    stored: &StoredResponse,
    wanted: &Selecting,
    request: &dyn RequestFields,
    by_cookie: bool,
    has_cookies: impl FnOnce() -> bool,
) -> bool {
    *wanted == stored.variant.selecting
        && !stored.variant.names().any(|name| request.is_incomparable(name))
        && is_for_cookies(stored, by_cookie, has_cookies)
}

/// Tells whether a response is for a visitor in spite of the visitor's cookies.
fn is_for_cookies(
    stored: &StoredResponse,
    by_cookie: bool,
    has_cookies: impl FnOnce() -> bool,
) -> bool {
    let has_variants = by_cookie && stored.variant.names().any(|name| name == "cookie");
    stored.for_all || has_variants || !has_cookies()
}

/// The reason why a request for a page that is not stored fills nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FillsNothing {
    /// The response to a HEAD has no body.
    Head,
    /// The response to a range is only a part.
    Range,
}

/// Returns the reason why a request fills nothing; `None` if it may fill the cache.
pub fn fills_nothing(method: &Method, request: &dyn RequestFields) -> Option<FillsNothing> {
    if *method == Method::HEAD {
        return Some(FillsNothing::Head);
    }
    request.has("range").then_some(FillsNothing::Range)
}
