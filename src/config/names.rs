//! The names of all settings, and the check for misspelt names.

use super::ConfigError;
use super::read::error;

/// The settings that [`Config::read`](super::Config::read) looks for, and the Worker's bindings.
pub const NAMES: [&str; 52] = [
    "BUILD_ID",
    "CACHE_SECRET",
    "CONTROL_PREFIX",
    "COOKIE_VARIANTS",
    "COORDINATOR",
    "COORDINATOR_SHARDS",
    "DEBUG",
    "DURABLE",
    "DURABLE_LIFETIME_MIN",
    "DURABLE_SIZE_MAX",
    "FORWARD_HEADERS",
    "GRAPH_WRITES_PER_MINUTE",
    "HEURISTIC_FRESHNESS",
    "HOSTS",
    "IGNORE_COOKIES",
    "INVALIDATION",
    "KEEP_SHARED_DIRECTIVES",
    "KEEP_TAG_HEADERS",
    "LOG",
    "LOGIN_COOKIES",
    "MAX_LIFE",
    "MEMORY_WINDOW",
    "NORMALISE_LANGUAGE",
    "ORIGIN",
    "ORIGIN_HEADERS",
    "ORIGIN_TIMEOUT",
    "PAGES",
    "PLAN",
    "PRESET",
    "PURGE_ITEMS_MAX",
    "PURGE_SEEN_WITHIN",
    "PURGE_SWR",
    "PURGE_TOKENS",
    "READ_TOKENS",
    "RECEIPT_LIFE",
    "REQUEST_DIRECTIVES",
    "RULES",
    "SHARE_AUTHORIZED",
    "SKEW",
    "STALE_IF_ERROR",
    "S_MAXAGE",
    "TAGS",
    "USER_AGENT",
    "VARIANTS_MAX",
    "VARIANT_AFTER",
    "VISITOR_WRITES_PER_DAY",
    "WARM_AT_ONCE",
    "WARM_PER_SECOND",
    "WARM_PURGED",
    "WARM_SITEMAPS",
    "WARM_STORED",
    "WORLD_LEASES",
];

/// The most letters by which a misspelt name differs from the intended setting.
const MISTAKES_MOST: usize = 2;
/// The length up to which a name may differ by only one letter, and by none.
const SHORT: usize = 6;
const SHORTEST: usize = 3;

/// The kind of a Worker variable's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// The name of a setting.
    Setting,
    /// The name is probably a misspelling of this setting.
    Misspelt(&'static str),
    /// The name belongs to another program, such as `SENTRY_DSN`.
    Other,
}

impl Named {
    /// Returns the kind of a name.
    pub fn of(name: &str) -> Named {
        if NAMES.contains(&name) {
            return Named::Setting;
        }
        let upper = name.to_ascii_uppercase().replace('-', "_");
        let nearest = NAMES.iter().map(|known| (edits(&upper, known), *known)).min();
        let is_slip = |(mistakes, known): &(usize, &str)| {
            let most = match known.len() {
                length if length <= SHORTEST => 0,
                length if length <= SHORT => 1,
                _ => MISTAKES_MOST,
            };
            *mistakes <= most
        };
        nearest.filter(is_slip).map_or(Named::Other, |(_, known)| Named::Misspelt(known))
    }
}

/// Refuses a misspelt name; returns the names that are no settings at all.
pub fn check(names: Vec<String>) -> Result<Vec<String>, ConfigError> {
    let mut others = Vec::new();
    for name in names {
        match Named::of(&name) {
            Named::Setting => {}
            Named::Misspelt(meant) => {
                return Err(error(meant, format!("is written {name:?}: correct the name")));
            }
            Named::Other => others.push(name),
        }
    }
    Ok(others)
}

/// Counts the letters to add, remove, change or swap with their neighbour to turn one text into the
/// other (optimal string alignment).
fn edits(one: &str, other: &str) -> usize {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for i in 1..=one.len() {
        let mut row = vec![i];
        for j in 1..=other.len() {
            let changed = last[j - 1] + usize::from(one[i - 1] != other[j - 1]);
            let mut least = changed.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1] {
                least = least.min(before[j - 2] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[other.len()]
}
