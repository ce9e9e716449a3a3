//! The cache key: which stored response a request asks for, before `Vary` is looked at.
//!
//! Scheme, host, path and query count, each byte for byte, but for the order of differently named
//! query parameters. Nothing is decoded: `/a%2Fb`, `/a/b` and `/A/b` are three pages.

use sha2::{Digest, Sha256};

use super::time::Time;

/// The version of everything that is hashed here; another version never finds what this one stored.
const SCHEME: &str = "edge-isr 1";

/// The parts of an absolute `http` or `https` URL that a page is known by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CacheKey {
    scheme: String,
    host: String,
    path: String,
    query: Option<String>,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("a URL begins with http:// or https:// and a host")]
    NotHttp,
    #[error("a URL is printable ASCII; write other characters percent-encoded")]
    NotAscii,
    #[error("a URL names no user")]
    User,
}

impl CacheKey {
    /// From an absolute URL as the runtime or a purge spells it. The fragment is left out.
    pub fn parse(url: &str) -> Result<CacheKey, KeyError> {
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
        let (path, query) = match rest.split_once('?') {
            Some((path, query)) => (path, Some(sorted(query))),
            None => (rest, None),
        };
        Ok(CacheKey {
            host: canonical_host(host, &scheme),
            scheme,
            path: if path.is_empty() { "/".to_owned() } else { path.to_owned() },
            query: query.filter(|query| !query.is_empty()),
        })
    }

    /// The same page with another query.
    pub fn with_query(&self, query: &str) -> CacheKey {
        let query = Some(sorted(query)).filter(|query| !query.is_empty());
        CacheKey { query, ..self.clone() }
    }

    /// Where it is kept which parts of the path's queries select nothing.
    pub fn search_slot(&self) -> Slot {
        self.with_query("").slot().beside("no-vary-search")
    }

    /// What a reference of this page's names (RFC 3986 §5), as far as paths need no dots resolved.
    pub fn resolve(&self, reference: &str) -> Option<CacheKey> {
        let base = format!("{}://{}", self.scheme, self.host);
        let url = match reference {
            _ if reference.contains("://") => reference.to_owned(),
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

    /// In canonical order; never empty.
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
        let mut page = digest(&["page", &self.url()]);
        page.truncate(32);
        page
    }

    /// Where the page's first variant is stored.
    pub fn slot(&self) -> Slot {
        Slot { host: self.host.clone(), digest: digest(&["response", &self.url()]) }
    }

    /// Where another variant of it is: `selecting` holds the selecting fields' names and values.
    ///
    /// `era`: since when the first variant has named these fields. A page that stops varying and
    /// begins again must not find the variants it had before.
    pub fn variant_slot(&self, era: Time, selecting: &[(String, String)]) -> Slot {
        let (url, era) = (self.url(), era.0.to_string());
        let mut parts = vec!["variant", &url, &era];
        for (name, value) in selecting {
            parts.extend([name.as_str(), value.as_str()]);
        }
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
        Slot { host: self.host.clone(), digest: digest(&["beside", &self.digest, purpose]) }
    }

    /// What it is called outside the data centre: 64 hexadecimal digits, the host among what they
    /// are of.
    pub fn name(&self) -> &str {
        &self.digest
    }

    /// As the Cache API wants it: a URL of the zone's own host, under a path that the Worker itself
    /// answers and never forwards.
    pub fn url(&self, control_prefix: &str) -> String {
        format!("https://{}{control_prefix}/stored/{}", self.host, self.digest)
    }
}

/// Each part is preceded by its length, so that no two lists of parts hash alike.
fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in [SCHEME].iter().chain(parts) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hex::encode(hash.finalize())
}

/// Lower case, without the scheme's own port.
pub fn canonical_host(host: &str, scheme: &str) -> String {
    let host = host.to_ascii_lowercase();
    let own_port = if scheme == "https" { ":443" } else { ":80" };
    host.strip_suffix(own_port).map(str::to_owned).unwrap_or(host)
}

/// Parameters in the order of their names; those of one name stay in the order they came in.
fn sorted(query: &str) -> String {
    let mut parameters: Vec<&str> = query.split('&').collect();
    parameters.sort_by_key(|parameter| parameter.split('=').next().unwrap_or(""));
    parameters.join("&")
}
