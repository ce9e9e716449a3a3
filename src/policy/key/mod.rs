//! The cache key: the parts of a URL that select a stored response, before `Vary` is considered.
//!
//! Scheme, host, path and query count byte for byte; only dot segments are resolved. Nothing is
//! decoded, and the order of parameters counts. `/a%2Fb`, `/a/b` and `/A/b` are three pages;
//! `/?a&b` and `/?b&a` are two.
//!
//! Rules may add parts of a visitor's request (`part`). All keys of a URL are one page: a purge of it
//! reaches them all.

pub mod part;
mod slot;

use self::part::{KeyPart, PartKind};
pub use self::slot::Slot;
use self::slot::digest;
use crate::fields::steps::steps;
use crate::fields::url::resolved_path;
use crate::fields::url::{canonical_host, is_host};
use crate::policy::time::Time;

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
    /// The parts of a visitor's request that count by a rule.
    parts: Vec<KeyPart>,
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
            parts: Vec::new(),
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

    /// Returns the key with parts of a visitor's request.
    pub fn with_parts(self, parts: Vec<KeyPart>) -> CacheKey {
        CacheKey { parts, ..self }
    }

    /// Returns the parts of a visitor's request that count.
    pub fn parts(&self) -> &[KeyPart] {
        &self.parts
    }

    /// Returns the value of a part. Only a header field and a cookie is asked for by its name.
    pub fn value_of(&self, kind: PartKind, name: &str) -> Option<&str> {
        let is_it = |part: &&KeyPart| part.kind == kind && (name.is_empty() || part.name == name);
        self.parts.iter().find(is_it)?.value.as_deref()
    }

    /// Tells whether a header field or cookie of this name counts.
    pub fn counts(&self, kind: PartKind, name: &str) -> bool {
        self.parts.iter().any(|part| part.kind == kind && part.name == name)
    }

    /// Returns the names and values of the parts of a kind.
    pub fn values_of(&self, kind: PartKind) -> impl Iterator<Item = (String, String)> {
        let of_kind = move |part: &KeyPart| {
            let value = part.value.clone().filter(|_| part.kind == kind)?;
            Some((part.name.clone(), value))
        };
        self.parts.iter().filter_map(of_kind)
    }

    /// Returns the key of the page by its URL alone, for whichever visitor.
    pub fn of_url(&self) -> CacheKey {
        CacheKey { foreign_origin: None, parts: Vec::new(), ..self.clone() }
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

    /// Returns the query, as received or as rules have cut it; it is never empty.
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

    /// Returns the page's name in the tag graph: 32 hexadecimal digits, and 16 more where parts of a
    /// visitor's request count.
    pub fn page(&self) -> String {
        let mut page = digest(&[b"page", self.url().as_bytes()]);
        page.truncate(32);
        if !self.parts.is_empty() {
            let mut parts = Vec::new();
            for part in &self.parts {
                parts.extend(part.digested());
            }
            page.push('-');
            page.push_str(&digest(&parts)[..16]);
        }
        page
    }

    /// Returns the slot of the page's first variant.
    pub fn slot(&self) -> Slot {
        let url = self.url();
        let mut parts: Vec<&[u8]> = vec![b"response", url.as_bytes()];
        self.add_visitor_parts(&mut parts);
        Slot::of(&self.host, &parts)
    }

    fn add_visitor_parts<'k>(&'k self, parts: &mut Vec<&'k [u8]>) {
        if let Some(origin) = &self.foreign_origin {
            parts.extend([b"foreign origin".as_slice(), origin.as_bytes()]);
        }
        // broken: key-without-parts
        for part in self.parts() {
            parts.extend(part.digested());
        }
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
        self.add_visitor_parts(&mut parts);
        Slot::of(&self.host, &parts)
    }
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
