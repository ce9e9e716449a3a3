//! The decision whether a response may be stored (RFC 9111 §3), with the reason if it may not.

pub mod overtaking;
pub mod ruled;

use std::time::Duration;

use http::header;
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use serde_json::Value;

use crate::json::FromValue;

use crate::fields::cache_status::Detail;
use crate::fields::request::RequestFields;
use crate::fields::vary::Vary;
use crate::policy::freshness::{Directives, Lifetimes, heuristic_lifetime};
use crate::policy::storing::ruled::{Ruled, Said, opts_out};
use crate::policy::time::Time;

/// The decision about a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Storing {
    /// The response may be stored with these lifetimes.
    Store(Lifetimes),
    /// The response may not be stored, for this reason.
    Refuse(Refusal),
}

/// The reason why a response is not stored. A page that passes keeps the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// The status is partial, conditional or not final, or its caching rules are unknown.
    Status,
    /// The response has `no-store`.
    NoStore,
    /// The response has `private`.
    Private,
    /// The response sets a cookie.
    SetCookie,
    /// The response has `Vary: *`.
    VaryAny,
    /// The request has `Authorization`, and the response does not allow sharing.
    Authorization,
    /// The response has neither a lifetime nor anything to revalidate with.
    NoLifetime,
    /// The response redirects to its own URL: the origin does not know its public address.
    RedirectsToItself,
    /// The response has more tags than are kept. Leaving some out would lose purges.
    TooManyTags,
    /// The origin refuses requests that say nothing of a visitor.
    PlainRefused,
}

impl FromValue for Refusal {
    fn from_value(value: Value) -> Option<Refusal> {
        Refusal::ALL.into_iter().find(|refusal| value == refusal.detail().as_str())
    }
}

impl Refusal {
    /// All reasons.
    pub const ALL: [Refusal; 10] = [
        Refusal::Status,
        Refusal::NoStore,
        Refusal::Private,
        Refusal::SetCookie,
        Refusal::VaryAny,
        Refusal::Authorization,
        Refusal::NoLifetime,
        Refusal::RedirectsToItself,
        Refusal::TooManyTags,
        Refusal::PlainRefused,
    ];

    /// Returns the detail for `Cache-Status`.
    pub fn detail(self) -> Detail {
        match self {
            Refusal::Status => Detail::Status,
            Refusal::NoStore => Detail::NoStore,
            Refusal::Private => Detail::Private,
            Refusal::SetCookie => Detail::SetCookie,
            Refusal::VaryAny => Detail::VaryAny,
            Refusal::Authorization => Detail::Authorization,
            Refusal::NoLifetime => Detail::NoLifetime,
            Refusal::RedirectsToItself => Detail::RedirectsToItself,
            Refusal::TooManyTags => Detail::TooManyTags,
            Refusal::PlainRefused => Detail::PlainRefused,
        }
    }
}

/// The settings that storing depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoringSettings {
    /// Gives responses without a lifetime one by their `Last-Modified` (RFC 9111 §4.2.2).
    pub heuristic: bool,
    /// Lets `s-maxage` forbid stale responses, to the letter of §5.2.2.10.
    pub strict: bool,
}

/// Decides whether the response to a GET may be stored. `ruled` is what the site's rules say of it.
pub fn storing(
    status: StatusCode,
    response: &HeaderMap,
    request: &dyn RequestFields,
    terms: StoringSettings,
    ruled: Ruled,
    now: Time,
) -> Storing {
    let said = ruled.counting(response);
    if let Some(refusal) = refusal(status, response, request, &said.directives) {
        return Storing::Refuse(refusal);
    }
    let of_origin = lifetime(status, response, &said, terms, now);
    let Some(fresh) = of_origin.or_else(|| ruled.lifetime()) else {
        return Storing::Refuse(Refusal::NoLifetime);
    };
    let lifetimes = Lifetimes::of(&said.directives.cache_control, fresh, terms.strict);
    let lifetimes = ruled.with_windows(lifetimes);
    let of_use = lifetimes.fresh > 0 || lifetimes.longest_window() > 0 || has_validator(response);
    if of_use { Storing::Store(lifetimes) } else { Storing::Refuse(Refusal::NoLifetime) }
}

fn refusal(
    status: StatusCode,
    response: &HeaderMap,
    request: &dyn RequestFields,
    directives: &Directives,
) -> Option<Refusal> {
    let cache_control = &directives.cache_control;
    // "…if the response status code is understood …, ignore the no-store … directive" (§5.2.2.3).
    let no_store = cache_control.no_store && !cache_control.must_understand;
    let not_understood = cache_control.must_understand && !is_understood(status);
    let refusals = [
        (!is_whole(status) || not_understood, Refusal::Status),
        (no_store || opts_out(response), Refusal::NoStore),
        (cache_control.private, Refusal::Private),
        (response.contains_key(header::SET_COOKIE), Refusal::SetCookie),
        (Vary::of(response) == Vary::Any, Refusal::VaryAny),
        (request.has("authorization") && !shares_authorized(directives), Refusal::Authorization),
    ];
    refusals.into_iter().find(|(applies, _)| *applies).map(|(_, refusal)| refusal)
}

/// Removes the fields that are for one visitor or for one use. Only the visitor whose request
/// brought them gets them (RFC 9111 §5.2.2.4, §5.2.2.7).
pub fn withhold(headers: &mut HeaderMap) {
    for name in Directives::of(headers).cache_control.withheld {
        headers.remove(&name);
    }
}

fn lifetime(
    status: StatusCode,
    response: &HeaderMap,
    said: &Said,
    terms: StoringSettings,
    now: Time,
) -> Option<Duration> {
    let stated = said.lifetime(response, now);
    let cache_control = &said.directives.cache_control;
    // A `no-cache` response is stored to be revalidated at each use (§5.2.2.4).
    let none = cache_control.no_cache.then_some(Duration::ZERO);
    let may_guess =
        terms.heuristic && said.lifetime_counts && (is_cacheable(status) || cache_control.public);
    stated.or(none).or_else(|| may_guess.then(|| heuristic_lifetime(response, now))?)
}

/// Tells whether the status is final and its body is a whole representation.
fn is_whole(status: StatusCode) -> bool {
    !status.is_informational()
        && !matches!(status, StatusCode::PARTIAL_CONTENT | StatusCode::NOT_MODIFIED)
}

/// "…defined as heuristically cacheable" (RFC 9110 §15.1).
fn is_cacheable(status: StatusCode) -> bool {
    matches!(status.as_u16(), 200 | 203 | 204 | 300 | 301 | 308 | 404 | 405 | 410 | 414 | 501)
}

/// Tells whether the status's requirements on caches are known here: those of RFC 9110 §15.
fn is_understood(status: StatusCode) -> bool {
    matches!(
        status.as_u16(),
        200..=206 | 300..=308 | 400..=417 | 421 | 422 | 426 | 500..=505
    )
}

/// "…the response contains … public, s-maxage, or must-revalidate" (§3.5).
fn shares_authorized(directives: &Directives) -> bool {
    let cache_control = &directives.cache_control;
    cache_control.public || cache_control.s_maxage.is_some() || cache_control.must_revalidate
}

/// Tells whether a response has a field to revalidate it with.
pub fn has_validator(response: &HeaderMap) -> bool {
    response.contains_key(header::ETAG) || response.contains_key(header::LAST_MODIFIED)
}
