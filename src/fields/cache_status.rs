//! The `Cache-Status` field (RFC 9211): what the cache did with a request, and why.

use std::fmt;

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};

pub const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

/// Why a request went to the origin (RFC 9211 §2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forward {
    Bypass,
    Method,
    UriMiss,
    VaryMiss,
    Miss,
    Stale,
}

impl Forward {
    pub fn as_str(self) -> &'static str {
        match self {
            Forward::Bypass => "bypass",
            Forward::Method => "method",
            Forward::UriMiss => "uri-miss",
            Forward::VaryMiss => "vary-miss",
            Forward::Miss => "miss",
            Forward::Stale => "stale",
        }
    }
}

/// This cache's member of the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CacheStatus {
    pub hit: bool,
    pub forward: Option<Forward>,
    pub forward_status: Option<u16>,
    pub stored: bool,
    pub collapsed: bool,
    /// Seconds of freshness left; negative once it has passed.
    pub ttl: Option<i64>,
    /// By which key it is stored; told to those who may debug.
    pub key: Option<String>,
    /// A word of ours; lower case and hyphens, so that it is a token.
    pub detail: Option<&'static str>,
}

impl CacheStatus {
    pub fn hit(ttl: i64) -> CacheStatus {
        CacheStatus { hit: true, ttl: Some(ttl), ..CacheStatus::default() }
    }

    pub fn forwarded(reason: Forward) -> CacheStatus {
        CacheStatus { forward: Some(reason), ..CacheStatus::default() }
    }

    pub fn answered(mut self, status: u16) -> CacheStatus {
        self.forward_status = Some(status);
        self
    }

    pub fn detail(mut self, detail: &'static str) -> CacheStatus {
        self.detail = Some(detail);
        self
    }

    /// Behind what an origin's own caches said (§2).
    pub fn append_to(&self, headers: &mut HeaderMap) {
        let value = HeaderValue::from_str(&self.to_string()).expect("tokens and numbers are legal");
        headers.append(CACHE_STATUS, value);
    }
}

impl fmt::Display for CacheStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("edge-isr")?;
        if self.hit {
            f.write_str("; hit")?;
        }
        if let Some(reason) = self.forward {
            write!(f, "; fwd={}", reason.as_str())?;
        }
        if let Some(status) = self.forward_status {
            write!(f, "; fwd-status={status}")?;
        }
        if self.stored {
            f.write_str("; stored")?;
        }
        if self.collapsed {
            f.write_str("; collapsed")?;
        }
        if let Some(ttl) = self.ttl {
            write!(f, "; ttl={ttl}")?;
        }
        if let Some(key) = &self.key {
            // A URL's characters are printable ASCII, so only these two need escaping in a String.
            write!(f, "; key=\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\""))?;
        }
        match self.detail {
            Some(detail) => write!(f, "; detail={detail}"),
            None => Ok(()),
        }
    }
}
