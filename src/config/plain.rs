//! The fields of a plain request besides its key: the edge's name, the site owner's fields, and the
//! visitor's fields that the owner lets through.

use std::net::{Ipv4Addr, Ipv6Addr};

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use crate::json;

use super::read::{error, words};
use super::{ConfigError, Origin, RawConfig};
use crate::fields::forwarding::{drop_connection_fields, is_override};
pub(super) use crate::policy::refresh::plain::ForwardHeaders;

const USER_AGENT: &str = concat!("edge-isr/", env!("CARGO_PKG_VERSION"));

/// The settings for plain requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainSettings {
    /// The `User-Agent` of plain requests.
    pub user_agent: HeaderValue,
    /// Fields sent with every request to the origin. The values are secrets: `Debug` does not print
    /// them.
    pub origin_headers: Vec<(HeaderName, HeaderValue)>,
    /// The visitor's fields that plain requests carry.
    pub forward_headers: ForwardHeaders,
}

/// Fields that the edge makes or removes itself, as it does `if-…` and `x-forwarded-…`.
const MADE_BY_THE_EDGE: [HeaderName; 6] = [
    header::HOST,
    header::CONTENT_LENGTH,
    header::ACCEPT_ENCODING,
    header::RANGE,
    header::VIA,
    header::FORWARDED,
];

impl Default for PlainSettings {
    fn default() -> PlainSettings {
        PlainSettings {
            user_agent: HeaderValue::from_static(USER_AGENT),
            origin_headers: Vec::new(),
            forward_headers: ForwardHeaders::These(Vec::new()),
        }
    }
}

impl PlainSettings {
    /// Reads the settings. Report the error: it names the wrong setting.
    pub fn read(raw: RawConfig<'_>, origin: Option<&Origin>) -> Result<PlainSettings, ConfigError> {
        Ok(PlainSettings {
            user_agent: user_agent(raw)?,
            origin_headers: origin_headers(raw)?,
            forward_headers: forward_headers(raw, origin)?,
        })
    }
}

fn user_agent(raw: RawConfig<'_>) -> Result<HeaderValue, ConfigError> {
    let Some(text) = raw("USER_AGENT") else { return Ok(HeaderValue::from_static(USER_AGENT)) };
    let value = HeaderValue::from_str(text.trim()).ok().filter(is_printable);
    value.ok_or_else(|| error("USER_AGENT", "is not printable ASCII"))
}

fn is_printable(value: &HeaderValue) -> bool {
    value.as_bytes().iter().all(|byte| (b' '..=b'~').contains(byte))
}

const ORIGIN_HEADERS: &str = "ORIGIN_HEADERS";

fn origin_headers(raw: RawConfig<'_>) -> Result<Vec<(HeaderName, HeaderValue)>, ConfigError> {
    let Some(text) = raw(ORIGIN_HEADERS) else { return Ok(Vec::new()) };
    let lines = if text.trim_start().starts_with('{') {
        fields(&text).ok_or_else(|| {
            error(ORIGIN_HEADERS, "is not a JSON object of strings, each name once")
        })?
    } else {
        lines(&text)?
    };
    lines.into_iter().map(|(name, value)| origin_header(&name, &value)).collect()
}

fn fields(text: &str) -> Option<Vec<(String, String)>> {
    let Ok(Value::Object(object)) = json::parse(text.as_bytes()) else { return None };
    let mut fields = Vec::new();
    for (name, value) in object {
        let Value::String(value) = value else { return None };
        fields.push((name, value));
    }
    Some(fields)
}

fn lines(text: &str) -> Result<Vec<(String, String)>, ConfigError> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let field = |line: &str| {
        let (name, value) = line.split_once(':').ok_or_else(|| {
            error(ORIGIN_HEADERS, "has a line that is not of the form Name: value")
        })?;
        Ok((name.trim().to_owned(), value.to_owned()))
    };
    lines.map(field).collect()
}

/// Parses one field. An error repeats the name alone, because the value is secret.
fn origin_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), ConfigError> {
    let refused = |reason: &str| error(ORIGIN_HEADERS, format!("has the field {name:?}: {reason}"));
    let name: HeaderName = name.parse().map_err(|_| refused("that is no field name"))?;
    match name {
        _ if is_made_by_the_edge(&name) => return Err(refused("the edge makes it itself")),
        header::COOKIE => {
            return Err(refused("remove it: shared pages must not come from a session"));
        }
        header::USER_AGENT => return Err(refused("USER_AGENT is the setting for it")),
        _ => {}
    }
    let value = HeaderValue::from_str(value.trim()).ok().filter(is_printable);
    let mut value = value.ok_or_else(|| refused("its value is not printable ASCII"))?;
    value.set_sensitive(true);
    Ok((name, value))
}

fn is_made_by_the_edge(name: &HeaderName) -> bool {
    let mut outlives = HeaderMap::new();
    outlives.insert(name, HeaderValue::from_static(""));
    drop_connection_fields(&mut outlives);
    outlives.is_empty()
        || MADE_BY_THE_EDGE.contains(name)
        || name.as_str().starts_with("if-")
        || matches!(name.as_str(), "x-forwarded-for" | "x-forwarded-host" | "x-forwarded-proto")
}

const FORWARD_HEADERS: &str = "FORWARD_HEADERS";

fn forward_headers(
    raw: RawConfig<'_>,
    origin: Option<&Origin>,
) -> Result<ForwardHeaders, ConfigError> {
    let names = words(raw, FORWARD_HEADERS)?;
    if !names.iter().any(|name| name == "*") {
        let names = names.iter().map(|name| forward_header(name));
        return Ok(ForwardHeaders::These(names.collect::<Result<_, _>>()?));
    }
    match origin {
        Some(origin) if is_loopback(&origin.host) => Ok(ForwardHeaders::All),
        _ => Err(error(
            FORWARD_HEADERS,
            "is *, which is for test suites: ORIGIN must be a loopback address then",
        )),
    }
}

fn forward_header(name: &str) -> Result<HeaderName, ConfigError> {
    let refused = |reason: &str| error(FORWARD_HEADERS, format!("names {name:?}: {reason}"));
    if name.contains('*') {
        return Err(refused("* stands for all fields, and for no part of a name"));
    }
    let name: HeaderName = name.parse().map_err(|_| refused("that is no field name"))?;
    match name {
        header::COOKIE => Err(refused(
            "one visitor's page would be shown to all; COOKIE_VARIANTS \
                                       is the setting for pages that differ by cookie",
        )),
        header::AUTHORIZATION => Err(refused(
            "one visitor's page would be shown to all; \
                                              SHARE_AUTHORIZED is the setting for it",
        )),
        _ if is_made_by_the_edge(&name) || is_override(name.as_str()) => {
            Err(refused("the edge makes it itself, or keeps it from every origin"))
        }
        _ => Ok(name),
    }
}

/// Tells whether a host is 127.0.0.0/8, `[::1]` or `localhost`, with or without a port.
fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => name,
        _ => host,
    };
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    name == "localhost"
        || name.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || address.is_some_and(|it| it.parse::<Ipv6Addr>().is_ok_and(|it| it.is_loopback()))
}
