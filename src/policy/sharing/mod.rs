//! Whom a stored response is shared with.

pub mod variants;

use http::header::{self, HeaderMap};
use http::{Method, StatusCode};

use crate::fields::cache_status::Detail;
use crate::fields::request::RequestFields;
use crate::fields::vary::Vary;
use crate::policy::freshness::{Directives, Lifetimes};

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
