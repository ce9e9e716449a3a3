//! `RULES`: what is cached, for how long and under which tags, by conditions on the request and the
//! response. An origin need not be changed for it.
//!
//! For each effect the first rule that sets it wins. Tags add up. What a rule says of a page depends
//! on the page's key and the response alone: no visitor shapes what others get. Only a bypass may
//! depend on what is not in the key.
//!
//! | file | content |
//! |---|---|
//! | `read` | from JSON to rules, or to the faults |
//! | `rule` | a rule: when it holds |
//! | `condition` | the conditions of a rule |
//! | `facts` | what conditions are compared with |
//! | `effects` | what a rule sets |
//! | `key` | what counts in a page's key |
//! | `header_change` | header fields that are set or removed |
//! | `glob`, `wildcard` | texts with wildcards |
//! | `template` | tags with variables |
//! | `presets` | rules for frameworks and servers |
//! | `path` | the ways in which an origin may read a path |

pub mod condition;
pub mod effects;
pub mod facts;
pub mod glob;
pub mod header_change;
pub mod key;
pub mod path;
pub mod presets;
pub mod read;
pub mod rule;
pub mod template;
pub mod wildcard;

use std::cell::OnceCell;

use http::{HeaderMap, StatusCode};

use self::effects::{Cache, Effects};
use self::facts::{Facts, Spellings};
use self::key::Counting;
use self::key::visitor::Asking;
pub use self::rule::Rule;
use crate::fields::request::RequestFields;
use crate::policy::cookies::CookieNames;
use crate::policy::key::CacheKey;
use crate::policy::storing::ruled::{Forced, Ruled, SetAside};
use crate::policy::tag::Tag;

/// The lifetime in seconds of a page that is cached until it is purged: `MAX_LIFE` ends it.
const FOREVER: u64 = 365 * 24 * 60 * 60;

/// The rules, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    list: Vec<Rule>,
    /// Whether a rule counts parts of a visitor's request in the key.
    keys_visitors: bool,
    /// Whether a rule says which parameters of a query count.
    cuts_queries: bool,
    /// Whether a rule sets or removes header fields.
    changes_headers: bool,
    /// Whether a rule says which cookies mean nothing.
    ignores_cookies: bool,
    /// The number of rules up to the last bypass.
    bypasses_up_to: usize,
}

impl Rules {
    /// No rules.
    pub const NONE: Rules = Rules {
        list: Vec::new(),
        keys_visitors: false,
        cuts_queries: false,
        changes_headers: false,
        ignores_cookies: false,
        bypasses_up_to: 0,
    };

    /// Makes rules of a list that was checked.
    fn new(list: Vec<Rule>) -> Rules {
        let keys_visitors = list.iter().any(|rule| rule.effects.key.concern_visitors());
        let is_bypass = |rule: &Rule| rule.effects.cache == Some(Cache::Bypass);
        let bypasses_up_to = list.iter().rposition(is_bypass).map_or(0, |last| last + 1);
        let cuts_queries = list.iter().any(|rule| rule.effects.key.query.is_some());
        let changes = |effects: &Effects| {
            !effects.request_headers.is_empty() || !effects.response_headers.is_empty()
        };
        let ignores_cookies = list.iter().any(|rule| rule.effects.ignore_cookies.is_some());
        let changes_headers = list.iter().any(|rule| changes(&rule.effects));
        Rules {
            list,
            keys_visitors,
            cuts_queries,
            changes_headers,
            ignores_cookies,
            bypasses_up_to,
        }
    }

    /// The rules, in their order.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn list(&self) -> &[Rule] {
        &self.list
    }

    /// Returns the index, from 0, of the rule by which a request bypasses the cache, if it does.
    pub fn bypass(&self, request: &Facts<'_>) -> Option<usize> {
        let keyed = OnceCell::new();
        // After the last bypass, no rule decides about it.
        let up_to_last = self.list[..self.bypasses_up_to].iter().enumerate();
        for (place, rule) in up_to_last.filter(|(_, rule)| rule.when.may_hold(request)) {
            match rule.effects.cache {
                Some(Cache::Bypass) if rule.holds(request, Spellings::AnyReading) => {
                    return Some(place);
                }
                // Whether a rule for some responses holds is not known yet.
                Some(Cache::Origin | Cache::Force | Cache::Forever) if !rule.needs_response() => {
                    // What does not count in the key must not save a request from a bypass.
                    let key = || self.key_for(request.key(), request.visitor()?);
                    let page = request.of_key(keyed.get_or_init(key).as_ref());
                    if rule.holds(&page, Spellings::EveryReading) {
                        return None;
                    }
                }
                _ => {}
            }
        }
        None
    }

    /// Returns the key that a purge by URL selects, if rules change it.
    pub fn key(&self, key: &CacheKey) -> Option<CacheKey> {
        key.query().filter(|_| self.cuts_queries)?;
        self.counting(&Facts::of_page(key)).of_url(key)
    }

    /// Returns the key of a visitor's request, if rules change it. Call it for a request that does
    /// not bypass.
    ///
    /// Send the origin the URL and the parts of this key: what is not in the key must not reach it.
    pub fn key_for(&self, key: &CacheKey, visitor: &dyn RequestFields) -> Option<CacheKey> {
        if !self.keys_visitors && (key.query().is_none() || !self.cuts_queries) {
            return None;
        }
        let page = Facts::of_page(key);
        let counting = self.counting(&page);
        let of_url = counting.of_url(key);
        let parts = counting.parts(Asking { visitor, path: page.path() });
        if parts.is_empty() {
            return of_url;
        }
        Some(of_url.unwrap_or_else(|| key.clone()).with_parts(parts))
    }

    /// What counts in the key of a page.
    fn counting(&self, page: &Facts<'_>) -> Counting<'_> {
        let mut counting = Counting::default();
        for rule in &self.list {
            if !rule.effects.key.are_none() && rule.holds(page, Spellings::Normal) {
                counting.add(&rule.effects.key, rule.when.path.as_ref());
            }
        }
        counting
    }

    /// Tells whether a rule counts parts of a visitor's request in the key.
    pub fn keys_visitors(&self) -> bool {
        self.keys_visitors
    }

    /// Tells whether the plain request for a page is sent first.
    pub fn plain_first(&self, key: &CacheKey) -> bool {
        self.first(&Facts::of_page(key), |effects| effects.plain).unwrap_or(false)
    }

    /// Tells whether a page is cached until it is purged, whichever visitor asks.
    pub fn caches_forever(&self, key: &CacheKey) -> bool {
        self.first(&Facts::of_page(key), |effects| effects.cache) == Some(Cache::Forever)
    }

    /// Returns what the rules say about storing a response.
    pub fn ruled(&self, key: &CacheKey, status: StatusCode, headers: &HeaderMap) -> Ruled {
        let facts = Facts::of_response(key, status, headers);
        let mut set = Effects::default();
        let mut status_ttl = None;
        for rule in self.holding(&facts) {
            let effects = &rule.effects;
            set.cache = set.cache.or(effects.cache);
            set.set_aside = set.set_aside.or(effects.set_aside);
            set.ttl = set.ttl.or(effects.ttl);
            set.stale_while_revalidate =
                set.stale_while_revalidate.or(effects.stale_while_revalidate);
            set.stale_if_error = set.stale_if_error.or(effects.stale_if_error);
            set.browser_ttl = set.browser_ttl.or(effects.browser_ttl);
            set.of_old_build = set.of_old_build.or(effects.of_old_build);
            let own = effects.status_ttl.iter().find(|(statuses, _)| statuses.contain(status));
            status_ttl = status_ttl.or(own.map(|(_, ttl)| *ttl));
        }
        let cache = set.cache.unwrap_or(Cache::Origin);
        let forced = cache.stores(status, status_ttl.is_some()).then(|| {
            let set_aside = set.set_aside.unwrap_or_default();
            let lifetime = set_aside.lifetime || cache == Cache::Forever;
            let forever = (cache == Cache::Forever).then_some(FOREVER);
            Forced {
                ttl: status_ttl.or(forever).or(set.ttl),
                set_aside: SetAside { lifetime, ..set_aside },
            }
        });
        Ruled {
            forced,
            stale_while_revalidate: set.stale_while_revalidate,
            stale_if_error: set.stale_if_error,
            browser_ttl: set.browser_ttl,
            of_old_build: set.of_old_build.flatten(),
        }
    }

    /// Returns the names of cookies without which a response may be stored, if a rule says some.
    pub fn harmless(
        &self,
        key: &CacheKey,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> Option<&CookieNames> {
        let facts = Facts::of_response(key, status, headers);
        self.first(&facts, |effects| effects.strip_set_cookies.as_ref())
    }

    /// Returns the tags that the rules give a response. Drop those that are no legal tags.
    pub fn tags(&self, key: &CacheKey, status: StatusCode, headers: &HeaderMap) -> Vec<String> {
        let facts = Facts::of_response(key, status, headers);
        let mut tags = Vec::new();
        for rule in self.holding(&facts) {
            for template in &rule.effects.tags {
                tags.append(&mut template.tags(&facts, rule.when.path.as_ref()));
            }
        }
        tags
    }

    /// Returns the tags of a page that hold a value of its query.
    pub fn tags_of_query(&self, key: &CacheKey) -> Vec<Tag> {
        let facts = Facts::of_page(key);
        let mut tags = Vec::new();
        for rule in &self.list {
            for template in rule.effects.tags.iter().filter(|template| template.reads_query()) {
                tags.append(&mut template.tags(&facts, rule.when.path.as_ref()));
            }
        }
        tags.iter().filter_map(|tag| Tag::origin(tag).ok()).collect()
    }

    /// Returns what a rule says about keeping a response in the durable tier, if one does.
    pub fn durable(&self, key: &CacheKey, status: StatusCode, headers: &HeaderMap) -> Option<bool> {
        self.first(&Facts::of_response(key, status, headers), |effects| effects.durable)
    }

    /// Tells whether a rule says that a cookie means nothing to a page.
    pub fn ignore_cookie(&self, key: &CacheKey, name: &str) -> bool {
        self.ignores_cookies
            && self
                .first(&Facts::of_page(key), |effects| effects.ignore_cookies.as_ref())
                .is_some_and(|names| names.matches(name))
    }

    /// Changes the fields of a request to the origin.
    pub fn change_request(&self, key: &CacheKey, headers: &mut HeaderMap) {
        if self.changes_headers {
            let facts = Facts::of_page(key);
            let rules = self.holding(&facts);
            header_change::change(headers, rules.flat_map(|rule| &rule.effects.request_headers));
        }
    }

    /// Changes the fields of the response to a visitor.
    pub fn change_response(&self, key: &CacheKey, status: StatusCode, headers: &mut HeaderMap) {
        if self.changes_headers {
            let received = headers.clone();
            let facts = Facts::of_response(key, status, &received);
            let rules = self.holding(&facts);
            header_change::change(headers, rules.flat_map(|rule| &rule.effects.response_headers));
        }
    }

    /// The effect of the first rule that has it and holds for a page.
    fn first<'r, T>(
        &'r self,
        page: &Facts<'_>,
        effect: impl Fn(&'r Effects) -> Option<T>,
    ) -> Option<T> {
        let of_rule = |rule: &'r Rule| {
            let effect = effect(&rule.effects)?;
            rule.holds(page, Spellings::Normal).then_some(effect)
        };
        self.list.iter().find_map(of_rule)
    }

    /// The rules that hold for a page, whichever visitor asks.
    fn holding<'r, 'f>(
        &'r self,
        page: &'f Facts<'f>,
    ) -> impl Iterator<Item = &'r Rule> + use<'r, 'f> {
        let of_page = |rule: &&Rule| rule.effects.cache != Some(Cache::Bypass);
        self.list.iter().filter(of_page).filter(|rule| rule.holds(page, Spellings::Normal))
    }
}
