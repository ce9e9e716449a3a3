//! Whether a response may be stored (RFC 9111 §3), with the reason where it may not.

use std::time::Duration;

use http::header;
use http::{HeaderMap, StatusCode};

use super::fields::RequestFields;
use super::freshness::{Directives, Lifetimes};
use super::time::Time;
use super::vary::Vary;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Storing {
    Store(Lifetimes),
    Refuse(Refusal),
}

/// Why a response is not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A part, an answer to a condition, or not final.
    Status,
    NoStore,
    Private,
    SetCookie,
    VaryAny,
    Authorization,
    /// Neither a lifetime nor anything to revalidate with.
    NoLifetime,
}

impl Refusal {
    pub fn as_str(self) -> &'static str {
        match self {
            Refusal::Status => "status",
            Refusal::NoStore => "no-store",
            Refusal::Private => "private",
            Refusal::SetCookie => "set-cookie",
            Refusal::VaryAny => "vary-any",
            Refusal::Authorization => "authorization",
            Refusal::NoLifetime => "no-lifetime",
        }
    }
}

/// Whether the answer to a GET may be stored.
pub fn storing(
    status: StatusCode,
    response: &HeaderMap,
    request: &dyn RequestFields,
    now: Time,
) -> Storing {
    let directives = Directives::of(response);
    let cache_control = &directives.cache_control;
    let refusals = [
        (!is_whole(status), Refusal::Status),
        (cache_control.no_store, Refusal::NoStore),
        (cache_control.private, Refusal::Private),
        (response.contains_key(header::SET_COOKIE), Refusal::SetCookie),
        (Vary::of(response) == Vary::Any, Refusal::VaryAny),
        (request.has("authorization") && !shares_authorized(&directives), Refusal::Authorization),
    ];
    if let Some((_, refusal)) = refusals.into_iter().find(|(applies, _)| *applies) {
        return Storing::Refuse(refusal);
    }
    let Some(fresh) = directives.freshness_lifetime(response, now).or_else(|| {
        // Stored to be revalidated at each use (§5.2.2.4).
        cache_control.no_cache.then_some(Duration::ZERO)
    }) else {
        return Storing::Refuse(Refusal::NoLifetime);
    };
    let lifetimes = Lifetimes::of(cache_control, fresh);
    let of_use = lifetimes.fresh > 0 || lifetimes.longest_window() > 0 || has_validator(response);
    if of_use { Storing::Store(lifetimes) } else { Storing::Refuse(Refusal::NoLifetime) }
}

/// A final status whose body is the whole of a representation.
fn is_whole(status: StatusCode) -> bool {
    !status.is_informational()
        && !matches!(status, StatusCode::PARTIAL_CONTENT | StatusCode::NOT_MODIFIED)
}

/// "…the response contains … public, s-maxage, or must-revalidate" (§3.5).
fn shares_authorized(directives: &Directives) -> bool {
    let cache_control = &directives.cache_control;
    cache_control.public || cache_control.s_maxage.is_some() || cache_control.must_revalidate
}

pub fn has_validator(response: &HeaderMap) -> bool {
    response.contains_key(header::ETAG) || response.contains_key(header::LAST_MODIFIED)
}
