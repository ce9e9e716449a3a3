//! The decision whether a request may use the cache, by the request and the settings alone.

use http::Method;

use crate::fields::cache_status::{Detail, Forward};
use crate::fields::forwarding::came_through_here;
use crate::fields::request::RequestFields;
use crate::fields::request_directives::RequestDirectives;
use crate::policy::cookies::{self, CookieNames};

/// The longest URL in bytes that is looked up. A longer one bypasses the cache: its tags would fill
/// the memory.
pub const URL_MOST: usize = 4096;

/// The reason why a request bypasses the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bypass {
    /// The method is neither GET nor HEAD.
    Method,
    /// The request asks for another protocol.
    Upgrade,
    /// The request has `Authorization`, and its responses are not shared.
    Authorization,
    /// The request has a login cookie.
    LoginCookie,
    /// The visitor's request has `no-store` (RFC 9111 §5.2.1.5).
    NoStore,
    /// A rule for the path says so.
    Rule,
    /// The rules cannot be used, so no request uses the cache.
    RulesInvalid,
    /// The URL is too long.
    LongUrl,
    /// `Cookie`, `Authorization` or `Origin` is too long to be read.
    Oversized,
}

impl Bypass {
    /// Returns the detail for `Cache-Status`.
    pub fn detail(self) -> Detail {
        match self {
            Bypass::Method => Detail::Method,
            Bypass::Upgrade => Detail::Upgrade,
            Bypass::Authorization => Detail::Authorization,
            Bypass::LoginCookie => Detail::LoginCookie,
            Bypass::NoStore => Detail::NoStore,
            Bypass::Rule => Detail::Rule,
            Bypass::RulesInvalid => Detail::RulesInvalid,
            Bypass::LongUrl => Detail::UrlTooLong,
            Bypass::Oversized => Detail::Oversized,
        }
    }

    /// Returns the reason for `fwd` in `Cache-Status`.
    pub fn forward(self) -> Forward {
        match self {
            Bypass::Method => Forward::Method,
            _ => Forward::Bypass,
        }
    }
}

/// The settings that bypassing depends on.
#[derive(Clone, Copy, Debug)]
pub struct BypassSettings<'a> {
    /// The names of login cookies.
    pub login_cookies: &'a CookieNames,
    /// Set if responses to `Authorization` are shared where they allow it (RFC 9111 §3.5).
    pub share_authorized: bool,
    /// Set if a visitor's own `Cache-Control` is heeded.
    pub request_directives: bool,
    /// The reason that the rules give, if they give one.
    pub by_rule: Option<Bypass>,
}

/// Returns the reason why a request bypasses the cache. On `None`, look the request up next.
pub fn bypass(
    method: &Method,
    url: &str,
    request: &dyn RequestFields,
    settings: BypassSettings<'_>,
) -> Option<Bypass> {
    if request.has("upgrade") {
        return Some(Bypass::Upgrade);
    }
    if !matches!(*method, Method::GET | Method::HEAD) {
        return Some(Bypass::Method);
    }
    if !settings.share_authorized && request.has("authorization") {
        return Some(Bypass::Authorization);
    }
    if has_cookie(request, settings.login_cookies) {
        return Some(Bypass::LoginCookie);
    }
    if url.len() > URL_MOST {
        return Some(Bypass::LongUrl);
    }
    if ["cookie", "authorization", "origin"].iter().any(|name| request.is_oversized(name)) {
        return Some(Bypass::Oversized);
    }
    if settings.by_rule.is_some() {
        return settings.by_rule;
    }
    let is_not_stored = settings.request_directives && says_no_store(request);
    is_not_stored.then_some(Bypass::NoStore)
}

fn has_cookie(request: &dyn RequestFields, wanted: &CookieNames) -> bool {
    request.value("cookie").is_some_and(|field| cookies::has(&field, wanted))
}

fn says_no_store(request: &dyn RequestFields) -> bool {
    let said = request.value("cache-control");
    said.is_some_and(|value| RequestDirectives::parse(&value).no_store)
}

/// Tells whether forwarding a request to the origin would bring it back here. Without a configured
/// `origin`, a request is forwarded to its own URL. On a zone this is the origin, and anywhere else
/// this Worker again. An origin of the same `host` can also be this Worker.
pub fn loops(origin: Option<&str>, host: &str, request: &dyn RequestFields) -> bool {
    origin.is_none_or(|origin| origin == host) && came_through_here(request)
}
