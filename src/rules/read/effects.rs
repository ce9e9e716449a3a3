//! Reading the effects of a rule.

use serde_json::Value;

use super::FieldFault;
use super::values::{Given, NO_STATUS, statuses};
use crate::policy::cookies::CookieNames;
use crate::policy::storing::ruled::SetAside;
use crate::rules::condition::Statuses;
use crate::rules::effects::{Cache, Effects};
use crate::rules::glob::Glob;
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
