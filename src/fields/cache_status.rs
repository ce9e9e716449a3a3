//! The `Cache-Status` field (RFC 9211): the cache's handling of a request, and the reason.

use std::fmt;

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};

/// The name of the field.
pub const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

/// The reason why a request went to the origin (RFC 9211 §2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forward {
    /// The cache was configured or forced not to handle the request.
    Bypass,
    /// The method requires a request to the origin.
    Method,
    /// Nothing is stored for the URL.
    UriMiss,
    /// Nothing stored for the URL matches the request's selecting fields.
    VaryMiss,
    /// Nothing stored could be used.
    Miss,
    /// The stored response is stale.
    Stale,
}

impl Forward {
    /// Returns the reason as RFC 9211 spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Forward::Bypass => "bypass",
            Forward::Method => "method",
            Forward::UriMiss => "uri-miss",
            Forward::VaryMiss => "vary-miss",
            Forward::Miss => "miss",
            Forward::Stale => "stale",
        }
    }
}

/// The reason for the cache's handling of a request, in a word (RFC 9211 §2.8).
/// `docs/cache-status.md` tells for each reason what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// The request carries credentials, or the response is to such a request.
    Authorization,
    /// The data centre's cache keeps nothing: requests are not collapsed.
    CacheUnavailable,
    /// The response is from a control route.
    Control,
    /// The visitor has a cookie that may matter to the origin, and the response is not for all.
    Cookie,
    /// The holder of the coordinator's lease took too long.
    CoordinatorOverdue,
    /// The coordinator did not reply, or is full.
    CoordinatorUnavailable,
    /// `HOSTS` does not list the host.
    Host,
    /// The response was restored from the durable tier.
    Durable,
    /// The Worker failed.
    Internal,
    /// The object of the purge journal did not reply: the last purges may be seen late.
    JournalUnavailable,
    /// The visitor has a login cookie.
    LoginCookie,
    /// The request came back to the edge that had sent it.
    Loop,
    /// The stored response is older than `MAX_LIFE`.
    MaxLife,
    /// The method is neither GET nor HEAD.
    Method,
    /// The response has no lifetime.
    NoLifetime,
    /// `ORIGIN` is not set, and the request came through no zone.
    NoOrigin,
    /// The response or, if heeded, the request says `no-store`.
    NoStore,
    /// The request accepts only a stored response, and nothing is stored.
    OnlyIfCached,
    /// The origin's own cache sent a response that it had made before a purge.
    OriginBehind,
    /// The origin failed a moment ago.
    OriginFailed,
    /// A field that selects is too long, or is not ASCII.
    Oversized,
    /// The origin refuses plain requests, and serves visitors' own.
    PlainRefused,
    /// The response is private.
    Private,
    /// The stored response was purged hard.
    Purged,
    /// The request or response is for a part, which cannot fill the cache.
    Range,
    /// The origin redirects the URL to itself.
    RedirectsToItself,
    /// The request wants another representation than those that are stored.
    Representation,
    /// The response is stale, and a background request is under way.
    Revalidating,
    /// A rule makes the request bypass the cache.
    Rule,
    /// The rules cannot be used, so every request bypasses the cache.
    RulesInvalid,
    /// The response sets a cookie.
    SetCookie,
    /// A setting is wrong.
    Settings,
    /// The status is never stored: 1xx, 206, 304, or one that `must-understand` excludes.
    Status,
    /// The response has more tags than are kept.
    TooManyTags,
    /// The request upgrades the connection.
    Upgrade,
    /// The URL is too long to be stored.
    UrlTooLong,
    /// The URL or the method cannot be read.
    UrlUnreadable,
    /// All places for variants of the page are taken.
    Variants,
    /// The response says `Vary: *`.
    VaryAny,
}

impl Detail {
    /// Returns the reason as a token: lower case and hyphens.
    pub fn as_str(self) -> &'static str {
        match self {
            Detail::Authorization => "authorization",
            Detail::CacheUnavailable => "cache-unavailable",
            Detail::Control => "control",
            Detail::Durable => "durable",
            Detail::Cookie => "cookie",
            Detail::CoordinatorOverdue => "coordinator-overdue",
            Detail::CoordinatorUnavailable => "coordinator-unavailable",
            Detail::Host => "host",
            Detail::Internal => "internal",
            Detail::JournalUnavailable => "journal-unavailable",
            Detail::LoginCookie => "login-cookie",
            Detail::Loop => "loop",
            Detail::MaxLife => "max-life",
            Detail::Method => "method",
            Detail::NoLifetime => "no-lifetime",
            Detail::NoOrigin => "no-origin",
            Detail::NoStore => "no-store",
            Detail::OnlyIfCached => "only-if-cached",
            Detail::OriginBehind => "origin-behind",
            Detail::OriginFailed => "origin-failed",
            Detail::Oversized => "oversized",
            Detail::PlainRefused => "plain-refused",
            Detail::Private => "private",
            Detail::Purged => "purged",
            Detail::Range => "range",
            Detail::RedirectsToItself => "redirects-to-itself",
            Detail::Representation => "representation",
            Detail::Revalidating => "revalidating",
            Detail::Rule => "rule",
            Detail::RulesInvalid => "rules-invalid",
            Detail::SetCookie => "set-cookie",
            Detail::Settings => "settings",
            Detail::Status => "status",
            Detail::TooManyTags => "too-many-tags",
            Detail::Upgrade => "upgrade",
            Detail::UrlTooLong => "url-too-long",
            Detail::UrlUnreadable => "url-unreadable",
            Detail::Variants => "variants",
            Detail::VaryAny => "vary-any",
        }
    }
}

/// This cache's member of the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CacheStatus {
    /// Whether a stored response was sent, and not one that the origin was asked for.
    pub hit: bool,
    /// The reason for a request to the origin, if there was one.
    pub forward: Option<Forward>,
    /// The status of the origin's response.
    pub forward_status: Option<u16>,
    /// Whether the response was stored.
    pub stored: bool,
    /// Whether the request shared another request's response.
    pub collapsed: bool,
    /// Seconds of freshness left; negative once it has passed.
    pub ttl: Option<i64>,
    /// The key under which the response is stored. Only a request that may debug is told.
    pub key: Option<String>,
    /// The reason in a word.
    pub detail: Option<Detail>,
}

impl CacheStatus {
    /// Starts the member of a hit with `ttl` seconds of freshness left.
    pub fn hit(ttl: i64) -> CacheStatus {
        CacheStatus { hit: true, ttl: Some(ttl), ..CacheStatus::default() }
    }

    /// Starts the member of a request that went to the origin.
    pub fn forwarded(reason: Forward) -> CacheStatus {
        CacheStatus { forward: Some(reason), ..CacheStatus::default() }
    }

    /// Adds the status of the origin's response.
    pub fn answered(mut self, status: u16) -> CacheStatus {
        self.forward_status = Some(status);
        self
    }

    /// Adds the reason in a word.
    pub fn detail(mut self, detail: Detail) -> CacheStatus {
        self.detail = Some(detail);
        self
    }

    /// Appends this member after those of the origin's own caches (§2).
    pub fn append_to(&self, headers: &mut HeaderMap) {
        let value = HeaderValue::from_str(&self.to_string()).expect("tokens and numbers are legal");
        headers.append(CACHE_STATUS, value);
    }
}

impl fmt::Display for CacheStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("edge-isr")?;
        if self.hit {
            f.write_str("; hit")?;
        }
        if let Some(reason) = self.forward {
            write!(f, "; fwd={}", reason.as_str())?;
        }
        if let Some(status) = self.forward_status {
            write!(f, "; fwd-status={status}")?;
        }
        if self.stored {
            f.write_str("; stored")?;
        }
        if self.collapsed {
            f.write_str("; collapsed")?;
        }
        if let Some(ttl) = self.ttl {
            write!(f, "; ttl={ttl}")?;
        }
        if let Some(key) = &self.key {
            // A URL's characters are printable ASCII, so only these two need escaping in a String.
            write!(f, "; key=\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\""))?;
        }
        match self.detail {
            Some(detail) => write!(f, "; detail={}", detail.as_str()),
            None => Ok(()),
        }
    }
}
