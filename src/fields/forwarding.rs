//! The header fields that are stored, sent to the origin, and sent to the visitor.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, header};

use crate::fields::cache_control::{latin1, list};
use crate::fields::request::RequestFields;
use crate::policy::cookies::{CookieNames, is_of_load_balancer, set_cookie_name};

/// The field in which Cloudflare names the visitor's address. It can be forged only on a
/// developer's own machine.
pub const ADDRESS: &str = "cf-connecting-ip";

/// The request field that makes the response carry `Server-Timing`. Its value is a token that may
/// read. It is never forwarded.
pub const DEBUG: &str = "edge-isr-debug";

/// Fields that belong to one connection (RFC 9110 §7.6.1).
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

/// Fields with which a proxy may override the host, scheme, path or method in frameworks and
/// servers. Some of them name a visitor's address instead. `-` means `_` too,
/// because CGI and WSGI make them the same.
const OVERRIDES: [&str; 32] = [
    "client-ip",
    "cluster-client-ip",
    "fastly-client-ip",
    "forwarded",
    "front-end-https",
    "path-info",
    "proxy",
    "query-string",
    "redirect-status",
    "redirect-url",
    "request-method",
    "request-uri",
    "script-name",
    "true-client-ip",
    "x-arr-ssl",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-host",
    "x-http-host-override",
    "x-http-method",
    "x-http-method-override",
    "x-https",
    "x-forwarded",
    "x-matched-path",
    "x-method-override",
    "x-originating-ip",
    "x-real-ip",
    "x-remote-addr",
    "x-remote-ip",
    "x-scheme",
    "x-script-name",
    "x-url-scheme",
];

/// Prefixes of such names: those of proxies, and those of Next.js between its router and its pages.
const OVERRIDING: [&str; 6] =
    ["x-forwarded-", "x-original-", "x-rewrite-", "x-invoke-", "x-middleware-", "x-now-route-"];

/// The only override that a form may need: WordPress's editor sends a POST that means a PUT.
const METHOD_OVERRIDE: &str = "x-http-method-override";

const CONDITIONALS: [HeaderName; 5] = [
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_UNMODIFIED_SINCE,
    header::IF_RANGE,
];

/// Fields with directives for this cache alone. Later caches must not obey them (RFC 9213 §2).
pub(super) const OURS_ALONE: [HeaderName; 3] = [
    HeaderName::from_static("cloudflare-cdn-cache-control"),
    HeaderName::from_static("edge-isr"),
    HeaderName::from_static("surrogate-control"),
];

/// Drops the fields that belong to the connection, and those that `Connection` names.
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

/// Tells whether a field belongs to one connection or one message.
pub fn is_of_the_connection(name: &HeaderName) -> bool {
    HOP_BY_HOP.contains(name) || *name == header::HOST || *name == header::CONTENT_LENGTH
}

/// Tells whether a field is a condition or a range.
pub fn is_condition(name: &HeaderName) -> bool {
    CONDITIONALS.contains(name) || *name == header::RANGE
}

/// Tells whether a visitor's field can reach the origin for a shared page. A field that the edge
/// sets itself cannot, and so selects no response.
pub fn may_be_forwarded(name: &HeaderName) -> bool {
    !is_of_the_connection(name)
        && !is_condition(name)
        && !is_override(name.as_str())
        && *name != header::VIA
}

/// Drops the fields that always belong to one connection.
pub fn drop_connection_fields(headers: &mut HeaderMap) {
    for name in &HOP_BY_HOP {
        headers.remove(name);
    }
}

/// Drops the fields with which a visitor could override the target of a request: the edge decides
/// it.
pub fn drop_overrides(headers: &mut HeaderMap, method: &Method) {
    let stays = |name: &str, value: &HeaderValue| {
        let unsafe_method = matches!(value.as_bytes(), b"PUT" | b"PATCH" | b"DELETE");
        *method == Method::POST && name == METHOD_OVERRIDE && unsafe_method
    };
    let found: Vec<HeaderName> = headers
        .iter()
        .filter(|(name, value)| is_override(name.as_str()) && !stays(name.as_str(), value))
        .map(|(name, _)| name.clone())
        .collect();
    for name in found {
        headers.remove(name);
    }
}

/// Tells whether a field may override the target of a request or name a visitor's address.
pub fn is_override(name: &str) -> bool {
    let name = name.replace('_', "-");
    OVERRIDES.contains(&&*name) || OVERRIDING.iter().any(|beginning| name.starts_with(beginning))
}

/// Tells whether a field requests another representation of the same URL. Next.js, htmx, Inertia,
/// PJAX, Turbo and Unpoly use such fields. Some sites send scripts another response than browsers.
pub fn asks_for_another_representation(name: &str) -> bool {
    const NAMES: [&str; 6] =
        ["rsc", "turbo-frame", "x-inertia", "x-pjax", "x-requested-with", "x-up-version"];
    NAMES.contains(&name) || ["hx-", "next-router-"].iter().any(|start| name.starts_with(start))
}

/// Drops conditions and ranges from a request that may fill the cache: it needs the whole response.
/// The edge applies the visitor's conditions and ranges itself.
pub fn drop_conditions(headers: &mut HeaderMap) {
    for name in &CONDITIONALS {
        headers.remove(name);
    }
    headers.remove(header::RANGE);
}

/// Adds the forwarding fields of the edge: the host and scheme of the request and, if there is an
/// `address`, the visitor's address.
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

/// Drops the cookies that a load balancer sets, which name a server and do not affect the page, and
/// those that a rule calls `harmless`. Returns the names of the latter.
pub fn drop_harmless_cookies(
    headers: &mut HeaderMap,
    harmless: Option<&CookieNames>,
) -> Vec<String> {
    let mut stripped = Vec::new();
    for line in headers.get_all(header::SET_COOKIE) {
        let line = latin1(line.as_bytes());
        let name = set_cookie_name(&line);
        if harmless.is_some_and(|names| names.matches(name)) && !is_of_load_balancer(&line) {
            stripped.push(name.to_owned());
        }
    }
    let is_theirs = |line: &HeaderValue| {
        let line = latin1(line.as_bytes());
        is_of_load_balancer(&line)
            || harmless.is_some_and(|names| names.matches(set_cookie_name(&line)))
    };
    if !headers.get_all(header::SET_COOKIE).iter().any(is_theirs) {
        return stripped;
    }
    let lines = headers.get_all(header::SET_COOKIE).iter();
    let kept: Vec<HeaderValue> = lines.filter(|line| !is_theirs(line)).cloned().collect();
    headers.remove(header::SET_COOKIE);
    for line in kept {
        headers.append(header::SET_COOKIE, line);
    }
    stripped
}

/// Adds the edge to `Via`: "…a Via header field … between the user agent and the server" (RFC 9110
/// §7.6.3).
pub fn add_via(headers: &mut HeaderMap) {
    headers.append(header::VIA, HeaderValue::from_static(VIA));
}

/// Tells whether the request has been through an edge-isr before.
pub fn came_through_here(request: &dyn RequestFields) -> bool {
    request.value("via").is_some_and(|via| list(&via).any(|member| member == VIA))
}

const VIA: &str = "1.1 edge-isr";
