//! The cache key: which stored response a request asks for, before `Vary` is looked at.
//!
//! Scheme, host, path and query count, each byte for byte, but for dot segments, which the origin is
//! never asked for. Nothing is decoded, and the order of parameters counts: `/a%2Fb`, `/a/b` and `/A/b`
//! are three pages, and so are `/?a&b` and `/?b&a`.

use std::net::{Ipv4Addr, Ipv6Addr};

use sha2::{Digest, Sha256};

use crate::fields::steps::steps;
use crate::fields::url::resolved_path;
use crate::policy::time::Time;

/// The version of everything that is hashed here; another version never finds what this one stored.
const SCHEME: &str = "edge-isr 1";

/// The parts of an absolute `http` or `https` URL that a page is known by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CacheKey {
    scheme: String,
    host: String,
    path: String,
    query: Option<String>,
    /// The `Origin` of a script of another site. Some origins (S3) send their CORS fields only where
    /// one came, and no `Vary`: so it always selects, and what it brings back touches no other's page.
    foreign_origin: Option<String>,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("a URL begins with http:// or https:// and a host")]
    NotHttp,
    #[error("a URL is printable ASCII; write other characters percent-encoded")]
    NotAscii,
    #[error("a URL names no user")]
    User,
    #[error("a URL's host is a name such as www.example.com or an address, with or without a port")]
    Host,
}

impl CacheKey {
    /// From an absolute URL as the runtime or a purge spells it. The fragment is left out.
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

    /// The page as scripts of the site `origin` are shown it; the page itself for its own scripts.
    pub fn for_origin(self, origin: Option<String>) -> CacheKey {
        let own = format!("{}://{}", self.scheme, self.host);
        let foreign_origin = origin.filter(|origin| !origin.eq_ignore_ascii_case(&own));
        CacheKey { foreign_origin, ..self }
    }

    pub fn foreign_origin(&self) -> Option<&str> {
        self.foreign_origin.as_deref()
    }

    /// The same page with another query.
    pub fn with_query(&self, query: &str) -> CacheKey {
        let query = Some(query.to_owned()).filter(|query| !query.is_empty());
        CacheKey { query, ..self.clone() }
    }

    /// The first page of its host.
    pub fn of_host(&self) -> CacheKey {
        CacheKey { path: "/".to_owned(), query: None, ..self.clone() }
    }

    /// Where it is kept which parts of the path's queries select nothing.
    pub fn search_slot(&self) -> Slot {
        self.with_query("").slot().beside("no-vary-search")
    }

    /// What a reference of this page's names (RFC 3986 §5).
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

    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// Host and, where it is not the scheme's own, port; in lower case.
    pub fn host(&self) -> &str {
        &self.host
    }

    pub fn path(&self) -> &str {
        &self.path
    }

    /// As it came; never empty.
    pub fn query(&self) -> Option<&str> {
        self.query.as_deref()
    }

    /// The URL in canonical form.
    pub fn url(&self) -> String {
        format!("{}://{}{}", self.scheme, self.host, self.path_and_query())
    }

    pub fn path_and_query(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }

    /// The page's name in the tag graph: 32 hexadecimal digits.
    pub fn page(&self) -> String {
        let mut page = digest(&[b"page", self.url().as_bytes()]);
        page.truncate(32);
        page
    }

    /// Where the page's first variant is stored.
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

    /// Where another variant of it is: `selecting` holds the selecting fields' names and values.
    ///
    /// `era`: since when the first variant has named these fields. A page that stops varying and
    /// begins again must not find the variants it had before.
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
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    host: String,
    digest: String,
}

impl Slot {
    /// The place that stands beside this one for `purpose` (`lease`, `seen`, a body's token, …).
    pub fn beside(&self, purpose: &str) -> Slot {
        Slot {
            host: self.host.clone(),
            digest: digest(&[b"beside", self.digest.as_bytes(), purpose.as_bytes()]),
        }
    }

    /// What it is called outside the data centre: 64 hexadecimal digits, the host among what they
    /// are of.
    pub fn name(&self) -> &str {
        &self.digest
    }

    /// A number that tells it from the others of an isolate.
    pub fn number(&self) -> u64 {
        u64::from_str_radix(&self.digest[..16], 16).unwrap_or(0)
    }

    /// As the Cache API wants it: a URL of the zone's own host, under a path that the Worker itself
    /// answers and never forwards.
    ///
    /// `secret`: without it no client can tell the URL. Where a route does not cover the control prefix,
    /// what is stored could otherwise be asked for past the Worker.
    pub fn url(&self, control_prefix: &str, secret: &[u8]) -> String {
        let name = digest(&[b"slot", secret, self.digest.as_bytes()]);
        format!("https://{}{control_prefix}/stored/{name}", self.host)
    }
}

/// Each part is preceded by its length, so that no two lists of parts hash alike.
fn digest(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in [SCHEME.as_bytes()].iter().chain(parts) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hex::encode(hash.finalize())
}

/// Lower case, without the scheme's own port.
pub fn canonical_host(host: &str, scheme: &str) -> String {
    let host = host.to_ascii_lowercase();
    let own_port = if scheme == "https" { ":443" } else { ":80" };
    host.strip_suffix(own_port).map(str::to_owned).unwrap_or(host)
}

/// The same URL with its path as [`CacheKey::parse`] understands it: ask the origin for this one, and
/// it is asked for the page that is keyed. What has no scheme and host stays as it is.
pub fn resolved_url(url: &str) -> String {
    let Some(start) = url.find("://").map(|at| at + 3) else { return url.to_owned() };
    let after =
        |start: usize, ends: &[char]| url[start..].find(ends).map_or(url.len(), |at| start + at);
    let path = after(start, &['/', '?', '#']);
    let end = after(path, &['?', '#']);
    let resolved = if path == end { "/".into() } else { resolved_path(&url[path..end]) };
    format!("{}{resolved}{}", &url[..path], &url[end..])
}

/// Whether it begins with a scheme: `/login?next=https://…` does not.
fn is_absolute(reference: &str) -> bool {
    let scheme = reference.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// Whether requests can be sent to it: a domain name or an address, with or without a port.
pub fn is_host(host: &str) -> bool {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    };
    let port_is_legal = port.is_none_or(|port| is_number(port) && port.parse::<u16>().is_ok());
    port_is_legal && (is_domain(name) || is_address(name))
}

/// A domain name (RFC 1035 §2.3.4), perhaps with the root's dot. What ends in a number is an address
/// (URL Standard).
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
