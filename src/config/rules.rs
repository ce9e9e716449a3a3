//! `RULES` and `PRESET`, and the build of the site that rules may count.

use sha2::{Digest, Sha256};

use super::read::error;
use super::{ConfigError, RawConfig};
use crate::rules::{Rules, presets};

/// Returns 16 hexadecimal digits that stand for a text.
pub(super) fn short_digest(text: &str) -> String {
    hex::encode(&Sha256::digest(text.as_bytes())[..8])
}

/// The list of `rules.toml`, if the Worker was built with one.
pub(super) const BUILT_IN_RULES: Option<&str> = option_env!("EDGE_ISR_RULES");

/// Reads the rules of the setting `RULES`, or those that are built in, and those of `PRESET`.
///
/// # Errors
/// `PRESET` is unknown, a rule is wrong, or there are two lists. The other settings stay usable: a page
/// that is not cached is never the wrong page.
pub fn rules(raw: RawConfig<'_>, built_in: Option<&str>) -> Result<Rules, ConfigError> {
    let preset = raw("PRESET").map(|name| presets::rules_of(&name)).transpose();
    let preset = preset.map_err(|reason| error("PRESET", reason + ", so no page is cached"))?;
    let text = match (raw("RULES"), built_in) {
        (None, None) if preset.is_none() => return Ok(Rules::NONE),
        (None, None) => "[]".to_owned(),
        (Some(text), None) => text,
        (None, Some(text)) => text.to_owned(),
        (Some(_), Some(_)) => {
            let reason = "is set, and rules.toml is built in, so no page is cached: remove one of the two lists";
            return Err(error("RULES", reason));
        }
    };
    Rules::parse_before(&text, preset.unwrap_or("[]")).map_err(|faults| {
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        error("RULES", format!("cannot be used, so no page is cached: {}", faults.join("; ")))
    })
}
