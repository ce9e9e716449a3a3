//! The effects of a rule.

use http::StatusCode;

use super::condition::Statuses;
use super::header_change::HeaderChange;
use super::key::KeyEffects;
use super::template::TagTemplate;
use crate::policy::cookies::CookieNames;
use crate::policy::storing::ruled::{OldBuild, SetAside};

/// What a rule sets. `None` and empty lists leave it to other rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// Who decides whether a page is cached.
    pub cache: Option<Cache>,
    /// What is set aside of the origin's word, where a page is cached by a rule.
    pub set_aside: Option<SetAside>,
    /// The lifetime in seconds of pages that are cached by a rule.
    pub ttl: Option<u64>,
    /// Lifetimes in seconds by status. They go before `ttl`.
    pub status_ttl: Vec<(Statuses, u64)>,
    /// The window in seconds in which a stale page is shown while it is revalidated.
    pub stale_while_revalidate: Option<u64>,
    /// The window in seconds in which a stale page is shown if the origin fails.
    pub stale_if_error: Option<u64>,
    /// The lifetime in seconds that browsers are told.
    pub browser_ttl: Option<u64>,
    /// What a new build of the site makes of pages that were stored before it. `Some(None)` leaves
    /// them as they are, whatever other rules say.
    pub of_old_build: Option<Option<OldBuild>>,
    /// What counts in the key.
    pub key: KeyEffects,
    /// Cookies that a response sets and that are dropped, so that it may be stored.
    pub strip_set_cookies: Option<CookieNames>,
    /// Whether the page may stand in the durable tier.
    pub durable: Option<bool>,
    /// Whether the plain request is sent first. Set it where a request uses nothing up at the
    /// origin.
    pub plain: Option<bool>,
    /// Cookies that mean nothing to the page, in addition to `IGNORE_COOKIES`.
    pub ignore_cookies: Option<CookieNames>,
    /// Fields of requests to the origin that are set or removed.
    pub request_headers: Vec<HeaderChange>,
    /// Fields of responses to visitors that are set or removed.
    pub response_headers: Vec<HeaderChange>,
    /// Tags of the pages, in addition to the origin's.
    pub tags: Vec<TagTemplate>,
}

/// Who decides whether a page is cached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cache {
    /// The origin's header fields decide.
    Origin,
    /// Requests for the page go past the cache.
    Bypass,
    /// The page is stored where the origin states no lifetime.
    Force,
    /// The page is stored until it is purged, whatever lifetime the origin states.
    Forever,
}

impl Effects {
    /// Tells whether the rule sets anything besides `cache`.
    pub(super) fn are_more_than_cache(&self) -> bool {
        !self.key.are_none() || self.are_more_than_key()
    }

    /// Tells whether the rule sets anything besides `cache` and `key`.
    pub(super) fn are_more_than_key(&self) -> bool {
        let times = [self.ttl, self.stale_while_revalidate, self.stale_if_error, self.browser_ttl];
        times.iter().any(Option::is_some)
            || self.set_aside.is_some()
            || self.strip_set_cookies.is_some()
            || self.plain.is_some()
            || self.durable.is_some()
            || !self.status_ttl.is_empty()
            || !self.tags.is_empty()
            || self.ignore_cookies.is_some()
            || self.of_old_build.is_some()
            || !self.request_headers.is_empty()
            || !self.response_headers.is_empty()
    }
}

impl Cache {
    /// Tells whether a response of this status is stored by the rule. `status_ttl` adds statuses.
    pub(super) fn stores(self, status: StatusCode, has_own_ttl: bool) -> bool {
        let by_rule = matches!(self, Cache::Force | Cache::Forever);
        by_rule
            && !matches!(status.as_u16(), 206 | 304 | 401 | 403)
            && (has_own_ttl || matches!(status.as_u16(), 200 | 301 | 308))
    }
}
