//! What rules say about a page's key.
//!
//! What does not count is not sent to the origin, and what counts is sent in its normal form. So two
//! requests with one key are one request to the origin, and the origin cannot respond to them
//! differently. All values come from lists or from the platform, so no visitor can invent one.
//!
//! | file | content |
//! |---|---|
//! | `query` | the parameters of the query that count |
//! | `visitor` | the parts of a visitor's request that count |

pub mod query;
pub mod visitor;

use self::query::QueryKey;
use self::visitor::{Asking, Countries, Listed, Locales};
use crate::policy::key::CacheKey;
use crate::policy::key::part::{KeyPart, PartKind};
use crate::rules::glob::Glob;

/// What a rule sets of a key. `None` leaves it to other rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyEffects {
    /// The parameters of the query that count.
    pub query: Option<QueryKey>,
    /// A text that separates these pages from all others.
    pub prefix: Option<String>,
    /// Whether the kind of device counts.
    pub device: Option<bool>,
    /// The languages that count.
    pub locale: Option<Locales>,
    /// The countries that count.
    pub country: Option<Countries>,
    /// The header fields that count.
    pub headers: Option<Vec<Listed>>,
    /// The cookies that count.
    pub cookies: Option<Vec<Listed>>,
}

impl KeyEffects {
    /// Tells whether the rule sets nothing of a key.
    pub fn are_none(&self) -> bool {
        self.query.is_none() && !self.concern_visitors()
    }

    /// Tells whether the rule counts a part of a visitor's request.
    pub fn counts(&self, kind: PartKind, name: &str) -> bool {
        let lists = |listed: &Option<Vec<Listed>>| {
            listed.iter().flatten().any(|listed| listed.name == name)
        };
        match kind {
            PartKind::Prefix => self.prefix.is_some(),
            PartKind::Device => self.device == Some(true),
            PartKind::Locale => self.locale.is_some(),
            PartKind::Country => self.country.is_some(),
            PartKind::Header => lists(&self.headers),
            PartKind::Cookie => lists(&self.cookies),
        }
    }

    /// Tells whether the rule makes more of a key than its URL.
    pub fn concern_visitors(&self) -> bool {
        self.prefix.is_some()
            || self.device.is_some()
            || self.locale.is_some()
            || self.country.is_some()
            || self.headers.is_some()
            || self.cookies.is_some()
    }
}

/// What counts in the key of one page.
#[derive(Default)]
pub(super) struct Counting<'r> {
    query: Option<&'r QueryKey>,
    prefix: Option<&'r str>,
    device: Option<bool>,
    /// The languages, and the glob of the path of the rule that counts them.
    locale: Option<(&'r Locales, Option<&'r Glob>)>,
    country: Option<&'r Countries>,
    headers: Option<&'r [Listed]>,
    cookies: Option<&'r [Listed]>,
}

impl<'r> Counting<'r> {
    /// Adds what a later rule says. What an earlier one says stays.
    pub(super) fn add(&mut self, effects: &'r KeyEffects, path: Option<&'r Glob>) {
        self.query = self.query.or(effects.query.as_ref());
        self.prefix = self.prefix.or(effects.prefix.as_deref());
        self.device = self.device.or(effects.device);
        self.locale = self.locale.or(effects.locale.as_ref().map(|locales| (locales, path)));
        self.country = self.country.or(effects.country.as_ref());
        self.headers = self.headers.or(effects.headers.as_deref());
        self.cookies = self.cookies.or(effects.cookies.as_deref());
    }

    /// The key of a URL, if it changes.
    pub(super) fn of_url(&self, key: &CacheKey) -> Option<CacheKey> {
        self.query?.applied_to(key)
    }

    /// The parts of a visitor's request.
    pub(super) fn parts(&self, asking: Asking<'_>) -> Vec<KeyPart> {
        let mut parts = Vec::new();
        if let Some(prefix) = self.prefix {
            let (name, value) = (String::new(), Some(prefix.to_owned()));
            parts.push(KeyPart { kind: PartKind::Prefix, name, value });
        }
        if self.device == Some(true) {
            parts.push(asking.device());
        }
        if let Some((locales, glob)) = self.locale {
            parts.push(asking.locale(locales, glob));
        }
        if let Some(countries) = self.country {
            parts.push(asking.country(countries));
        }
        for listed in self.headers.unwrap_or_default() {
            parts.push(asking.header(listed));
        }
        for listed in self.cookies.unwrap_or_default() {
            parts.push(asking.listed_cookie(listed));
        }
        parts
    }
}
