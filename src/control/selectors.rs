//! The selectors of a purge request, turned into tags: one tag for each tag, URL, prefix and host.

use std::borrow::Cow;

use crate::config::Config;
use crate::fields::url::{canonical_host, is_host};
use crate::json::from_object;
use crate::json::members::Members;
use crate::policy::key::CacheKey;
use crate::policy::tag::{PREFIX_SEGMENTS_MAX, Tag};

/// A selector that cannot be purged, with the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// The field of the purge request that listed it.
    pub field: Cow<'static, str>,
    /// The selector as it was sent.
    pub value: String,
    /// The reason why it cannot be purged.
    pub reason: String,
}

from_object!(Rejected, [field, value, reason], or_default: []);

impl Rejected {
    /// The members of its JSON.
    pub fn members(&self) -> Members {
        let members = Members::default().text("field", &self.field).text("value", &self.value);
        members.text("reason", &self.reason)
    }
}

/// A selector that can be purged: its canonical form, and its tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selected {
    /// The field of the purge request that listed it.
    pub field: &'static str,
    /// The selector in canonical form.
    pub canonical: String,
    /// The tag to purge.
    pub tag: Tag,
}

/// A function that turns a selector into its canonical form and its tag, or into the reason to
/// refuse it.
pub type ReadSelector = fn(&Config, &str) -> Result<(String, Tag), String>;

/// The fields of a purge request that list selectors, each with the function that reads it.
pub const FIELDS: [(&str, ReadSelector); 4] =
    [("tags", tag), ("urls", url), ("prefixes", prefix), ("hosts", host)];

/// Reads one selector with its field's function.
pub fn select(
    config: &Config,
    field: &'static str,
    reading: ReadSelector,
    value: &str,
) -> Result<Selected, Rejected> {
    match reading(config, value) {
        Ok((canonical, tag)) => Ok(Selected { field, canonical, tag }),
        Err(reason) => Err(Rejected { field: field.into(), value: value.to_owned(), reason }),
    }
}

fn tag(_: &Config, value: &str) -> Result<(String, Tag), String> {
    let tag = Tag::origin(value).map_err(|error| error.to_string())?;
    Ok((tag.as_str().to_owned(), tag))
}

/// A URL without a query selects its path with every query. Both schemes are selected.
fn url(config: &Config, value: &str) -> Result<(String, Tag), String> {
    let key = CacheKey::parse(&percent_encoded(value)).map_err(|error| error.to_string())?;
    if !is_host(key.host()) {
        return Err("it names no host".into());
    }
    served(config, key.host())?;
    no_dots(key.path())?;
    let key = config.rules().key(&key).unwrap_or(key);
    let tag = match key.query() {
        Some(query) => Tag::query(key.host(), key.path(), query),
        None => Tag::path(key.host(), key.path()),
    };
    Ok((key.url(), tag))
}

pub(super) fn prefix(_: &Config, value: &str) -> Result<(String, Tag), String> {
    let value = percent_encoded(value);
    if !value.starts_with('/') {
        return Err("a prefix is a path and begins with a slash".into());
    }
    if value.contains(['?', '#']) {
        return Err("a prefix is a path, without a query".into());
    }
    let path = value.trim_end_matches('/');
    if path.is_empty() {
        return Ok(("/".to_owned(), Tag::everything()));
    }
    no_dots(path)?;
    if path.contains("//") {
        return Err("a prefix has no empty segments".into());
    }
    if path.matches('/').count() > PREFIX_SEGMENTS_MAX {
        return Err(format!("a prefix has at most {PREFIX_SEGMENTS_MAX} segments"));
    }
    Ok((path.to_owned(), Tag::prefix(path)))
}

pub(super) fn host(config: &Config, value: &str) -> Result<(String, Tag), String> {
    let host = canonical_host(value.trim(), "https");
    if !is_host(&host) {
        return Err("a host is a name such as www.example.com, without a scheme or a path".into());
    }
    served(config, &host)?;
    Ok((host.clone(), Tag::host(&host)))
}

fn no_dots(path: &str) -> Result<(), String> {
    if path.split('/').any(|segment| matches!(segment, "." | "..")) {
        Err("the path has dot segments; write it as a visitor's browser asks for it".into())
    } else {
        Ok(())
    }
}

fn served(config: &Config, host: &str) -> Result<(), String> {
    if config.serves(host) {
        Ok(())
    } else {
        Err(format!("the host {host} is not in the setting HOSTS"))
    }
}

/// Percent-encodes the characters that a browser would encode.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.trim().bytes() {
        match byte {
            b' ' | b'"' | b'<' | b'>' | b'`' | 0x80.. => encoded.push_str(&format!("%{byte:02X}")),
            _ => encoded.push(char::from(byte)),
        }
    }
    encoded
}
