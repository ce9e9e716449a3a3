//! Which header fields go where: what is stored, what the origin is sent, what a visitor sees.

use http::Method;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use crate::fields::cache_control::{joined, latin1, list};
use crate::policy::cookies::is_of_load_balancer;
use crate::policy::key::CacheKey;
use crate::policy::tag;

/// A field beyond this length counts as absent; one that selects makes its request pass.
pub const FIELD_MOST: usize = 8 * 1024;

/// A request's fields. A hit needs four or five of them, and in the Worker each set is read from
/// JavaScript: so they are asked for one by one, and as a whole only on the way to the origin.
pub trait RequestFields {
    /// All lines of a field as one value (RFC 9110 §5.2), however long; `name` in lower case.
    fn raw(&self, name: &str) -> Option<String>;
    fn all(&self) -> HeaderMap;
    /// Whether the name of any field is as `wanted` says.
    fn any_name(&self, wanted: &dyn Fn(&str) -> bool) -> bool;

    /// The content codings that the client takes, as it said itself.
    fn accepted_encoding(&self) -> Option<String> {
        self.value("accept-encoding")
    }

    /// A field's value, unless it is absent or longer than [`FIELD_MOST`].
    fn value(&self, name: &str) -> Option<String> {
        self.raw(name).filter(|value| value.len() <= FIELD_MOST)
    }

    fn has(&self, name: &str) -> bool {
        self.raw(name).is_some()
    }

    /// Whether a field cannot be compared with what is stored: it is too long, or its bytes are not
    /// the same in every reading.
    fn is_incomparable(&self, name: &str) -> bool {
        self.raw(name).is_some_and(|value| value.len() > FIELD_MOST || !value.is_ascii())
    }

    fn is_oversized(&self, name: &str) -> bool {
        self.raw(name).is_some_and(|value| value.len() > FIELD_MOST)
    }
}

impl RequestFields for HeaderMap {
    fn raw(&self, name: &str) -> Option<String> {
        joined(self, &name.parse().ok()?)
    }

    fn all(&self) -> HeaderMap {
        self.clone()
    }

    fn any_name(&self, wanted: &dyn Fn(&str) -> bool) -> bool {
        self.keys().any(|name| wanted(name.as_str()))
    }
}

/// The field in which Cloudflare names the visitor's address; it can be forged on one's own machine
/// only.
pub const ADDRESS: &str = "cf-connecting-ip";

/// The request field that asks for `Server-Timing`, with a token that may read. It is never
/// forwarded.
pub const DEBUG: &str = "edge-isr-debug";

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

/// Fields by which frameworks and servers let a proxy override the host, the scheme, the path or the
/// method, and those that name a visitor's address. `-` stands for `_` too: CGI, and so WSGI, makes
/// them the same.
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

/// Beginnings of such names: proxies' own, and those of Next.js between its router and its pages.
const OVERRIDING: [&str; 6] =
    ["x-forwarded-", "x-original-", "x-rewrite-", "x-invoke-", "x-middleware-", "x-now-route-"];

/// The one override that a form may need: WordPress's editor sends a POST that means a PUT.
const METHOD_OVERRIDE: &str = "x-http-method-override";

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

/// Directions for every cache of a CDN, which no browser reads.
const TARGETED_AT_CDNS: HeaderName = HeaderName::from_static("cdn-cache-control");

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

pub fn is_of_the_connection(name: &HeaderName) -> bool {
    HOP_BY_HOP.contains(name) || *name == header::HOST || *name == header::CONTENT_LENGTH
}

pub fn is_condition(name: &HeaderName) -> bool {
    CONDITIONALS.contains(name) || *name == header::RANGE
}

/// Whether a visitor's field can reach the origin of a page that is shared: one that the edge itself
/// decides about cannot, and so selects nothing.
pub fn may_be_forwarded(name: &HeaderName) -> bool {
    !is_of_the_connection(name)
        && !is_condition(name)
        && !is_override(name.as_str())
        && *name != header::VIA
}

/// Drops what by its nature does not outlive the connection.
pub fn drop_connection_fields(headers: &mut HeaderMap) {
    for name in &HOP_BY_HOP {
        headers.remove(name);
    }
}

/// Drops what a visitor may not tell the origin: where a request goes is the edge's to say.
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

pub fn is_override(name: &str) -> bool {
    let name = name.replace('_', "-");
    OVERRIDES.contains(&&*name) || OVERRIDING.iter().any(|beginning| name.starts_with(beginning))
}

/// Whether a field asks for another representation under the same URL: of Next.js, htmx, Inertia,
/// PJAX, Turbo, Unpoly, and whatever answers scripts otherwise than browsers.
pub fn asks_for_another_representation(name: &str) -> bool {
    const NAMES: [&str; 6] =
        ["rsc", "turbo-frame", "x-inertia", "x-pjax", "x-requested-with", "x-up-version"];
    NAMES.contains(&name) || ["hx-", "next-router-"].iter().any(|start| name.starts_with(start))
}

/// A request that may fill the cache asks for the whole response: its visitor's conditions and
/// ranges are answered here.
pub fn drop_conditions(headers: &mut HeaderMap) {
    for name in &CONDITIONALS {
        headers.remove(name);
    }
    headers.remove(header::RANGE);
}

/// What the visitor sees of the fields that were meant for this cache: their tags, its own
/// directives and, unless `keep_shared`, those that are for shared caches alone.
pub fn for_visitor(headers: &mut HeaderMap, keep_tags: bool, keep_shared: bool) {
    for name in &OURS_ALONE {
        headers.remove(name);
    }
    if !keep_shared {
        for_browser(headers);
    }
    say_what_codings_select(headers);
    if !keep_tags {
        for name in &tag::FIELDS {
            headers.remove(name);
        }
    }
}

/// A coded body is not for every client, whether or not its origin says so: a cache between the edge
/// and the client must know.
fn say_what_codings_select(headers: &mut HeaderMap) {
    if !headers.contains_key(header::CONTENT_ENCODING) {
        return;
    }
    let names = joined(headers, &header::VARY).unwrap_or_default();
    let is_said = |name: &str| name == "*" || name.eq_ignore_ascii_case("accept-encoding");
    if !list(&names).any(is_said) {
        headers.append(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
}

/// Leaves the directives that a browser may act on. A purge does not reach a browser, and browsers
/// honour `stale-while-revalidate`: where no lifetime of theirs is left, they are told `max-age=0`.
fn for_browser(headers: &mut HeaderMap) {
    const SHARED: [&str; 3] = ["s-maxage", "stale-while-revalidate", "stale-if-error"];
    let targeted = headers.remove(TARGETED_AT_CDNS).is_some();
    let value = joined(headers, &header::CACHE_CONTROL).unwrap_or_default();
    // Most values have none of them: then nothing is read in parts.
    let lower = value.to_ascii_lowercase();
    if !targeted && !SHARED.iter().any(|directive| lower.contains(directive)) {
        return;
    }
    let name = |member: &str| member.split('=').next().unwrap_or("").trim().to_ascii_lowercase();
    let mut kept: Vec<&str> =
        list(&value).filter(|member| !SHARED.contains(&&*name(member))).collect();
    let says = |wanted: &str| kept.iter().any(|member| name(member) == wanted);
    let has_lifetime = ["max-age", "no-store", "no-cache"].iter().any(|name| says(name))
        || headers.contains_key(header::EXPIRES);
    if !has_lifetime {
        kept.push("max-age=0");
    }
    // Back to the bytes that `joined` has read.
    let bytes: Vec<u8> = kept.join(", ").chars().map(|letter| letter as u8).collect();
    if let Ok(value) = HeaderValue::from_bytes(&bytes) {
        headers.insert(header::CACHE_CONTROL, value);
    }
}

/// Says what was asked and, if there is an `address`, who the visitor is, in the edge's own words.
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

/// Drops the cookies that a load balancer sets: they name a server, and say nothing of the page.
pub fn drop_load_balancers(headers: &mut HeaderMap) {
    let is_theirs = |line: &HeaderValue| is_of_load_balancer(&latin1(line.as_bytes()));
    if !headers.get_all(header::SET_COOKIE).iter().any(is_theirs) {
        return;
    }
    let lines = headers.get_all(header::SET_COOKIE).iter();
    let kept: Vec<HeaderValue> = lines.filter(|line| !is_theirs(line)).cloned().collect();
    headers.remove(header::SET_COOKIE);
    for line in kept {
        headers.append(header::SET_COOKIE, line);
    }
}

/// Makes URLs of the origin's own address, in redirects, those of the visitor's. `own`: scheme and
/// host as the visitor knows them.
pub fn relocate(headers: &mut HeaderMap, origin_host: &str, own: &str) {
    const REFRESH: HeaderName = HeaderName::from_static("refresh");
    for name in [header::LOCATION, header::CONTENT_LOCATION, REFRESH] {
        let Some(value) = headers.get(&name).and_then(|value| value.to_str().ok()) else {
            continue;
        };
        // `Refresh: 5; url=https://…`
        let at = match name == REFRESH {
            true => value.to_ascii_lowercase().find("url=").map(|at| at + 4),
            false => Some(0),
        };
        let Some((before, url)) = at.map(|at| value.split_at(at)) else { continue };
        let relocated = relocated(url, origin_host, own).map(|url| format!("{before}{url}"));
        if let Some(value) = relocated.and_then(|value| HeaderValue::from_str(&value).ok()) {
            headers.insert(name, value);
        }
    }
}

fn relocated(url: &str, origin_host: &str, own: &str) -> Option<String> {
    let (scheme, rest) = url.trim_start_matches(['"', '\'']).split_once("//")?;
    if !["", "http:", "https:"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return None;
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    // Behind a forwarded port an origin names its own, which no visitor reaches.
    let name = |host: &str| match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            name.to_ascii_lowercase()
        }
        _ => host.to_ascii_lowercase(),
    };
    let is_origin = name(&rest[..end]) == name(origin_host);
    is_origin.then(|| format!("{own}{}", &rest[end..]))
}

/// Whether an answer redirects to the URL that was asked for.
pub fn redirects_to(headers: &HeaderMap, key: &CacheKey) -> bool {
    let location = joined(headers, &header::LOCATION);
    location
        .and_then(|location| key.resolve(location.trim()))
        .is_some_and(|named| named.url() == key.url())
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
