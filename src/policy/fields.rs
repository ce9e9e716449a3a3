//! Which header fields go where: what is stored, what the origin is sent, what a visitor sees.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use super::cache_control::{joined, latin1, list};
use super::tag;

/// A request's fields. A hit needs four or five of them, and in the Worker each set is read from
/// JavaScript: so they are asked for one by one, and as a whole only on the way to the origin.
pub trait RequestFields {
    /// All lines of a field as one value (RFC 9110 §5.2); `name` in lower case.
    fn value(&self, name: &str) -> Option<String>;
    fn all(&self) -> HeaderMap;

    fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }
}

impl RequestFields for HeaderMap {
    fn value(&self, name: &str) -> Option<String> {
        joined(self, &name.parse().ok()?)
    }

    fn all(&self) -> HeaderMap {
        self.clone()
    }
}

/// The field in which Cloudflare names the visitor's address; it can be forged on one's own machine
/// only.
pub const ADDRESS: &str = "cf-connecting-ip";

/// Fields that belong to one connection (RFC 9110 §7.6.1) or to one leg of the way.
const HOP_BY_HOP: [HeaderName; 9] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Fields by which frameworks let a proxy override the host, the scheme, the URL or the method.
/// From a visitor they would change a page without changing its key (cache poisoning).
const OVERRIDES: [&str; 17] = [
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-proto",
    "x-forwarded-protocol",
    "x-forwarded-scheme",
    "x-forwarded-server",
    "x-forwarded-ssl",
    "x-host",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-host",
    "x-original-url",
    "x-rewrite-url",
];

const CONDITIONALS: [HeaderName; 5] = [
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_UNMODIFIED_SINCE,
    header::IF_RANGE,
];

/// Cache directions for this cache alone; a cache further on must not heed them (RFC 9213 §2).
const OURS_ALONE: [HeaderName; 2] = [
    HeaderName::from_static("cloudflare-cdn-cache-control"),
    HeaderName::from_static("surrogate-control"),
];

/// Drops what does not outlive the connection, and what `Connection` names.
pub fn drop_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .flat_map(|value| list(&latin1(value.as_bytes())).map(str::to_owned).collect::<Vec<_>>())
        .filter_map(|name| name.parse().ok())
        .collect();
    for name in &named {
        headers.remove(name);
    }
    drop_connection_fields(headers);
}

/// Drops what by its nature does not outlive the connection.
pub fn drop_connection_fields(headers: &mut HeaderMap) {
    for name in &HOP_BY_HOP {
        headers.remove(name);
    }
}

/// What a visitor may not tell the origin of a page that may be stored.
///
/// Underscores count as hyphens: CGI, and so WSGI, makes them the same.
pub fn drop_overrides(headers: &mut HeaderMap) {
    let is_override = |name: &HeaderName| OVERRIDES.contains(&&*name.as_str().replace('_', "-"));
    let found: Vec<HeaderName> = headers.keys().filter(|name| is_override(name)).cloned().collect();
    for name in found {
        headers.remove(name);
    }
}

/// A request that may fill the cache asks for the whole response: its visitor's conditions and
/// ranges are answered here.
pub fn drop_conditions(headers: &mut HeaderMap) {
    for name in &CONDITIONALS {
        headers.remove(name);
    }
    headers.remove(header::RANGE);
}

/// What the visitor sees of the fields that were meant for this cache.
pub fn for_visitor(headers: &mut HeaderMap, keep_tags: bool) {
    for name in &OURS_ALONE {
        headers.remove(name);
    }
    if !keep_tags {
        for name in &tag::FIELDS {
            headers.remove(name);
        }
    }
}

/// Says who the visitor was and what was asked, in our own words.
pub fn add_forwarded(headers: &mut HeaderMap, scheme: &str, host: &str, address: Option<&str>) {
    for (name, value) in [
        ("x-forwarded-host", Some(host)),
        ("x-forwarded-proto", Some(scheme)),
        ("x-forwarded-for", address),
    ] {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

/// "…a Via header field … between the user agent and the server" (RFC 9110 §7.6.3).
pub fn add_via(headers: &mut HeaderMap) {
    headers.append(header::VIA, HeaderValue::from_static(VIA));
}

/// Whether the request has been through an edge-isr before.
pub fn came_through_here(request: &dyn RequestFields) -> bool {
    request.value("via").is_some_and(|via| list(&via).any(|member| member == VIA))
}

const VIA: &str = "1.1 edge-isr";
