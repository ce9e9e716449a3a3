//! Fields of a response that name the origin's own address.

use http::header;
use http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::fields::cache_control::joined;
use crate::policy::key::CacheKey;

/// Replaces the origin's own address in redirects by the address that the visitor uses. `own` is
/// that address: scheme and host.
pub fn relocate(headers: &mut HeaderMap, origin_host: &str, own: &str) {
    const REFRESH: HeaderName = HeaderName::from_static("refresh");
    for name in [header::LOCATION, header::CONTENT_LOCATION, REFRESH] {
        let Some(value) = headers.get(&name).and_then(|value| value.to_str().ok()) else {
            continue;
        };
        // The URL comes after `url=` in `Refresh: 5; url=https://…`.
        let at = if name == REFRESH {
            value.to_ascii_lowercase().find("url=").map(|at| at + 4)
        } else {
            Some(0)
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
    // An origin with a forwarded port may name its inner port, which no visitor can reach.
    let name = |host: &str| match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            name.to_ascii_lowercase()
        }
        _ => host.to_ascii_lowercase(),
    };
    let is_origin = name(&rest[..end]) == name(origin_host);
    is_origin.then(|| format!("{own}{}", &rest[end..]))
}

/// Tells whether a response redirects to the page of its own request. `keyed` gives a URL the key of
/// its page.
pub fn redirects_to(
    headers: &HeaderMap,
    key: &CacheKey,
    keyed: impl FnOnce(CacheKey) -> CacheKey,
) -> bool {
    let location = joined(headers, &header::LOCATION);
    location
        .and_then(|location| key.resolve(location.trim()))
        .is_some_and(|named| keyed(named).url() == key.url())
}
