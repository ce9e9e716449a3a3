//! `RULES`: settings for the paths that a glob matches, in addition to the origin's response
//! fields.

pub mod path;

use std::cell::LazyCell;

use fast_glob::glob_match;
use serde::Deserialize;

use crate::config::read::error;
use crate::config::{ConfigError, RawConfig};
use crate::policy::tag::{self, Tag};

/// One rule of `RULES`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The glob that paths are matched with.
    pub path: String,
    /// Whether requests for these pages go past the cache.
    pub bypass: bool,
    /// Whether the plain request is sent first for these pages. Set it where a request uses nothing
    /// up at the origin.
    pub plain: bool,
    /// Tags that the pages have in addition to the origin's.
    pub tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    path: String,
    #[serde(default)]
    bypass: bool,
    #[serde(default)]
    plain: bool,
    #[serde(default)]
    tags: Vec<String>,
}

/// Reads `RULES`. Report the error: it names the fault.
pub fn rules(raw: RawConfig<'_>) -> Result<Vec<Rule>, ConfigError> {
    let Some(text) = raw("RULES") else { return Ok(Vec::new()) };
    let rules: Vec<RawRule> = serde_json::from_str(&text).map_err(|cause| {
        error("RULES", format!("is not a JSON list of {{path, bypass, plain, tags}}: {cause}"))
    })?;
    rules.into_iter().map(rule).collect()
}

fn rule(raw: RawRule) -> Result<Rule, ConfigError> {
    let RawRule { path, bypass, plain, tags } = raw;
    if !path.starts_with('/') {
        let reason = format!("has a path that does not begin with a slash: {path}");
        return Err(error("RULES", reason));
    }
    if bypass && plain {
        let reason = format!("has bypass and plain for {path}: remove one of them");
        return Err(error("RULES", reason));
    }
    let tags = tags.iter().map(|tag| {
        Tag::origin(tag).map_err(|cause| error("RULES", format!("names the tag {tag:?}: {cause}")))
    });
    Ok(Rule { tags: tags.collect::<Result<_, _>>()?, path, bypass, plain })
}

/// Returns the rules that hold for a path. A rule that bypasses holds if any reading of the path
/// matches it (`rules::path`). Any other rule must match the path as it is, or its normal form.
pub fn rules_for<'a>(rules: &'a [Rule], path: &str) -> Vec<&'a Rule> {
    if rules.is_empty() {
        return Vec::new();
    }
    let normal = tag::normal(path);
    let readings = LazyCell::new(|| path::readings(path));
    let holds = |rule: &&Rule| {
        let matches = |path: &str| glob_match(&rule.path, path);
        let is_misread = || rule.bypass && readings.iter().any(|reading| matches(reading));
        matches(path) || matches(&normal) || is_misread()
    };
    rules.iter().filter(holds).collect()
}
