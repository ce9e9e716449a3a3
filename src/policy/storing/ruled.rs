//! What the site's rules say about storing a response, in addition to the origin's own word.

use std::rc::Rc;
use std::time::Duration;

use http::{HeaderMap, HeaderName};

use super::{Storing, StoringSettings, storing};
use crate::fields::cache_control::{joined, list};
use crate::policy::cookies::CookieNames;
use crate::policy::freshness::{Directives, Lifetimes, Made};
use crate::policy::sharing::says_it_is_for_all;
use crate::policy::stored::StoredResponse;
use crate::policy::time::Time;

/// What the rules say about a page with a response of one status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ruled {
    /// Set if the response is stored even where the origin states no lifetime.
    pub forced: Option<Forced>,
    /// Seconds past freshness during which the response is shown while it is revalidated, if the
    /// origin states none.
    pub stale_while_revalidate: Option<u64>,
    /// Seconds past freshness during which the response is shown if the origin fails, if the origin
    /// states none.
    pub stale_if_error: Option<u64>,
    /// The lifetime in seconds that browsers are told. See [`Ruled::told_to_browsers`].
    pub browser_ttl: Option<u64>,
    /// What a new build of the site makes of a page that was stored before it.
    pub of_old_build: Option<OldBuild>,
}

/// What a new build of the site makes of a page that was stored before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OldBuild {
    /// It is stale from then on.
    Stale,
    /// It is not used, not even if the origin fails.
    Unusable,
}

/// The terms on which a response is stored by a rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forced {
    /// The lifetime in seconds, where the origin's does not count. `None` stores nothing.
    pub ttl: Option<u64>,
    /// What is set aside of the origin's word.
    pub set_aside: SetAside,
}

/// What a rule sets aside of the origin's word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SetAside {
    /// `max-age`, `s-maxage`, `Expires`, `must-revalidate` and the windows of stale use.
    pub lifetime: bool,
    /// `no-cache`.
    pub no_cache: bool,
    /// `private`.
    pub private: bool,
    /// `no-store`.
    pub no_store: bool,
}

impl Ruled {
    /// Tells whether the rules say nothing.
    pub fn is_nothing(&self) -> bool {
        *self == Ruled::default()
    }

    /// Returns a stored response as these rules have it, or `None` if they would not store it. Without
    /// rules, before and now, it is as it was. `harmless` are the cookies that they strip.
    pub fn applied_to(
        &self,
        mut stored: Rc<StoredResponse>,
        harmless: Option<&CookieNames>,
        terms: StoringSettings,
    ) -> Option<Rc<StoredResponse>> {
        let is_harmless = |name: &String| harmless.is_some_and(|names| names.matches(name));
        if !stored.stripped.iter().all(is_harmless) {
            return None;
        }
        if self.is_nothing() && !stored.by_rule {
            return Some(stored);
        }
        let (fetched_at, is_forced) = (stored.provenance.fetched_at, self.forced.is_some());
        let response = Rc::make_mut(&mut stored);
        let (status, headers) = (response.status, &response.headers);
        // Whether its request had `Authorization` was judged when it was stored.
        let request = HeaderMap::new();
        let lifetimes = match storing(status, headers, &request, terms, *self, fetched_at) {
            Storing::Store(lifetimes) => lifetimes.of_made(Made::of(headers, fetched_at)),
            Storing::Refuse(_) => return None,
        };
        let browser_ttl = self.told_to_browsers(headers);
        response.for_all = says_it_is_for_all(status, headers, &lifetimes, is_forced);
        response.lifetimes = lifetimes;
        response.by_rule = !self.is_nothing();
        response.browser_ttl = browser_ttl;
        Some(stored)
    }

    /// Returns the lifetime in seconds that browsers are told of a response; `None` if they are told
    /// what the origin says.
    ///
    /// A purge does not reach a browser. So a browser is told no lifetime that the rules alone gave.
    pub fn told_to_browsers(&self, response: &HeaderMap) -> Option<u64> {
        let said = self.counting(response);
        // Which moment it is does not matter: whether a lifetime is stated does.
        let is_stated = said.lifetime(response, Time(0)).is_some();
        self.browser_ttl.or(self.forced.filter(|_| !is_stated).map(|_| 0))
    }

    /// Returns what counts of the origin's word.
    pub(super) fn counting(&self, response: &HeaderMap) -> Said {
        let mut directives = Directives::of(response);
        let aside = self.forced.map(|forced| forced.set_aside).unwrap_or_default();
        let said = &mut directives.cache_control;
        said.no_store &= !aside.no_store;
        said.private &= !aside.private;
        said.no_cache &= !aside.no_cache;
        if aside.lifetime {
            (said.max_age, said.s_maxage) = (None, None);
            (said.must_revalidate, said.proxy_revalidate) = (false, false);
            (said.stale_while_revalidate, said.stale_if_error) = (None, None);
        }
        Said { directives, lifetime_counts: !aside.lifetime }
    }

    /// The lifetime that the rules give a response for which the origin's does not count.
    pub(super) fn lifetime(&self) -> Option<Duration> {
        self.forced?.ttl.map(Duration::from_secs)
    }

    /// Adds the windows of the rules where the origin states none.
    pub(super) fn with_windows(&self, lifetimes: Lifetimes) -> Lifetimes {
        let Lifetimes { stale_while_revalidate, stale_if_error, .. } = lifetimes;
        Lifetimes {
            stale_while_revalidate: stale_while_revalidate.or(self.stale_while_revalidate),
            stale_if_error: stale_if_error.or(self.stale_if_error),
            ..lifetimes
        }
    }
}

/// What counts of the origin's word.
pub(super) struct Said {
    /// The directives that count.
    pub directives: Directives,
    /// Set if the origin's lifetime counts, in whichever field it stands.
    pub lifetime_counts: bool,
}

impl Said {
    /// The lifetime that the origin states, if it counts.
    pub(super) fn lifetime(&self, response: &HeaderMap, now: Time) -> Option<Duration> {
        self.lifetime_counts.then(|| self.directives.freshness_lifetime(response, now))?
    }
}

/// Tells whether the application of the origin forbids storing the response, whatever a rule says.
pub(super) fn opts_out(response: &HeaderMap) -> bool {
    let said = joined(response, &OPT_OUT).unwrap_or_default();
    let name = |member: &str| member.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    list(&said).any(|member| name(member) == "no-store")
}

/// The field with which an application keeps a response out of the cache, whatever a rule says.
const OPT_OUT: HeaderName = HeaderName::from_static("edge-isr");
