//! The settings: read once, and either all legal or refused with the name of the one that is not.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use subtle::ConstantTimeEq;

use crate::policy::key::{CacheKey, canonical_host};
use crate::policy::reuse::Terms;
use crate::policy::storing::StoringTerms;
use crate::policy::tag::{self, Tag};
use crate::policy::vary::Languages;

/// Where settings come from: a name to its text, empty ones as absent.
pub type RawConfig<'a> = &'a dyn Fn(&str) -> Option<String>;

#[derive(Clone, Debug)]
pub struct Config {
    /// Where pages come from; without it, requests are forwarded as they are.
    pub origin: Option<Origin>,
    /// The hosts that are served; any, where empty.
    pub hosts: Vec<String>,
    pub purge_tokens: Vec<Secret>,
    pub read_tokens: Vec<Secret>,
    /// Where the control routes are, with a leading slash and no closing one.
    pub control_prefix: String,
    pub login_cookies: Vec<String>,
    pub rules: Vec<Rule>,
    pub memory_window: Duration,
    pub skew: Duration,
    pub origin_timeout: Duration,
    pub max_life: Duration,
    pub purge_swr: Duration,
    pub stale_if_error: Duration,
    /// Whether a visitor's own `Cache-Control` is heeded.
    pub request_directives: bool,
    /// Whether answers to `Authorization` are stored and shared where RFC 9111 §3.5 allows it.
    pub share_authorized: bool,
    pub storing: StoringTerms,
    pub languages: Languages,
    /// Every answer says where its time went, and by which key it is stored.
    pub debug: bool,
    pub purge_items_max: usize,
    /// How long the receipt of a purge can be looked up; zero: none is kept.
    pub receipt_life: Duration,
    pub keep_tag_headers: bool,
    pub graph_writes_per_minute: u32,
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

/// What holds for the paths that a glob matches, besides what the origin says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pub path: String,
    pub bypass: bool,
    pub tags: Vec<Tag>,
}

/// A bearer token: compared in constant time, never printed.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    pub fn is(&self, offered: &str) -> bool {
        self.0.as_bytes().ct_eq(offered.as_bytes()).into()
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
        Ok(Config {
            origin: origin(raw)?,
            hosts: words(raw, "HOSTS").iter().map(|host| canonical_host(host, "https")).collect(),
            purge_tokens: secrets(raw, "PURGE_TOKENS"),
            read_tokens: secrets(raw, "READ_TOKENS"),
            control_prefix: control_prefix(raw)?,
            login_cookies: match raw("LOGIN_COOKIES") {
                Some(_) => words(raw, "LOGIN_COOKIES"),
                None => vec!["sessionid".to_owned()],
            },
            rules: rules(raw)?,
            memory_window: Duration::from_secs(number(raw, "MEMORY_WINDOW", 10, 0, 3600)?),
            skew: Duration::from_secs(number(raw, "SKEW", 5, 1, 600)?),
            origin_timeout: Duration::from_secs(number(raw, "ORIGIN_TIMEOUT", 20, 1, 29)?),
            max_life: Duration::from_secs(number(raw, "MAX_LIFE", YEAR, 1, YEAR)?),
            purge_swr: Duration::from_secs(number(raw, "PURGE_SWR", 0, 0, YEAR)?),
            stale_if_error: Duration::from_secs(number(raw, "STALE_IF_ERROR", 0, 0, YEAR)?),
            request_directives: flag(raw, "REQUEST_DIRECTIVES")?,
            share_authorized: flag(raw, "SHARE_AUTHORIZED")?,
            storing: StoringTerms {
                heuristic: flag(raw, "HEURISTIC_FRESHNESS")?,
                strict: one_of(raw, "S_MAXAGE", ["isr", "strict"])? == "strict",
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
            graph_writes_per_minute: number(raw, "GRAPH_WRITES_PER_MINUTE", 60, 0, 60_000)? as u32,
            coordinator_shards: number(raw, "COORDINATOR_SHARDS", 1, 1, 256)? as u32,
        })
    }

    /// The terms on which stored responses are reused.
    pub fn terms(&self) -> Terms {
        Terms {
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

    /// Longer than the origin's time limit and the 30 seconds that work may outlive its answer.
    pub fn lease_life(&self) -> Duration {
        self.origin_timeout + Duration::from_secs(35)
    }

    pub fn serves(&self, host: &str) -> bool {
        self.hosts.is_empty() || self.hosts.iter().any(|served| served == host)
    }

    /// The rules that hold for a path, in any spelling: `/%61ccount` is `/account` to the origin.
    pub fn rules_for(&self, path: &str) -> Vec<&Rule> {
        if self.rules.is_empty() {
            return Vec::new();
        }
        let normal = tag::normal(path);
        let holds = |rule: &&Rule| {
            fast_glob::glob_match(&rule.path, path) || fast_glob::glob_match(&rule.path, &normal)
        };
        self.rules.iter().filter(holds).collect()
    }
}

fn error(setting: &'static str, reason: impl Into<String>) -> ConfigError {
    ConfigError { setting, reason: reason.into() }
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

/// A name or an address, with or without a port.
pub fn is_host(host: &str) -> bool {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    };
    let name_is_legal = !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._[]:".contains(&byte));
    name_is_legal && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

fn control_prefix(raw: RawConfig<'_>) -> Result<String, ConfigError> {
    let prefix = raw("CONTROL_PREFIX").unwrap_or_else(|| "/edge-isr".to_owned());
    let legal = prefix.len() > 1
        && prefix.starts_with('/')
        && !prefix.ends_with('/')
        && prefix.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte));
    if !legal {
        return Err(error(
            "CONTROL_PREFIX",
            "is not a path such as /edge-isr: it begins with a slash and does not end in one",
        ));
    }
    Ok(prefix)
}

fn words(raw: RawConfig<'_>, name: &str) -> Vec<String> {
    let text = raw(name).unwrap_or_default();
    text.split([',', ' ', '\t', '\n', '\r'])
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

fn secrets(raw: RawConfig<'_>, name: &str) -> Vec<Secret> {
    words(raw, name).into_iter().map(Secret).collect()
}

fn number(
    raw: RawConfig<'_>,
    name: &'static str,
    default: u64,
    least: u64,
    most: u64,
) -> Result<u64, ConfigError> {
    let Some(text) = raw(name) else { return Ok(default) };
    match text.trim().parse::<u64>() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ => Err(error(name, format!("is not a whole number from {least} to {most}"))),
    }
}

/// KV keeps nothing for less than a minute.
fn receipt_life(raw: RawConfig<'_>) -> Result<Duration, ConfigError> {
    match number(raw, "RECEIPT_LIFE", DAY, 0, YEAR) {
        Ok(seconds) if seconds == 0 || seconds >= 60 => Ok(Duration::from_secs(seconds)),
        _ => {
            let reason = format!("is neither 0 nor a whole number from 60 to {YEAR}");
            Err(error("RECEIPT_LIFE", reason))
        }
    }
}

fn flag(raw: RawConfig<'_>, name: &'static str) -> Result<bool, ConfigError> {
    match raw(name).as_deref().map(str::trim) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(error(name, "is neither true nor false")),
    }
}

/// The first is what holds where nothing is set.
fn one_of(
    raw: RawConfig<'_>,
    name: &'static str,
    words: [&'static str; 2],
) -> Result<&'static str, ConfigError> {
    let Some(text) = raw(name) else { return Ok(words[0]) };
    let known = words.into_iter().find(|word| *word == text.trim());
    known.ok_or_else(|| error(name, format!("is neither {} nor {}", words[0], words[1])))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    path: String,
    #[serde(default)]
    bypass: bool,
    #[serde(default)]
    tags: Vec<String>,
}

fn rules(raw: RawConfig<'_>) -> Result<Vec<Rule>, ConfigError> {
    let Some(text) = raw("RULES") else { return Ok(Vec::new()) };
    let rules: Vec<RawRule> = serde_json::from_str(&text).map_err(|cause| {
        error("RULES", format!("is not a JSON list of {{path, bypass, tags}}: {cause}"))
    })?;
    rules.into_iter().map(rule).collect()
}

fn rule(raw: RawRule) -> Result<Rule, ConfigError> {
    if !raw.path.starts_with('/') {
        return Err(error(
            "RULES",
            format!("has a path that does not begin with a slash: {}", raw.path),
        ));
    }
    let tags = raw.tags.iter().map(|tag| {
        Tag::origin(tag).map_err(|cause| error("RULES", format!("names the tag {tag:?}: {cause}")))
    });
    Ok(Rule { tags: tags.collect::<Result<_, _>>()?, path: raw.path, bypass: raw.bypass })
}
