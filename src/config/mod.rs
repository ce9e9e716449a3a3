//! The settings: read once, and either all legal or refused with the name of the one that is not.

pub mod names;
mod plain;
pub(crate) mod read;

use std::fmt;
use std::time::Duration;

use subtle::ConstantTimeEq;

pub use self::plain::PlainSettings;
use self::read::{cookie_names, error, flag, number, one_of, optional_secret, tokens, words};
use crate::fields::vary::Languages;
use crate::policy::cookies::{self, CookieNames};
use crate::policy::key::{CacheKey, canonical_host, is_host};
use crate::policy::reuse::ReuseSettings;
use crate::policy::storing::StoringSettings;
use crate::policy::timing::LEASE_MARGIN;
use crate::rules::{self, Rule};

/// Source of the settings: gives a name's text, and an empty text as absent.
pub type RawConfig<'a> = &'a dyn Fn(&str) -> Option<String>;

#[derive(Clone, Debug)]
pub struct Config {
    /// The site that pages come from. Without it, requests are forwarded as they are.
    pub origin: Option<Origin>,
    /// The hosts that are served; any, where empty.
    pub hosts: Vec<String>,
    pub purge_tokens: Vec<Secret>,
    pub read_tokens: Vec<Secret>,
    /// Path of the control routes, with a leading slash and no closing one.
    pub control_prefix: String,
    /// A visitor with such a cookie goes past the cache.
    pub login_cookies: CookieNames,
    /// Cookies that count as absent for keys, variants and plain requests.
    pub ignore_cookies: CookieNames,
    pub plain: PlainSettings,
    pub variants: VariantSettings,
    pub rules: Vec<Rule>,
    pub memory_window: Duration,
    pub skew: Duration,
    pub origin_timeout: Duration,
    pub max_life: Duration,
    pub purge_swr: Duration,
    pub stale_if_error: Duration,
    /// Whether a visitor's own `Cache-Control` is heeded.
    pub request_directives: bool,
    /// Whether responses to requests with `Authorization` are shared where RFC 9111 §3.5 allows it.
    pub share_authorized: bool,
    pub storing: StoringSettings,
    pub languages: Languages,
    /// Every response tells where its time went, and the key under which it is stored.
    pub debug: bool,
    pub purge_items_max: usize,
    /// How long the receipt of a purge can be looked up. Zero keeps none.
    pub receipt_life: Duration,
    pub keep_tag_headers: bool,
    /// Whether browsers receive the directives for shared caches: a CDN in front may need them.
    pub keep_shared_directives: bool,
    /// Whether each request has a line in the log.
    pub log_requests: bool,
    /// Secret that names in the cache are hashed with, so that they cannot be guessed.
    pub cache_secret: Option<Secret>,
    pub invalidation: Invalidation,
    pub visitor_writes: VisitorWriteLimits,
    /// Into how many objects the coordinator is divided, where one is bound.
    pub coordinator_shards: u32,
}

/// A setting that cannot be used, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the setting {setting} {reason}")]
pub struct ConfigError {
    pub setting: &'static str,
    pub reason: String,
}

/// Scheme and host of the origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    pub scheme: String,
    pub host: String,
}

/// How far an unsafe request's invalidation (RFC 9111 §4.4) is told. It always holds in the isolate,
/// and a page's first variant is emptied in the data centre.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invalidation {
    /// No further.
    Here,
    /// To the world, for the groups that the response names (RFC 9875 §3).
    Groups,
    /// To the world, for its URLs as well.
    Everywhere,
}

/// Responses of one page that differ by the fields of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VariantSettings {
    /// Whether pages that say `Vary: Cookie` are stored for visitors with cookies.
    pub by_cookie: bool,
    /// The most variants of a page that are stored.
    pub most: usize,
    /// At which request for a further variant it is stored.
    pub after: u32,
}

/// KV writes of an isolate that visitors' requests may cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VisitorWriteLimits {
    pub per_minute: u32,
    pub per_day: u32,
}

/// A bearer token or another secret: compared in constant time, never printed.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    pub fn is(&self, offered: &str) -> bool {
        self.0.as_bytes().ct_eq(offered.as_bytes()).into()
    }

    /// To hash with; not to show.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

const DAY: u64 = 24 * 60 * 60;
const YEAR: u64 = 365 * DAY;

impl Config {
    pub fn read(raw: RawConfig<'_>) -> Result<Config, ConfigError> {
        let origin = origin(raw)?;
        Ok(Config {
            hosts: hosts(raw)?,
            purge_tokens: tokens(raw, "PURGE_TOKENS")?,
            read_tokens: tokens(raw, "READ_TOKENS")?,
            control_prefix: control_prefix(raw)?,
            login_cookies: cookie_names(raw, "LOGIN_COOKIES", cookies::LOGINS)?,
            ignore_cookies: cookie_names(raw, "IGNORE_COOKIES", cookies::IGNORED)?,
            plain: PlainSettings::read(raw, origin.as_ref())?,
            variants: VariantSettings {
                by_cookie: flag(raw, "COOKIE_VARIANTS")?,
                most: number(raw, "VARIANTS_MAX", 64, 1, 10_000)? as usize,
                after: number(raw, "VARIANT_AFTER", 2, 1, 10)? as u32,
            },
            rules: rules::rules(raw)?,
            memory_window: Duration::from_secs(number(raw, "MEMORY_WINDOW", 10, 0, 3600)?),
            skew: Duration::from_secs(number(raw, "SKEW", 5, 1, 600)?),
            origin_timeout: Duration::from_secs(number(raw, "ORIGIN_TIMEOUT", 20, 1, 29)?),
            max_life: Duration::from_secs(number(raw, "MAX_LIFE", YEAR, 1, YEAR)?),
            purge_swr: Duration::from_secs(number(raw, "PURGE_SWR", 0, 0, YEAR)?),
            stale_if_error: Duration::from_secs(number(raw, "STALE_IF_ERROR", 0, 0, YEAR)?),
            request_directives: flag(raw, "REQUEST_DIRECTIVES")?,
            share_authorized: flag(raw, "SHARE_AUTHORIZED")?,
            storing: StoringSettings {
                heuristic: flag(raw, "HEURISTIC_FRESHNESS")?,
                strict: one_of(raw, "S_MAXAGE", &[("isr", false), ("strict", true)])?,
            },
            languages: match flag(raw, "NORMALISE_LANGUAGE")? {
                true => Languages::Normalised,
                false => Languages::AsSpelt,
            },
            debug: flag(raw, "DEBUG")?,
            // No upper bound below KV's own would be right for every plan; KV refuses past it.
            purge_items_max: number(raw, "PURGE_ITEMS_MAX", 500, 1, 100_000)? as usize,
            receipt_life: receipt_life(raw)?,
            keep_tag_headers: flag(raw, "KEEP_TAG_HEADERS")?,
            keep_shared_directives: flag(raw, "KEEP_SHARED_DIRECTIVES")?,
            log_requests: flag(raw, "LOG_REQUESTS")?,
            cache_secret: optional_secret(raw, "CACHE_SECRET")?,
            invalidation: one_of(
                raw,
                "INVALIDATION",
                &[
                    ("groups", Invalidation::Groups),
                    ("here", Invalidation::Here),
                    ("everywhere", Invalidation::Everywhere),
                ],
            )?,
            visitor_writes: VisitorWriteLimits {
                per_minute: number(raw, "GRAPH_WRITES_PER_MINUTE", 60, 0, 60_000)? as u32,
                per_day: number(raw, "VISITOR_WRITES_PER_DAY", 500, 0, 1_000_000_000)? as u32,
            },
            coordinator_shards: number(raw, "COORDINATOR_SHARDS", 1, 1, 256)? as u32,
            origin,
        })
    }

    /// The terms on which stored responses are reused.
    pub fn terms(&self) -> ReuseSettings {
        ReuseSettings {
            memory_window: self.memory_window,
            purge_swr: self.purge_swr,
            stale_if_error: self.stale_if_error,
            max_life: self.max_life,
        }
    }

    /// The longest window that a setting may grant past a response's own.
    pub fn longest_grant(&self) -> Duration {
        let by_visitor = Duration::from_secs(if self.request_directives { DAY } else { 0 });
        self.purge_swr.max(self.stale_if_error).max(by_visitor)
    }

    /// How long a lease lives: longer than the origin's time limit, and than a request may go on
    /// working after its response.
    pub fn lease_life(&self) -> Duration {
        self.origin_timeout + LEASE_MARGIN
    }

    /// The secret that names in the cache are hashed with: `CACHE_SECRET`, or the first purge token.
    pub fn cache_secret(&self) -> &[u8] {
        let secret = self.cache_secret.as_ref().or(self.purge_tokens.first());
        secret.map_or(&[], Secret::as_bytes)
    }

    pub fn serves(&self, host: &str) -> bool {
        self.hosts.is_empty() || self.hosts.iter().any(|served| served == host)
    }

    /// The rules that apply to a path. A rule that bypasses applies in any reading of the path.
    pub fn rules_for(&self, path: &str) -> Vec<&Rule> {
        rules::rules_for(&self.rules, path)
    }
}

fn origin(raw: RawConfig<'_>) -> Result<Option<Origin>, ConfigError> {
    let Some(text) = raw("ORIGIN") else { return Ok(None) };
    let refused = || {
        error("ORIGIN", "is not a URL of the form https://host or http://host:port, with no path")
    };
    let key = CacheKey::parse(text.trim()).map_err(|_| refused())?;
    if key.path_and_query() != "/" || text.contains(['?', '#']) || !is_host(key.host()) {
        return Err(refused());
    }
    Ok(Some(Origin { scheme: key.scheme().to_owned(), host: key.host().to_owned() }))
}

fn hosts(raw: RawConfig<'_>) -> Result<Vec<String>, ConfigError> {
    let hosts = words(raw, "HOSTS")?;
    match hosts.iter().find(|host| !is_host(host)) {
        Some(host) => Err(error(
            "HOSTS",
            format!(
                "has {host:?}; a host is a name such as www.example.com, or a name with a port"
            ),
        )),
        None => Ok(hosts.iter().map(|host| canonical_host(host, "https")).collect()),
    }
}

fn control_prefix(raw: RawConfig<'_>) -> Result<String, ConfigError> {
    let prefix = raw("CONTROL_PREFIX").unwrap_or_else(|| "/edge-isr".to_owned());
    let is_segment = |segment: &str| {
        !matches!(segment, "" | "." | "..")
            && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte))
    };
    match prefix.strip_prefix('/') {
        Some(path) if path.split('/').all(is_segment) => Ok(prefix),
        _ => Err(error(
            "CONTROL_PREFIX",
            "is not a path such as /edge-isr: it begins with a slash, does not end in one, has no \
             empty or dot segments, and consists of letters, digits, slashes and - _ . ~",
        )),
    }
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
