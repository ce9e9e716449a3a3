//! The spelling of paths and queries: the spellings that are one page to a purge, and the path that
//! is requested from the origin.
//!
//! Pages are stored apart by every spelling ([`crate::policy::key`]), so a page's body is never
//! that of another page. A purge must reach all spellings. Two spellings that may be one page are
//! equal here.

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::fields::sorting::sorted_by_text;
use crate::fields::steps::{step, steps};

/// Characters with another meaning when they are encoded: in a path, in a parameter's value and in
/// its name.
const APART_IN_PATHS: &[u8] = b"%/?#\\";
const APART_IN_VALUES: &[u8] = b"%&#+;";
const APART_IN_NAMES: &[u8] = b"%&#+;=";

/// Returns a URL with the names of its query's parameters, and without their values. A parameter
/// whose name may be a value, such as a token, is shown as `…`.
pub fn without_values(url: &str) -> String {
    let Some((before, query)) = url.split_once('?') else { return url.to_owned() };
    let mut shown = format!("{before}?");
    for (number, parameter) in query.split('&').enumerate() {
        if number > 0 {
            shown.push('&');
        }
        let named = parameter.split_once('=').filter(|(name, value)| is_named(name, value));
        shown.push_str(named.map_or("…", |(name, _)| name));
    }
    shown
}

/// Tells whether a name looks like one. `=` at the end of a parameter may be a token's padding.
fn is_named(name: &str, value: &str) -> bool {
    const LONGEST: usize = 40;
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.[]".contains(&byte);
    name.len() <= LONGEST && name.bytes().all(is_letter) && !value.trim_matches('=').is_empty()
}

/// Returns a path in the spelling for rules. Characters with the same meaning encoded or not are
/// written as they are. All others are encoded, in upper case (RFC 3986 §6.2.2).
pub fn normal(path: &str) -> String {
    steps(path.len());
    if path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'%') {
        return path.to_owned();
    }
    spelt(unescaped(path), APART_IN_PATHS)
}

/// Returns a text that was decoded already, with those bytes encoded that no URL holds.
pub fn encoded(decoded: &str) -> String {
    let mut encoded = String::with_capacity(decoded.len());
    for byte in decoded.bytes() {
        if byte.is_ascii_graphic() {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// Returns a path in the spelling for purges: that for rules, with slashes in a row merged into
/// one.
pub fn path(path: &str) -> String {
    let normal = normal(path);
    steps(normal.len());
    if !normal.contains("//") && !normal.contains('\\') {
        return normal;
    }
    let mut merged = String::with_capacity(normal.len());
    for letter in normal.chars() {
        let letter = if letter == '\\' { '/' } else { letter };
        if letter != '/' || !merged.ends_with('/') {
            merged.push(letter);
        }
    }
    merged
}

/// Returns a query in the spelling for purges. It is encoded like a form (URL Standard,
/// application/x-www-form-urlencoded), sorted by name, and has no empty parameters.
pub fn query(query: &str) -> String {
    steps(query.len());
    let parameters = query.split('&').filter(|parameter| !parameter.is_empty());
    let parameters = sorted_by_text(parameters.map(parameter).collect(), |(name, _)| name.clone());
    let parameters = parameters.into_iter().map(|(name, value)| match value {
        Some(value) => name + "=" + &value,
        None => name,
    });
    parameters.collect::<Vec<_>>().join("&")
}

fn parameter(text: &str) -> (String, Option<String>) {
    let value = text.split_once('=').map(|(_, value)| spelt(form(value), APART_IN_VALUES));
    (name(text), value)
}

/// Returns the name of a parameter, in one spelling.
pub fn name(parameter: &str) -> String {
    spelt(form(parameter.split('=').next().unwrap_or("")), APART_IN_NAMES)
}

/// Decodes a name or a value of a query that is encoded like a form.
pub fn form_decoded(text: &str) -> String {
    let bytes: Vec<u8> = form(text).map(|(byte, _)| byte).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Returns a path without dot segments, as `fetch` requests it (URL Standard, path state). `%2e` is
/// a dot there, and a backslash is a slash.
pub fn resolved_path(path: &str) -> Cow<'_, str> {
    steps(path.len());
    if !path.contains('\\') && !path.contains("/.") && !path.contains("/%2") {
        return Cow::Borrowed(path);
    }
    let mut segments: Vec<&str> = Vec::new();
    let mut rest = path.strip_prefix(['/', '\\']).unwrap_or(path).split(['/', '\\']).peekable();
    while let Some(segment) = rest.next() {
        let dots = dots(segment);
        if dots == Some(Dots::Two) {
            segments.pop();
        }
        match dots {
            None => segments.push(segment),
            Some(_) if rest.peek().is_none() => segments.push(""),
            Some(_) => {}
        }
    }
    Cow::Owned(format!("/{}", segments.join("/")))
}

#[derive(PartialEq, Eq)]
enum Dots {
    One,
    Two,
}

fn dots(segment: &str) -> Option<Dots> {
    const LONGEST: usize = "%2e%2e".len();
    steps(segment.len().min(LONGEST));
    if segment.len() > LONGEST {
        return None;
    }
    match &*segment.to_ascii_lowercase().replace("%2e", ".") {
        "." => Some(Dots::One),
        ".." => Some(Dots::Two),
        _ => None,
    }
}

/// Encodes bytes that are not printable, each `%`, and encoded characters of `apart`: those mean
/// something else when decoded.
fn spelt(bytes: impl Iterator<Item = (u8, bool)>, apart: &[u8]) -> String {
    let mut spelt = String::new();
    for (byte, encoded) in bytes {
        let is_apart = byte == b'%' || encoded && apart.contains(&byte);
        if byte.is_ascii_graphic() && !is_apart {
            spelt.push(char::from(byte));
        } else {
            spelt.push_str(&format!("%{byte:02X}"));
        }
    }
    spelt
}

/// Decodes like [`unescaped`], and takes a plus sign for a space.
fn form(text: &str) -> impl Iterator<Item = (u8, bool)> {
    unescaped(text).map(|(byte, encoded)| match byte {
        b'+' if !encoded => (b' ', false),
        _ => (byte, encoded),
    })
}

/// Decodes a text: each byte, and whether it was percent-encoded.
fn unescaped(text: &str) -> impl Iterator<Item = (u8, bool)> {
    let mut rest = text.as_bytes();
    std::iter::from_fn(move || {
        step();
        let (&first, tail) = rest.split_first()?;
        let digits = tail.first_chunk::<2>().filter(|_| first == b'%');
        let escaped = digits.and_then(|digits| escaped(*digits));
        rest = if escaped.is_some() { &tail[2..] } else { tail };
        Some(escaped.map_or((first, false), |byte| (byte, true)))
    })
}

fn escaped(digits: [u8; 2]) -> Option<u8> {
    let [high, low] = digits.map(|digit| char::from(digit).to_digit(16));
    u8::try_from(high? * 16 + low?).ok()
}

/// Returns the host in lower case, without the scheme's default port.
pub fn canonical_host(host: &str, scheme: &str) -> String {
    let host = host.to_ascii_lowercase();
    let own_port = if scheme == "https" { ":443" } else { ":80" };
    host.strip_suffix(own_port).map(str::to_owned).unwrap_or(host)
}

/// Tells whether a text is a domain name or an address, with or without a port.
pub fn is_host(host: &str) -> bool {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    };
    let port_is_legal = port.is_none_or(|port| is_number(port) && port.parse::<u16>().is_ok());
    port_is_legal && (is_domain(name) || is_address(name))
}

/// Tells whether a text is a domain name (RFC 1035 §2.3.4); a dot at the end is allowed. A name
/// that ends in a number is an address (URL Standard).
fn is_domain(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_label = |label: &str| {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        (1..=63).contains(&label.len()) && label.bytes().all(legal)
    };
    let last = name.rsplit('.').next().unwrap_or("").to_ascii_lowercase();
    let is_hexadecimal = last
        .strip_prefix("0x")
        .is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
    name.len() <= 253 && name.split('.').all(is_label) && !is_number(&last) && !is_hexadecimal
}

fn is_address(name: &str) -> bool {
    let inner = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match inner {
        Some(inner) => inner.parse::<Ipv6Addr>().is_ok(),
        None => name.parse::<Ipv4Addr>().is_ok(),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
