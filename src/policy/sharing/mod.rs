//! Whom a stored response is shared with.

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

/// Whether a response says that it is for every visitor, also for one whose cookies may mean
/// something: `public`, `s-maxage`, a targeted field or a stated lifetime; not where `Vary` names
/// `Cookie`, and not a redirect of a kind that depends on state.
pub fn says_it_is_for_all(status: StatusCode, headers: &HeaderMap, lifetimes: &Lifetimes) -> bool {
    if matches!(status.as_u16(), 302 | 303 | 307) || varies_by_cookie(headers) {
        return false;
    }
    let Directives { cache_control, targeted } = Directives::of(headers);
    let has_lifetime = cache_control.max_age.is_some() || headers.contains_key(header::EXPIRES);
    cache_control.public
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
    /// Whether each use has to be validated: "the response MUST NOT be used to satisfy any other
    /// request without forwarding it for validation" (RFC 9111 §5.2.2.4). Requests that wait for
    /// such a response cannot be handed it.
    pub fn validates_each_use(&self) -> bool {
        // broken: no-cache-handed-on
        self.never_stale && self.fresh == 0
    }
}

/// Why what is stored, if anything, is not for a visitor: they ask for themselves, which marks
/// nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotShared {
    /// Their cookies may mean something, and the response does not say that it is for all.
    Cookie,
    /// They ask for another representation than those that `Vary` tells apart.
    Representation,
    /// A field that selects is longer than is compared.
    Oversized,
    /// The page has as many variants as are kept.
    Variants,
}

impl NotShared {
    pub fn detail(self) -> Detail {
        match self {
            NotShared::Cookie => Detail::Cookie,
            NotShared::Representation => Detail::Representation,
            NotShared::Oversized => Detail::Oversized,
            NotShared::Variants => Detail::Variants,
        }
    }
}

/// Why a stored response is not shared with a visitor whose request it may answer. `by_cookie`:
/// variants by cookie are stored. `has_cookies`: whether a cookie may mean something, asked only where
/// it matters.
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

/// Why no variant of a page is for a visitor, `variant` being its first one.
pub fn not_comparable(variant: &Variant, request: &dyn RequestFields) -> Option<NotShared> {
    let named = |name: &str| variant.names().any(|named| named == name);
    let is_foreign = |name: &str| asks_for_another_representation(name) && !named(name);
    if request.any_name(&is_foreign) {
        return Some(NotShared::Representation);
    }
    let is_incomparable = variant.names().any(|name| request.is_incomparable(name));
    is_incomparable.then_some(NotShared::Oversized)
}

/// The same for a page of which no variant is stored: `suspected` is what pages like it vary by.
pub fn not_comparable_unseen(
    suspected: &[HeaderName],
    request: &dyn RequestFields,
) -> Option<NotShared> {
    let is_foreign = |name: &str| {
        asks_for_another_representation(name) && !suspected.iter().any(|known| known == name)
    };
    request.any_name(&is_foreign).then_some(NotShared::Representation)
}

/// Whether a variant is the one that a visitor's fields select. `wanted`: what they say in the fields
/// that it names.
pub fn selects(variant: &Selecting, wanted: &Selecting) -> bool {
    // Bytes that the runtime could not decode look alike and need not be.
    wanted == variant && !wanted.iter().any(|(_, value)| value.contains('\u{fffd}'))
}

/// Whether the response to a plain request is for the visitor who waits for it. If not, the visitor's
/// own request is sent. `wanted`: what the visitor's fields say in those that the response names.
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

/// Whether the cookies of a visitor do not keep a response from them.
fn is_for_cookies(
    stored: &StoredResponse,
    by_cookie: bool,
    has_cookies: impl FnOnce() -> bool,
) -> bool {
    let has_variants = by_cookie && stored.variant.names().any(|name| name == "cookie");
    stored.for_all || has_variants || !has_cookies()
}

/// Why a request of a page that is not stored fills nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FillsNothing {
    /// A HEAD has no body.
    Head,
    /// A range is a part.
    Range,
}

pub fn fills_nothing(method: &Method, request: &dyn RequestFields) -> Option<FillsNothing> {
    if *method == Method::HEAD {
        return Some(FillsNothing::Head);
    }
    request.has("range").then_some(FillsNothing::Range)
}
