//! Readers of settings: from a text to a value, or to the reason why the text is refused.

use std::cell::OnceCell;

use super::{ConfigError, RawConfig, Secret};
use crate::json;
use crate::policy::cookies::CookieNames;

/// The least length of tokens and secrets: shorter ones can be guessed.
const SECRET_LENGTH_LEAST: usize = 16;
/// The text that `.dev.vars.example` holds in place of a token.
const PLACEHOLDER: &str = "replace-me";

/// The first fault among the settings.
///
/// A setting with a fault gets another value for the moment, so that all settings are read in one
/// expression. To leave it in the middle takes much more code: what was read before must be dropped.
#[derive(Default)]
pub(crate) struct Faults(OnceCell<ConfigError>);

impl Faults {
    /// Returns what was read, or the default.
    pub(crate) fn or_default<T: Default>(&self, read: Result<T, ConfigError>) -> T {
        read.unwrap_or_else(|fault| {
            self.0.get_or_init(|| fault);
            T::default()
        })
    }

    /// Returns what was made of the settings, unless there is a fault.
    pub(crate) fn none<T>(self, made: T) -> Result<T, ConfigError> {
        self.0.into_inner().map_or(Ok(made), Err)
    }
}

/// Makes the error for a setting.
pub(crate) fn error(setting: &'static str, reason: impl Into<String>) -> ConfigError {
    ConfigError { setting, reason: reason.into() }
}

/// Reads a list: words between commas or spaces, or a JSON array of strings. A list in
/// `wrangler.toml` arrives as JSON.
pub(crate) fn words(raw: RawConfig<'_>, name: &'static str) -> Result<Vec<String>, ConfigError> {
    let text = raw(name).unwrap_or_default();
    if is_json_array(&text) {
        return json::read(&text)
            .ok_or_else(|| error(name, "is not a JSON array of strings, though it begins as one"));
    }
    let words = text.split([',', ' ', '\t', '\n', '\r']).filter(|word| !word.is_empty());
    Ok(words.map(str::to_owned).collect())
}

/// Tells whether a text is a JSON array. An address such as `[::1]` begins with a bracket, too.
fn is_json_array(text: &str) -> bool {
    let inside = text.trim_start().strip_prefix('[').map(str::trim_start);
    inside.is_some_and(|inside| inside.starts_with(['"', ']']))
}

/// Reads names of cookies, or returns those of `default` if the setting is absent.
pub(crate) fn cookie_names(
    raw: RawConfig<'_>,
    name: &'static str,
    default: &[&str],
) -> Result<CookieNames, ConfigError> {
    let names = match raw(name) {
        Some(_) => CookieNames::parse(&words(raw, name)?),
        None => CookieNames::parse(default),
    };
    names.map_err(|cause| error(name, cause.to_string()))
}

/// Reads a list of tokens.
pub(crate) fn tokens(raw: RawConfig<'_>, name: &'static str) -> Result<Vec<Secret>, ConfigError> {
    words(raw, name)?.into_iter().map(|token| secret(name, token)).collect()
}

/// Reads a secret, if the setting is there.
pub(crate) fn optional_secret(
    raw: RawConfig<'_>,
    name: &'static str,
) -> Result<Option<Secret>, ConfigError> {
    raw(name).map(|text| secret(name, text.trim().to_owned())).transpose()
}

/// Checks a secret. The error does not repeat it.
fn secret(name: &'static str, text: String) -> Result<Secret, ConfigError> {
    let fault = if text.starts_with(PLACEHOLDER) {
        "is still the placeholder of .dev.vars.example".to_owned()
    } else if !text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"'[]".contains(&byte)) {
        "holds a character that is a quotation mark, a bracket, a space or not ASCII".to_owned()
    } else if text.len() < SECRET_LENGTH_LEAST {
        format!("has fewer than {SECRET_LENGTH_LEAST} characters")
    } else {
        return Ok(Secret(text));
    };
    Err(error(name, format!("{fault}; make one with: openssl rand -hex 32")))
}

/// Reads a whole number from `least` to `most`.
pub(crate) fn number(
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

/// Reads `true` or `false`; the default is `false`.
pub(crate) fn flag(raw: RawConfig<'_>, name: &'static str) -> Result<bool, ConfigError> {
    match raw(name).as_deref().map(str::trim) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(error(name, "is neither true nor false")),
    }
}

/// Reads one of several words. The first of them is the default.
pub(crate) fn one_of<T: Copy>(
    raw: RawConfig<'_>,
    name: &'static str,
    words: &[(&'static str, T)],
) -> Result<T, ConfigError> {
    let Some(text) = raw(name) else { return Ok(words[0].1) };
    let known = words.iter().find(|(word, _)| *word == text.trim());
    known.map(|(_, meaning)| *meaning).ok_or_else(|| {
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        error(name, format!("is none of {}", words.join(", ")))
    })
}
