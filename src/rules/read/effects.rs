//! Reading the effects of a rule.

use http::header::{HeaderName, HeaderValue};
use serde_json::Value;

use super::FieldFault;
use super::values::{Given, NO_STATUS, statuses};
use crate::fields::forwarding::may_be_forwarded;
use crate::policy::cookies::CookieNames;
use crate::policy::storing::ruled::{OldBuild, SetAside};
use crate::rules::condition::Statuses;
use crate::rules::effects::{Cache, Effects};
use crate::rules::glob::Glob;
use crate::rules::header_change::HeaderChange;
use crate::rules::template::TagTemplate;

impl Effects {
    /// Reads a field, if it is an effect. `path` is the glob whose parts tags may name.
    pub(super) fn read(
        &mut self,
        given: &Given<'_>,
        path: Option<&Glob>,
    ) -> Result<bool, FieldFault> {
        match given.name {
            "cache" => self.cache = Some(cache(given)?),
            "override" => self.set_aside = Some(set_aside(given)?),
            "ttl" => self.ttl = Some(given.seconds()?),
            "status_ttl" => self.status_ttl = status_ttl(given)?,
            "stale_while_revalidate" => self.stale_while_revalidate = Some(given.seconds()?),
            "stale_if_error" => self.stale_if_error = Some(given.seconds()?),
            "browser_ttl" => self.browser_ttl = Some(given.seconds()?),
            "key" => self.key.read(given, path)?,
            "strip_set_cookies" => self.strip_set_cookies = Some(cookies(given)?),
            "versioned" => {
                self.of_old_build = Some(given.one_of(&[
                    ("soft", Some(OldBuild::Stale)),
                    ("hard", Some(OldBuild::Unusable)),
                    ("keep", None),
                ])?);
            }
            "ignore_cookies" => self.ignore_cookies = Some(cookies(given)?),
            "request_headers" => self.request_headers = changes(given, &NOT_BY_RULE)?,
            "response_headers" => self.response_headers = changes(given, &RESPONSE)?,
            "durable" => self.durable = Some(given.flag()?),
            "plain" => self.plain = Some(given.flag()?),
            "tags" => self.tags = tags(given, path)?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn cache(given: &Given<'_>) -> Result<Cache, FieldFault> {
    given.one_of(&[
        ("origin", Cache::Origin),
        ("bypass", Cache::Bypass),
        ("force", Cache::Force),
        ("forever", Cache::Forever),
    ])
}

fn set_aside(given: &Given<'_>) -> Result<SetAside, FieldFault> {
    let mut aside = SetAside::default();
    let words = given.texts()?;
    for word in &words {
        let which = match *word {
            "lifetime" => &mut aside.lifetime,
            "no-cache" => &mut aside.no_cache,
            "private" => &mut aside.private,
            "no-store" => &mut aside.no_store,
            _ => {
                return Err(given.fault(format!(
                    "has {word:?}: it is a list of \"lifetime\", \"no-cache\", \"private\" and \"no-store\""
                )));
            }
        };
        *which = true;
    }
    Ok(aside)
}

fn status_ttl(given: &Given<'_>) -> Result<Vec<(Statuses, u64)>, FieldFault> {
    let entry = |status: &str, value: &Value| {
        let Some(statuses) = statuses(status) else {
            return Err(given.fault(format!("has {status}, which {NO_STATUS}")));
        };
        if matches!(statuses, Statuses { first, last } if first == last && matches!(first, 206 | 304 | 401 | 403))
        {
            return Err(
                given.fault(format!("has {status}: such a response is never stored by a rule"))
            );
        }
        Ok((statuses, Given { value, ..*given }.seconds()?))
    };
    let mut list = Vec::new();
    // A table is sorted by its names, so `404` goes before `4xx`.
    for (status, value) in given.table()? {
        list.push(entry(status, value)?);
    }
    Ok(list)
}

/// Fields of a request that the edge makes, or that decide for whom a response is.
pub(super) const NOT_BY_RULE: [&str; 15] = [
    "accept-encoding",
    "accept-language",
    "authorization",
    "cache-control",
    "cdn-loop",
    "content-encoding",
    "content-type",
    "cookie",
    "edge-isr-debug",
    "expect",
    "origin",
    "pragma",
    "sec-ch-ua-mobile",
    "transfer-encoding",
    "user-agent",
];

/// Fields of a response that the edge makes, or that it must not misstate.
const RESPONSE: [&str; 12] = [
    "accept-ranges",
    "age",
    "cache-control",
    "cache-status",
    "content-encoding",
    "content-range",
    "etag",
    "expires",
    "last-modified",
    "server-timing",
    "set-cookie",
    "vary",
];

/// Reads a table of fields: a text sets one, and `false` removes it.
fn changes(given: &Given<'_>, refused: &[&str]) -> Result<Vec<HeaderChange>, FieldFault> {
    let mut changes = Vec::new();
    for (name, value) in given.table()? {
        let parsed: Option<HeaderName> = name.parse().ok();
        let is_legal = |name: &HeaderName| {
            let text = name.as_str();
            may_be_forwarded(name) && !refused.contains(&text) && !text.starts_with("cf-")
        };
        let Some(name) = parsed.filter(is_legal) else {
            return Err(given.fault(format!("has {name:?}, which a rule cannot change")));
        };
        let value = match value {
            Value::Bool(false) => None,
            Value::String(text) if !text.is_empty() && text.bytes().all(is_printable) => {
                HeaderValue::from_str(text).ok()
            }
            _ => {
                return Err(given.fault(format!(
                    "has a value for {name} that is neither printable ASCII nor false, which removes the field"
                )));
            }
        };
        changes.push(HeaderChange { name, value });
    }
    Ok(changes)
}

fn is_printable(byte: u8) -> bool {
    (b' '..=b'~').contains(&byte)
}

fn cookies(given: &Given<'_>) -> Result<CookieNames, FieldFault> {
    CookieNames::parse(&given.texts()?).map_err(|cause| given.fault(cause.to_string()))
}

fn tags(given: &Given<'_>, path: Option<&Glob>) -> Result<Vec<TagTemplate>, FieldFault> {
    let mut tags = Vec::new();
    for text in given.texts()? {
        let template = TagTemplate::parse(text, path);
        tags.push(template.map_err(|cause| given.fault(format!("has {text:?}, which {cause}")))?);
    }
    Ok(tags)
}
