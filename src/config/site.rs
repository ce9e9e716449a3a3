//! Where the site is, and which of its paths are the edge's own.

use super::read::{error, words};
use super::{ConfigError, Origin, RawConfig};
use crate::fields::url::{canonical_host, is_host};
use crate::policy::key::CacheKey;

/// Reads `ORIGIN`.
pub(super) fn origin(raw: RawConfig<'_>) -> Result<Option<Origin>, ConfigError> {
    let Some(text) = raw("ORIGIN") else { return Ok(None) };
    let refused = || {
        error("ORIGIN", "is not a URL of the form https://host or http://host:port, with no path")
    };
    let key = CacheKey::parse(text.trim()).map_err(|_| refused())?;
    if key.path_and_query() != "/" || text.contains(['?', '#']) || !is_host(key.host()) {
        return Err(refused());
    }
    Ok(Some(Origin { scheme: key.scheme().to_owned(), host: key.host().to_owned() }))
}

/// Reads `HOSTS`.
pub(super) fn hosts(raw: RawConfig<'_>) -> Result<Vec<String>, ConfigError> {
    let hosts = words(raw, "HOSTS")?;
    match hosts.iter().find(|host| !is_host(host)) {
        Some(host) => Err(error(
            "HOSTS",
            format!(
                "has {host:?}; a host is a name such as www.example.com, or a name with a port"
            ),
        )),
        None => Ok(hosts.iter().map(|host| canonical_host(host, "https")).collect()),
    }
}

/// Reads `WARM_SITEMAPS`.
pub(super) fn warm_sitemaps(raw: RawConfig<'_>) -> Result<Vec<String>, ConfigError> {
    let urls = words(raw, "WARM_SITEMAPS")?;
    match urls.iter().find(|url| CacheKey::parse(url).is_err()) {
        Some(url) => Err(error(
            "WARM_SITEMAPS",
            format!("has {url:?}; write URLs such as https://www.example.com/sitemap.xml"),
        )),
        None => Ok(urls),
    }
}

/// Reads `CONTROL_PREFIX`.
pub(super) fn control_prefix(raw: RawConfig<'_>) -> Result<String, ConfigError> {
    let prefix = raw("CONTROL_PREFIX").unwrap_or_else(|| "/edge-isr".to_owned());
    let is_segment = |segment: &str| {
        !matches!(segment, "" | "." | "..")
            && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte))
    };
    match prefix.strip_prefix('/') {
        Some(path) if path.split('/').all(is_segment) => Ok(prefix),
        _ => Err(error(
            "CONTROL_PREFIX",
            "is not a path such as /edge-isr: it begins with a slash, does not end in one, has no \
             empty or dot segments, and consists of letters, digits, slashes and - _ . ~",
        )),
    }
}
