//! Lifetimes of responses (RFC 9111 §4.2, RFC 5861, RFC 9213).

use std::time::Duration;

use http::HeaderMap;
use http::header::{self, HeaderName};
use serde::Serialize;

use crate::json::from_object;

use crate::fields::cache_control::{CacheControl, delta_seconds, joined, latin1, list};
use crate::fields::structured::dictionary;
use crate::policy::time::Time;
use crate::policy::timing::{HEURISTIC_LIFETIME_MOST, STALE_REACH};

/// Fields that direct this cache, most specific first. Only the first one present counts (RFC 9213
/// §2.2).
const TARGETED: [HeaderName; 3] = [
    HeaderName::from_static("cloudflare-cdn-cache-control"),
    HeaderName::from_static("cdn-cache-control"),
    SURROGATE_CONTROL,
];
const SURROGATE_CONTROL: HeaderName = HeaderName::from_static("surrogate-control");

/// The directives for this cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directives {
    /// The directives of the field that counts.
    pub cache_control: CacheControl,
    /// Set if a targeted field gave them.
    pub targeted: bool,
}

impl Directives {
    /// Reads the directives of a response's most specific field.
    pub fn of(headers: &HeaderMap) -> Directives {
        let targeted = TARGETED.iter().find_map(|field| targeted(headers, field));
        match targeted {
            Some(cache_control) => Directives { cache_control, targeted: true },
            None => {
                let cache_control = CacheControl::of(headers, &header::CACHE_CONTROL);
                Directives { cache_control, targeted: false }
            }
        }
    }

    /// "If the cache is shared and the s-maxage … is present, use its value, or if … max-age …, or
    /// if … Expires …, use its value minus the value of the Date" (§4.2.1).
    pub fn freshness_lifetime(&self, headers: &HeaderMap, now: Time) -> Option<Duration> {
        let directives = &self.cache_control;
        let stated = directives.s_maxage.or(directives.max_age);
        if stated.is_some() || self.targeted {
            return stated;
        }
        expires(headers, now)
    }
}

/// "…if the field is … not a valid Dictionary, it is ignored" (RFC 9213 §2.1); so are empty ones.
/// `Surrogate-Control` is older than structured fields, and is read like `Cache-Control`.
fn targeted(headers: &HeaderMap, field: &HeaderName) -> Option<CacheControl> {
    let value = joined(headers, field)?;
    if *field == SURROGATE_CONTROL {
        return Some(CacheControl::parse(&value));
    }
    let members = dictionary(&value).filter(|members| !members.is_empty())?;
    Some(CacheControl::of_dictionary(&members))
}

/// "A cache recipient MUST interpret invalid date formats, especially the value '0', as
/// representing a time in the past" (§5.3).
fn expires(headers: &HeaderMap, now: Time) -> Option<Duration> {
    let mut lines = headers.get_all(header::EXPIRES).iter();
    let first = latin1(lines.next()?.as_bytes());
    let expires = Time::from_http_date(&first).unwrap_or(Time(0));
    Some(expires.since(date(headers).unwrap_or(now)))
}

fn date(headers: &HeaderMap) -> Option<Time> {
    Time::from_http_date(&joined(headers, &header::DATE)?)
}

/// Returns the time when the response left the origin, on this clock: `now - born_at` is its
/// current age.
///
/// RFC 9111 §4.2.3 has `current_age = max(response_time - date_value, age_value + response_delay) +
/// (now - response_time)`, where `response_delay = response_time - request_time`. The response
/// times cancel out: `current_age = now - min(date_value, request_time - age_value)`.
pub fn born_at(headers: &HeaderMap, fetched_at: Time) -> Time {
    let by_age = fetched_at - age_value(headers);
    match date(headers) {
        Some(date) => by_age.min(date),
        None => by_age,
    }
}

/// The time when a response was made. Only one made for this request shows the purges known at that
/// time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// The origin made it for this request, which began at this time.
    ForThisRequest(Time),
    /// A cache of the origin had it before; this is the earliest time at which it may have been
    /// made.
    Before(Time),
    /// A cache of the origin had it before, and the origin calls it stale.
    Stale(Time),
}

impl Made {
    /// Classifies a response to a request that began at `began`. Its `Date` does not count: it is
    /// of another clock, and caches of origins pass it on.
    pub fn of(headers: &HeaderMap, began: Time) -> Made {
        let has_age = headers.contains_key(header::AGE);
        // `Age` is cut off to whole seconds.
        let by_age = began - (age_value(headers) + Duration::from_secs(1));
        match (is_declared_stale(headers), has_age) {
            (true, true) => Made::Stale(by_age),
            (true, false) => Made::Stale(began - STALE_REACH),
            (false, true) => Made::Before(by_age),
            (false, false) => Made::ForThisRequest(began),
        }
    }

    /// Returns the earliest time at which the response may have been made.
    pub fn at(self) -> Time {
        match self {
            Made::ForThisRequest(at) | Made::Before(at) | Made::Stale(at) => at,
        }
    }
}

/// Tells whether the origin's own cache calls the response stale. Next.js, Vercel and Cloudflare do
/// so, and caches that speak RFC 9211, with a negative `ttl` (§2.4).
fn is_declared_stale(headers: &HeaderMap) -> bool {
    const FIELDS: [HeaderName; 3] = [
        HeaderName::from_static("x-nextjs-cache"),
        HeaderName::from_static("x-vercel-cache"),
        HeaderName::from_static("cf-cache-status"),
    ];
    let says_stale = |name: &HeaderName| {
        let value = headers.get(name).map(|value| value.as_bytes().to_ascii_uppercase());
        value.is_some_and(|value| value == b"STALE" || value == b"UPDATING")
    };
    if FIELDS.iter().any(says_stale) {
        return true;
    }
    let status = joined(headers, &crate::fields::cache_status::CACHE_STATUS).unwrap_or_default();
    let is_negative = |parameter: &str| {
        let ttl = parameter.trim().strip_prefix("ttl=").map(str::trim);
        ttl.is_some_and(|ttl| ttl.starts_with('-') && ttl != "-0")
    };
    list(&status).any(|member| member.split(';').any(is_negative))
}

/// "If the field value is … a list, use the first member; if … not a non-negative integer, ignore
/// it" (§5.1).
pub fn age_value(headers: &HeaderMap) -> Duration {
    let Some(value) = headers.get(header::AGE) else { return Duration::ZERO };
    let value = latin1(value.as_bytes());
    list(&value).next().and_then(delta_seconds).unwrap_or(Duration::ZERO)
}

/// Returns "…a fraction of the interval since that time. A typical setting … might be 10%"
/// (§4.2.2). It is a day at most, and `None` without a `Last-Modified`.
pub fn heuristic_lifetime(headers: &HeaderMap, now: Time) -> Option<Duration> {
    let modified = Time::from_http_date(&joined(headers, &header::LAST_MODIFIED)?)?;
    Some((date(headers).unwrap_or(now).since(modified) / 10).min(HEURISTIC_LIFETIME_MOST))
}

/// The time for which a response is fresh, and the windows after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Lifetimes {
    /// Seconds of freshness, counted from `born_at`.
    pub fresh: u64,
    /// Seconds past freshness during which it is shown while it is revalidated (RFC 5861 §3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale_while_revalidate: Option<u64>,
    /// Seconds past freshness during which it is shown if the origin fails (RFC 5861 §4).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale_if_error: Option<u64>,
    /// Set if it is never shown stale: `must-revalidate`, `proxy-revalidate` or `no-cache`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub never_stale: bool,
    /// Set if `s-maxage` has no window beside it: settings grant none ("the s-maxage directive
    /// incorporates the semantics of … proxy-revalidate", RFC 9111 §5.2.2.10).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub no_grace: bool,
}

from_object!(
    Lifetimes,
    [fresh],
    or_default: [stale_while_revalidate, stale_if_error, never_stale, no_grace]
);

impl Lifetimes {
    /// Computes the lifetimes. `strict` makes `s-maxage` forbid stale responses even if the origin
    /// asks for them beside it.
    pub fn of(directives: &CacheControl, fresh: Duration, strict: bool) -> Lifetimes {
        let shared = directives.s_maxage.is_some();
        let never_stale = directives.must_revalidate
            || directives.proxy_revalidate
            || directives.no_cache
            || (strict && shared);
        let asks_for_none =
            directives.stale_while_revalidate.is_none() && directives.stale_if_error.is_none();
        let window = |stated: Option<Duration>| stated.map(|window| window.as_secs());
        Lifetimes {
            fresh: if directives.no_cache { 0 } else { fresh.as_secs() },
            stale_while_revalidate: window(directives.stale_while_revalidate),
            stale_if_error: window(directives.stale_if_error),
            never_stale,
            no_grace: shared && asks_for_none,
        }
    }

    /// Returns the lifetimes of a response made so: one that its origin calls stale is never fresh.
    pub fn of_made(self, made: Made) -> Lifetimes {
        match made {
            Made::Stale(_) => Lifetimes { fresh: 0, ..self },
            Made::ForThisRequest(_) | Made::Before(_) => self,
        }
    }

    /// Returns the longest window past freshness, in seconds.
    pub fn longest_window(&self) -> u64 {
        if self.never_stale {
            return 0;
        }
        self.stale_while_revalidate.max(self.stale_if_error).unwrap_or(0)
    }
}
