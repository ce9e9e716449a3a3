//! The cache key: the parts of a URL that select a stored response, before `Vary` is considered.
//!
//! Scheme, host, path and query count byte for byte; only dot segments are resolved. Nothing is
//! decoded, and the order of parameters counts. `/a%2Fb`, `/a/b` and `/A/b` are three pages;
//! `/?a&b` and `/?b&a` are two.

use std::net::{Ipv4Addr, Ipv6Addr};

use sha2::{Digest, Sha256};

use crate::fields::steps::steps;
use crate::fields::url::resolved_path;
use crate::policy::time::Time;

/// The version of the hash scheme. A response stored under another version is never found.
const SCHEME: &str = "edge-isr 1";

/// The parts of an absolute `http` or `https` URL that identify a page.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CacheKey {
    scheme: String,
    host: String,
    path: String,
    query: Option<String>,
    /// The `Origin` of a cross-site script, which always selects a response of its own. Some
    /// origins (S3) send CORS fields only if `Origin` is present, without `Vary`.
    foreign_origin: Option<String>,
}

/// The reason why a URL is no cache key.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The scheme is not `http` or `https`, or there is no host.
    #[error("a URL begins with http:// or https:// and a host")]
    NotHttp,
    /// A character is not printable ASCII.
    #[error("a URL is printable ASCII; write other characters percent-encoded")]
    NotAscii,
    /// The URL has a user name.
    #[error("a URL names no user")]
    User,
    /// The host is neither a domain name nor an address.
    #[error("a URL's host is a name such as www.example.com or an address, with or without a port")]
    Host,
}

impl CacheKey {
    /// Parses an absolute URL without its fragment; fails if it is no legal `http(s)` URL.
    pub fn parse(url: &str) -> Result<CacheKey, KeyError> {
        steps(url.len());
        if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(KeyError::NotAscii);
        }
        let (scheme, rest) = url.split_once("://").ok_or(KeyError::NotHttp)?;
        let scheme = scheme.to_ascii_lowercase();
        let rest = rest.split('#').next().unwrap_or("");
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (host, rest) = rest.split_at(end);
        if host.contains('@') {
            return Err(KeyError::User);
        }
        if host.is_empty() || !matches!(scheme.as_str(), "http" | "https") {
            return Err(KeyError::NotHttp);
        }
        if !is_host(host) {
            return Err(KeyError::Host);
        }
        let (path, query) = match rest.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (rest, None),
        };
        Ok(CacheKey {
            host: canonical_host(host, &scheme),
            scheme,
            path: if path.is_empty() { "/".to_owned() } else { resolved_path(path).into_owned() },
            query: query.filter(|query| !query.is_empty()),
            foreign_origin: None,
        })
    }

    /// Returns the key for scripts of the site `origin`; unchanged for the page's own site.
    pub fn for_origin(self, origin: Option<String>) -> CacheKey {
        let own = format!("{}://{}", self.scheme, self.host);
        let foreign_origin = origin.filter(|origin| !origin.eq_ignore_ascii_case(&own));
        CacheKey { foreign_origin, ..self }
    }

    /// Returns the other site whose scripts this key is for.
    pub fn foreign_origin(&self) -> Option<&str> {
        self.foreign_origin.as_deref()
    }

    /// Returns the same page with another query.
    pub fn with_query(&self, query: &str) -> CacheKey {
        let query = Some(query.to_owned()).filter(|query| !query.is_empty());
        CacheKey { query, ..self.clone() }
    }

    /// Returns the key of the host's first page, `/`.
    pub fn of_host(&self) -> CacheKey {
        CacheKey { path: "/".to_owned(), query: None, ..self.clone() }
    }

    /// Returns the slot that holds which parts of the path's queries select nothing.
    pub fn search_slot(&self) -> Slot {
        self.with_query("").slot().beside("no-vary-search")
    }

    /// Resolves a reference in this page (RFC 3986 §5); `None` if the result is no legal URL.
    pub fn resolve(&self, reference: &str) -> Option<CacheKey> {
        let base = format!("{}://{}", self.scheme, self.host);
        let url = match reference {
            _ if is_absolute(reference) => reference.to_owned(),
            _ if reference.starts_with("//") => format!("{}:{reference}", self.scheme),
            _ if reference.starts_with('/') => base + reference,
            _ if reference.starts_with('?') => base + &self.path + reference,
            _ => {
                let folder = self.path.rfind('/').map_or("", |end| &self.path[..end]);
                format!("{base}{folder}/{reference}")
            }
        };
        CacheKey::parse(&url).ok()
    }

    /// Returns `http` or `https`.
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// Returns the host in lower case, with the port unless it is the scheme's default.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the path with dot segments resolved.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the query as received; it is never empty.
    pub fn query(&self) -> Option<&str> {
        self.query.as_deref()
    }

    /// Returns the URL in canonical form.
    pub fn url(&self) -> String {
        format!("{}://{}{}", self.scheme, self.host, self.path_and_query())
    }

    /// Returns the path, followed by `?` and the query if there is one.
    pub fn path_and_query(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }

    /// Returns the page's name in the tag graph: 32 hexadecimal digits.
    pub fn page(&self) -> String {
        let mut page = digest(&[b"page", self.url().as_bytes()]);
        page.truncate(32);
        page
    }

    /// Returns the slot of the page's first variant.
    pub fn slot(&self) -> Slot {
        let url = self.url();
        let mut parts: Vec<&[u8]> = vec![b"response", url.as_bytes()];
        parts.extend(self.origin_parts());
        Slot { host: self.host.clone(), digest: digest(&parts) }
    }

    fn origin_parts(&self) -> impl Iterator<Item = &[u8]> {
        let origin = self.foreign_origin.iter();
        origin.flat_map(|origin| [b"foreign origin".as_slice(), origin.as_bytes()])
    }

    /// Returns another variant's slot; `selecting` holds the selecting fields' names and values.
    ///
    /// `era` is the time since which the first variant has named these fields. A page that stops
    /// varying and begins again must not find its former variants.
    pub fn variant_slot(&self, era: Time, selecting: &[(String, String)]) -> Slot {
        let (url, era) = (self.url(), era.0.to_string());
        let mut parts: Vec<&[u8]> = vec![b"variant", url.as_bytes(), era.as_bytes()];
        for (name, value) in selecting {
            parts.extend([name.as_bytes(), value.as_bytes()]);
        }
        parts.extend(self.origin_parts());
        Slot { host: self.host.clone(), digest: digest(&parts) }
    }
}

/// A place in the data centre's cache.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    host: String,
    digest: String,
}

impl Slot {
    /// Returns the slot beside this one for `purpose` (`lease`, `seen`, a body's token, …).
    pub fn beside(&self, purpose: &str) -> Slot {
        Slot {
            host: self.host.clone(),
            digest: digest(&[b"beside", self.digest.as_bytes(), purpose.as_bytes()]),
        }
    }

    /// Returns the global name: 64 hexadecimal digits of a hash that includes the host.
    pub fn name(&self) -> &str {
        &self.digest
    }

    /// Returns a number that distinguishes the slots of an isolate.
    pub fn number(&self) -> u64 {
        u64::from_str_radix(&self.digest[..16], 16).unwrap_or(0)
    }

    /// Returns the URL for the Cache API, on the zone's own host. The Worker serves the path itself
    /// and never forwards it.
    ///
    /// `secret` keeps clients from guessing the URL. If no route covers the control prefix, a
    /// client could otherwise request stored responses directly.
    pub fn url(&self, control_prefix: &str, secret: &[u8]) -> String {
        let name = digest(&[b"slot", secret, self.digest.as_bytes()]);
        format!("https://{}{control_prefix}/stored/{name}", self.host)
    }
}

/// Hashes the parts, each preceded by its length, so that no two lists of parts hash alike.
fn digest(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in [SCHEME.as_bytes()].iter().chain(parts) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hex::encode(hash.finalize())
}

/// Returns the host in lower case, without the scheme's default port.
pub fn canonical_host(host: &str, scheme: &str) -> String {
    let host = host.to_ascii_lowercase();
    let own_port = if scheme == "https" { ":443" } else { ":80" };
    host.strip_suffix(own_port).map(str::to_owned).unwrap_or(host)
}

/// Returns the URL with its path resolved as in [`CacheKey::parse`], so that the origin gets the
/// page of the key. A text without scheme and host is returned unchanged.
pub fn resolved_url(url: &str) -> String {
    let Some(start) = url.find("://").map(|at| at + 3) else { return url.to_owned() };
    let after =
        |start: usize, ends: &[char]| url[start..].find(ends).map_or(url.len(), |at| start + at);
    let path = after(start, &['/', '?', '#']);
    let end = after(path, &['?', '#']);
    let resolved = if path == end { "/".into() } else { resolved_path(&url[path..end]) };
    format!("{}{resolved}{}", &url[..path], &url[end..])
}

/// Tells whether a reference begins with a scheme; `/login?next=https://…` does not.
fn is_absolute(reference: &str) -> bool {
    let scheme = reference.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()))
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
