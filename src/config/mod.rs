//! The settings: read once. They are all legal, or refused with the name of the wrong setting.

pub mod names;
mod parts;
mod plain;
pub(crate) mod read;
mod rules;
mod site;

use std::fmt;
use std::time::Duration;

use subtle::ConstantTimeEq;

pub use self::parts::{Invalidation, LogSettings, Origin, VariantSettings, VisitorWriteLimits};
pub use self::plain::PlainSettings;
use self::read::{
    Faults, cookie_names, error, flag, number, one_of, optional_secret, tokens, words,
};
pub use self::rules::rules;
use self::rules::{BUILT_IN_RULES, short_digest};
use self::site::{control_prefix, hosts, origin, warm_sitemaps};
use crate::durable::worth::{TierPages, TierSettings};
use crate::fields::vary::Languages;
use crate::journal::object::quota::AccountPlan;
use crate::policy::cookies::{self, CookieNames};
use crate::policy::reuse::ReuseSettings;
use crate::policy::storing::StoringSettings;
use crate::policy::timing::LEASE_MARGIN;
use crate::rules::Rules;
use crate::warmup::WarmSettings;

/// Source of the settings: gives a name's text, and an empty text as absent.
pub type RawConfig<'a> = &'a dyn Fn(&str) -> Option<String>;

/// All settings, parsed and legal.
#[derive(Clone, Debug)]
pub struct Config {
    /// The site that pages come from. Without it, requests are forwarded as they are.
    pub origin: Option<Origin>,
    /// The hosts that are served. An empty list means every host.
    pub hosts: Vec<String>,
    /// Tokens that may purge and read.
    pub purge_tokens: Vec<Secret>,
    /// Tokens that may only read.
    pub read_tokens: Vec<Secret>,
    /// Path of the control routes, with a leading slash and no closing one.
    pub control_prefix: String,
    /// Requests with one of these cookies go past the cache.
    pub login_cookies: CookieNames,
    /// Cookies that count as absent for keys, variants and plain requests.
    pub ignore_cookies: CookieNames,
    /// The fields of plain requests, besides those of the page's key.
    pub plain: PlainSettings,
    /// Bounds of a page's variants.
    pub variants: VariantSettings,
    /// The name of the site's build, in short: pages of another one may be stale.
    pub build: Option<String>,
    /// `RULES`, in their order. If they cannot be used, every request goes past the cache.
    pub rules: Result<Rules, ConfigError>,
    /// The time for which purge records in memory need not be read again from KV.
    pub memory_window: Duration,
    /// The age at which a copy of the purge journal is too old to judge by, if a journal is bound.
    pub purge_seen_within: Duration,
    /// The margin of purges: half of it for clocks that differ, half for a slow write to KV.
    pub skew: Duration,
    /// The time within which the origin must respond.
    pub origin_timeout: Duration,
    /// The age at which a stored response is no longer used.
    pub max_life: Duration,
    /// The stale window of soft-purged responses that state none.
    pub purge_swr: Duration,
    /// The stale window when the origin fails, if the response states none.
    pub stale_if_error: Duration,
    /// Whether a visitor's own `Cache-Control` is heeded.
    pub request_directives: bool,
    /// Whether responses to requests with `Authorization` are shared where RFC 9111 §3.5 allows it.
    pub share_authorized: bool,
    /// The settings that storing depends on.
    pub storing: StoringSettings,
    /// How two values of `Accept-Language` are compared.
    pub languages: Languages,
    /// Every response tells where its time went, and the key under which it is stored.
    pub debug: bool,
    /// The most selectors of one purge request.
    pub purge_items_max: usize,
    /// The time for which a purge's receipt can be looked up. Zero stores no receipts.
    pub receipt_life: Duration,
    /// Whether browsers receive the fields with the tags.
    pub keep_tag_headers: bool,
    /// Whether browsers receive the directives for shared caches: a CDN in front may need them.
    pub keep_shared_directives: bool,
    /// What is written to the log.
    pub log: LogSettings,
    /// Secret that names in the cache are hashed with, so that they cannot be guessed.
    pub cache_secret: Option<Secret>,
    /// The reach of an unsafe request's invalidation.
    pub invalidation: Invalidation,
    /// The budget of KV writes that visitors' requests may cause.
    pub visitor_writes: VisitorWriteLimits,
    /// What the durable tier keeps.
    pub tier: TierSettings,
    /// The most writes of an isolate to the durable tier.
    pub tier_writes: VisitorWriteLimits,
    /// Whether leases hold in all data centres, if a coordinator is bound.
    pub world_leases: bool,
    /// The number of objects that the coordinator is divided into, if it is bound.
    pub coordinator_shards: u32,
    /// The rate of warmups.
    pub warm: WarmSettings,
    /// The sitemaps that a cron trigger warms.
    pub warm_sitemaps: Vec<String>,
    /// Whether a cron trigger warms what the durable tier has.
    pub warm_stored: bool,
}

/// A setting that cannot be used, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the setting {setting} {reason}")]
pub struct ConfigError {
    /// The setting's name.
    pub setting: &'static str,
    /// What is wrong with it, as the rest of a sentence that begins with its name.
    pub reason: String,
}

/// A bearer token or another secret: compared in constant time, never printed.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Tells whether `offered` is this secret, in constant time.
    pub fn is(&self, offered: &str) -> bool {
        self.0.as_bytes().ct_eq(offered.as_bytes()).into()
    }

    /// Returns the secret's bytes to hash with. Do not show them.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

static NO_RULES: Rules = Rules::NONE;

const DAY: u64 = 24 * 60 * 60;
const YEAR: u64 = 365 * DAY;

impl Config {
    /// Reads all settings. Report the error: it names the wrong setting.
    pub fn read(raw: RawConfig<'_>) -> Result<Config, ConfigError> {
        let faults = Faults::default();
        let flag = |name| faults.or_default(flag(raw, name));
        let number =
            |name, default, least, most| faults.or_default(number(raw, name, default, least, most));
        let seconds =
            |name, default, least, most| Duration::from_secs(number(name, default, least, most));
        let plan = faults.or_default(account_plan(raw));
        let origin = faults.or_default(origin(raw));
        let config = Config {
            hosts: faults.or_default(hosts(raw)),
            purge_tokens: faults.or_default(tokens(raw, "PURGE_TOKENS")),
            read_tokens: faults.or_default(tokens(raw, "READ_TOKENS")),
            control_prefix: faults.or_default(control_prefix(raw)),
            login_cookies: faults.or_default(cookie_names(raw, "LOGIN_COOKIES", cookies::LOGINS)),
            ignore_cookies: faults.or_default(cookie_names(
                raw,
                "IGNORE_COOKIES",
                cookies::IGNORED,
            )),
            plain: faults.or_default(PlainSettings::read(raw, origin.as_ref())),
            variants: VariantSettings {
                by_cookie: flag("COOKIE_VARIANTS"),
                most: number("VARIANTS_MAX", 64, 1, 10_000) as usize,
                after: number("VARIANT_AFTER", 2, 1, 10) as u32,
            },
            build: raw("BUILD_ID").map(|name| short_digest(&name)),
            rules: rules(raw, BUILT_IN_RULES),
            memory_window: seconds("MEMORY_WINDOW", 10, 0, 3600),
            purge_seen_within: seconds("PURGE_SEEN_WITHIN", 30, 2, 3600),
            skew: seconds("SKEW", 5, 1, 600),
            origin_timeout: seconds("ORIGIN_TIMEOUT", 20, 1, 29),
            max_life: seconds("MAX_LIFE", YEAR, 1, YEAR),
            purge_swr: seconds("PURGE_SWR", 0, 0, YEAR),
            stale_if_error: seconds("STALE_IF_ERROR", 0, 0, YEAR),
            request_directives: flag("REQUEST_DIRECTIVES"),
            share_authorized: flag("SHARE_AUTHORIZED"),
            storing: StoringSettings {
                heuristic: flag("HEURISTIC_FRESHNESS"),
                strict: faults.or_default(one_of(
                    raw,
                    "S_MAXAGE",
                    &[("isr", false), ("strict", true)],
                )),
            },
            languages: faults.or_default(languages(raw)),
            debug: flag("DEBUG"),
            // More selectors with their earlier stamps do not fit a row of the journal's object (2 MB).
            // KV's own limit differs by plan, so no lower one here would be right for all.
            purge_items_max: number("PURGE_ITEMS_MAX", 500, 1, 15_000) as usize,
            receipt_life: faults.or_default(receipt_life(raw)),
            keep_tag_headers: flag("KEEP_TAG_HEADERS"),
            keep_shared_directives: flag("KEEP_SHARED_DIRECTIVES"),
            log: faults.or_default(log(raw)),
            cache_secret: faults.or_default(optional_secret(raw, "CACHE_SECRET")),
            invalidation: faults.or_default(invalidation(raw)),
            visitor_writes: VisitorWriteLimits {
                per_minute: number("GRAPH_WRITES_PER_MINUTE", 60, 0, 60_000) as u32,
                per_day: number("VISITOR_WRITES_PER_DAY", 500, 0, 1_000_000_000) as u32,
            },
            tier: faults.or_default(tier(raw)),
            tier_writes: tier_writes(plan),
            world_leases: flag("WORLD_LEASES"),
            coordinator_shards: number("COORDINATOR_SHARDS", 1, 1, 256) as u32,
            warm: WarmSettings {
                per_second: number("WARM_PER_SECOND", 5, 1, 1000) as u32,
                at_once: number("WARM_AT_ONCE", 4, 1, 32) as usize,
                purged: flag("WARM_PURGED"),
            },
            warm_sitemaps: faults.or_default(warm_sitemaps(raw)),
            warm_stored: flag("WARM_STORED"),
            origin,
        };
        faults.none(config)
    }

    /// Returns the settings for the reuse of stored responses; `has_journal` tells whether a purge
    /// journal is bound.
    pub fn terms(&self, has_journal: bool) -> ReuseSettings {
        ReuseSettings {
            trusted_for: if has_journal { self.purge_seen_within } else { self.memory_window },
            purge_swr: self.purge_swr,
            stale_if_error: self.stale_if_error,
            max_life: self.max_life,
        }
    }

    /// Returns the longest stale window that a setting may add to a response's own.
    pub fn longest_grant(&self) -> Duration {
        let by_visitor = Duration::from_secs(if self.request_directives { DAY } else { 0 });
        self.purge_swr.max(self.stale_if_error).max(by_visitor)
    }

    /// Returns the life of a lease: longer than a request may work, also after its response.
    pub fn lease_life(&self) -> Duration {
        self.origin_timeout + LEASE_MARGIN
    }

    /// Returns the secret to hash names in the cache with: `CACHE_SECRET`, or the first purge
    /// token.
    pub fn cache_secret(&self) -> &[u8] {
        let secret = self.cache_secret.as_ref().or(self.purge_tokens.first());
        secret.map_or(&[], Secret::as_bytes)
    }

    /// Tells whether requests for `host` are served.
    pub fn serves(&self, host: &str) -> bool {
        self.hosts.is_empty() || self.hosts.iter().any(|served| served == host)
    }

    /// Returns the rules; none if they cannot be used.
    pub fn rules(&self) -> &Rules {
        self.rules.as_ref().unwrap_or(&NO_RULES)
    }
}

/// Reads `PLAN`, which the journal's object needs.
pub fn account_plan(raw: RawConfig<'_>) -> Result<AccountPlan, ConfigError> {
    one_of(raw, "PLAN", &[("free", AccountPlan::Free), ("paid", AccountPlan::Paid)])
}

fn invalidation(raw: RawConfig<'_>) -> Result<Invalidation, ConfigError> {
    one_of(
        raw,
        "INVALIDATION",
        &[
            ("groups", Invalidation::Groups),
            ("here", Invalidation::Here),
            ("everywhere", Invalidation::Everywhere),
        ],
    )
}

fn tier(raw: RawConfig<'_>) -> Result<TierSettings, ConfigError> {
    Ok(TierSettings {
        pages: one_of(
            raw,
            "DURABLE",
            &[("all", TierPages::All), ("tagged", TierPages::Tagged), ("rule", TierPages::ByRule)],
        )?,
        lifetime_min: Duration::from_secs(number(raw, "DURABLE_LIFETIME_MIN", 60, 0, YEAR)?),
        size_max: number(raw, "DURABLE_SIZE_MAX", 1024 * 1024, 0, 1024 * 1024)? as usize,
    })
}

/// On the Free plan the tier takes half of the day's writes to KV.
fn tier_writes(plan: AccountPlan) -> VisitorWriteLimits {
    let per_day = match plan {
        AccountPlan::Free => 500,
        AccountPlan::Paid => u32::MAX,
    };
    VisitorWriteLimits { per_minute: u32::MAX, per_day }
}

fn log(raw: RawConfig<'_>) -> Result<LogSettings, ConfigError> {
    let mut log = LogSettings::default();
    for word in words(raw, "LOG")? {
        let wanted = match word.as_str() {
            "requests" => &mut log.requests,
            "decisions" => &mut log.decisions,
            "purges" => &mut log.purges,
            "values" => &mut log.values,
            _ => {
                let legal = "requests, decisions, purges and values";
                let reason = format!("has {word:?}: write any of {legal}, or remove LOG");
                return Err(error("LOG", reason));
            }
        };
        *wanted = true;
    }
    Ok(log)
}

fn languages(raw: RawConfig<'_>) -> Result<Languages, ConfigError> {
    let is_normalised = flag(raw, "NORMALISE_LANGUAGE")?;
    Ok(if is_normalised { Languages::Normalised } else { Languages::AsSpelt })
}

/// Reads `RECEIPT_LIFE`. KV keeps no entry for less than a minute.
fn receipt_life(raw: RawConfig<'_>) -> Result<Duration, ConfigError> {
    match number(raw, "RECEIPT_LIFE", DAY, 0, YEAR) {
        Ok(seconds) if seconds == 0 || seconds >= 60 => Ok(Duration::from_secs(seconds)),
        _ => {
            let reason = format!("is neither 0 nor a whole number from 60 to {YEAR}");
            Err(error("RECEIPT_LIFE", reason))
        }
    }
}
