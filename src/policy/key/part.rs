//! The parts of a visitor's request that count in a key by a rule, in their normal form, and the text
//! with which a rule separates pages.
//!
//! The origin is sent the normal form, and never what the visitor sent. So it cannot respond
//! differently to two requests with one key.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use crate::fields::cache_control::joined;
use crate::policy::cookies::telling;

/// A part of a visitor's request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyPart {
    /// What it is.
    pub kind: PartKind,
    /// The name of the header field or cookie. A locale has the name of its cookie, if it has one.
    pub name: String,
    /// The value; `None` if the visitor sent none that counts.
    pub value: Option<String>,
}

/// What a part of a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PartKind {
    /// A text that separates these pages from all others, for every visitor alike.
    Prefix,
    /// The kind of device.
    Device,
    /// The language, one of the site's.
    Locale,
    /// The country, as the platform tells it.
    Country,
    /// A header field.
    Header,
    /// A cookie.
    Cookie,
}

/// The field in which Cloudflare tells the visitor's country.
pub const COUNTRY: &str = "cf-ipcountry";
/// The field in which Cloudflare tells the kind of device.
pub const DEVICE: &str = "cf-device-type";
/// The field in which browsers say whether they are on a mobile.
pub const IS_MOBILE: &str = "sec-ch-ua-mobile";

/// What the origin is sent as `User-Agent` for a desktop.
const DESKTOP: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
                       Chrome/140.0.0.0 Safari/537.36";
/// The same for a mobile.
const MOBILE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 \
                      (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1";
/// The same for a tablet.
const TABLET: &str = "Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 \
                      (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1";

impl PartKind {
    /// The name that rules, tags and lists call it by.
    pub fn as_str(self) -> &'static str {
        match self {
            PartKind::Prefix => "prefix",
            PartKind::Device => "device",
            PartKind::Locale => "locale",
            PartKind::Country => "country",
            PartKind::Header => "header",
            PartKind::Cookie => "cookie",
        }
    }
}

impl KeyPart {
    /// The texts that identify the part in a digest.
    pub(super) fn digested(&self) -> [&[u8]; 4] {
        let is_there: &[u8] = if self.value.is_some() { b"is" } else { b"absent" };
        let value = self.value.as_deref().unwrap_or_default();
        [self.kind.as_str().as_bytes(), self.name.as_bytes(), is_there, value.as_bytes()]
    }

    /// The part as lists show it.
    pub fn text(&self) -> String {
        let name = match self.kind {
            PartKind::Header | PartKind::Cookie => format!("{}.{}", self.kind.as_str(), self.name),
            _ => self.kind.as_str().to_owned(),
        };
        format!("{name}={}", self.value.as_deref().unwrap_or_default())
    }

    /// The name of the cookie that is sent for this part.
    pub fn cookie(&self) -> Option<&str> {
        let is_cookie = matches!(self.kind, PartKind::Cookie | PartKind::Locale);
        Some(&*self.name).filter(|name| is_cookie && !name.is_empty())
    }

    /// The fields that the origin is sent for this part, except `Cookie`. A field without a value is
    /// not sent.
    fn fields(&self) -> Vec<(&str, Option<&str>)> {
        let value = self.value.as_deref();
        match self.kind {
            PartKind::Prefix | PartKind::Cookie => Vec::new(),
            PartKind::Header => vec![(&self.name, value)],
            PartKind::Country => vec![(COUNTRY, value)],
            PartKind::Locale => vec![("accept-language", value)],
            PartKind::Device => {
                let (browser, is_mobile) = match value {
                    Some("mobile") => (MOBILE, "?1"),
                    Some("tablet") => (TABLET, "?0"),
                    _ => (DESKTOP, "?0"),
                };
                vec![("user-agent", Some(browser)), (IS_MOBILE, Some(is_mobile)), (DEVICE, value)]
            }
        }
    }
}

/// What the runtime makes of bytes that are not UTF-8, a character for each byte. Only the field as it
/// came still has them: it is sent as it is, and never for a page that is shared.
const UNDECODED: &str = "\u{ef}\u{bf}\u{bd}";

/// Puts the parts into a request in the place of what the visitor sent, and returns the names of
/// their fields. Cookies that do not count stay.
pub fn put(parts: &[KeyPart], request: &mut HeaderMap) -> Vec<HeaderName> {
    let mut names = Vec::new();
    for part in parts {
        for (name, value) in part.fields() {
            let Ok(name) = name.parse::<HeaderName>() else { continue };
            set(request, &name, value);
            names.push(name);
        }
    }
    if parts.iter().any(|part| part.cookie().is_some()) {
        names.push(header::COOKIE);
        let sent = joined(request, &header::COOKIE).unwrap_or_default();
        if sent.contains(UNDECODED) {
            return names;
        }
        request.remove(header::COOKIE);
        // `joined` made a character of each byte.
        let field =
            with_cookies(parts, &sent).map(|field| field.chars().map(|c| c as u8).collect());
        let field = field.and_then(|bytes: Vec<u8>| HeaderValue::from_bytes(&bytes).ok());
        request.extend(field.map(|field| (header::COOKIE, field)));
    }
    names
}

fn set(request: &mut HeaderMap, name: &HeaderName, value: Option<&str>) {
    match value.and_then(|value| HeaderValue::from_str(value).ok()) {
        Some(value) => drop(request.insert(name, value)),
        None => drop(request.remove(name)),
    }
}

/// Returns a `Cookie` field with the parts' cookies in the place of those with their names.
pub fn with_cookies(parts: &[KeyPart], sent: &str) -> Option<String> {
    let mut field = telling(sent, &|name| counts_cookie(parts, name)).unwrap_or_default();
    for part in parts {
        let (Some(name), Some(value)) = (part.cookie(), &part.value) else { continue };
        let separator = if field.is_empty() { "" } else { "; " };
        field = format!("{field}{separator}{name}={value}");
    }
    Some(field).filter(|field| !field.is_empty())
}

/// Tells whether a cookie counts in one of the parts.
pub fn counts_cookie(parts: &[KeyPart], name: &str) -> bool {
    parts.iter().any(|part| part.cookie() == Some(name))
}
