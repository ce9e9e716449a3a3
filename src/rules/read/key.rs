//! Reading what a rule says about the key.

use http::header::HeaderName;
use serde_json::Value;

use super::FieldFault;
use super::effects::NOT_BY_RULE;
use super::values::Given;
use crate::fields::forwarding::may_be_forwarded;
use crate::policy::cookies::CookieNames;
use crate::rules::glob::Glob;
use crate::rules::key::KeyEffects;
use crate::rules::key::query::{QueryKey, TRACKING};
use crate::rules::key::visitor::{Countries, Listed, Locales};
use crate::rules::wildcard::Wildcards;

const KEY: &str = "is not a table of query, prefix, device, locale, country, headers and cookies, such \
                   as { query = \"none\" }";
const QUERY: &str = "is none of \"all\", \"none\", a list of names, { except = a list of names } \
                     and { except = \"tracking\" }";

const COUNTRY: &str = "is neither true nor a list such as [\"DE\", \"AT\"]";
const LISTED: &str = "is not a table of names, each with the list of values that count: { currency = [\"EUR\", \"USD\"] }";
const LOCALE: &str =
    "is neither a list such as [\"en\", \"de\"] nor a table of list, path and cookie";

impl KeyEffects {
    /// Reads the table `key`. `path` is the glob whose parts a locale may name.
    pub(super) fn read(
        &mut self,
        given: &Given<'_>,
        path: Option<&Glob>,
    ) -> Result<(), FieldFault> {
        let Value::Object(fields) = given.value else { return Err(given.fault(KEY)) };
        for (name, value) in fields {
            let field = format!("key.{name}");
            let part = Given { name: &field, value };
            match name.as_str() {
                "query" => self.query = Some(query(&part)?),
                "prefix" => self.prefix = Some(part.text()?.to_owned()),
                "device" => self.device = Some(part.flag()?),
                "locale" => self.locale = Some(locales(&part, path)?),
                "country" => self.country = Some(countries(&part)?),
                "headers" => self.headers = Some(listed(&part, field_name)?),
                "cookies" => self.cookies = Some(listed(&part, cookie_name)?),
                _ => return Err(given.fault(KEY)),
            }
        }
        if self.are_none() { Err(given.fault(KEY)) } else { Ok(()) }
    }
}

fn query(given: &Given<'_>) -> Result<QueryKey, FieldFault> {
    if let Value::Object(except) = given.value {
        let Some((value, 1)) = except.get("except").map(|value| (value, except.len())) else {
            return Err(given.fault(QUERY));
        };
        let except = Given { value, ..*given };
        let mut texts = except.texts()?;
        if !value.is_array() && texts != ["tracking"] {
            return Err(given.fault(QUERY));
        }
        if texts.contains(&"tracking") {
            texts.retain(|text| *text != "tracking");
            texts.extend(TRACKING);
        }
        return Ok(QueryKey::Except(names(&texts)));
    }
    match given.value.as_str() {
        Some("all") => Ok(QueryKey::All),
        Some("none") => Ok(QueryKey::Nothing),
        Some(_) => Err(given.fault(QUERY)),
        None => Ok(QueryKey::Only(names(&given.texts()?))),
    }
}

fn names(texts: &[&str]) -> Vec<Wildcards> {
    let mut names = Vec::new();
    for text in texts {
        names.push(Wildcards::parse(text));
    }
    names
}

/// Reads languages: a list, or a table with the list and where else the language stands.
fn locales(given: &Given<'_>, glob: Option<&Glob>) -> Result<Locales, FieldFault> {
    let mut locales = Locales::default();
    if given.value.is_array() {
        locales.list = languages(given)?;
        return Ok(locales);
    }
    let Value::Object(fields) = given.value else { return Err(given.fault(LOCALE)) };
    for (name, value) in fields {
        let field = Given { value, ..*given };
        match name.as_str() {
            "list" => locales.list = languages(&field)?,
            "path" => locales.path = Some(field.text()?.to_owned()),
            "cookie" => locales.cookie = Some(one_cookie(&field)?),
            _ => return Err(given.fault(LOCALE)),
        }
    }
    let is_part = |part: &String| glob.is_some_and(|glob| glob.names().any(|name| name == part));
    if !locales.path.iter().all(is_part) {
        return Err(given.fault(
            "has a path that is no part that the rule's path names: path = \"/{lang}/**\"",
        ));
    }
    if locales.list.is_empty() {
        return Err(given.fault(LOCALE));
    }
    Ok(locales)
}

fn languages(given: &Given<'_>) -> Result<Vec<String>, FieldFault> {
    let is_language = |text: &str| {
        text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-')
    };
    values(given, is_language, "which is no language such as \"de\" or \"de-CH\"")
}

/// Reads countries: `true`, or a list.
fn countries(given: &Given<'_>) -> Result<Countries, FieldFault> {
    if given.value.as_bool() == Some(true) {
        return Ok(Countries::Each);
    }
    if !given.value.is_array() {
        return Err(given.fault(COUNTRY));
    }
    let is_country =
        |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    Ok(Countries::These(values(given, is_country, "which is no country such as \"DE\"")?))
}

/// Reads a table of names, each with a list of the values that count.
fn listed(given: &Given<'_>, legal: fn(&str) -> Option<String>) -> Result<Vec<Listed>, FieldFault> {
    let fields = given.value.as_object().filter(|fields| !fields.is_empty());
    let mut all: Vec<Listed> = Vec::new();
    for (name, value) in fields.ok_or_else(|| given.fault(LISTED))? {
        let is_new = |name: &String| all.iter().all(|listed| listed.name != *name);
        let Some(legal) = legal(name).filter(is_new) else {
            return Err(given.fault(format!("has {name:?}, which cannot count, or stands twice")));
        };
        if !value.is_array() {
            return Err(given.fault(LISTED));
        }
        let is_value = |text: &str| {
            text.bytes().all(|byte| byte.is_ascii_graphic() && !b";,\"\\*".contains(&byte))
        };
        let fault = "with a character that is not sent in a field: blank, comma, semicolon, quotation mark, \
                     backslash, star or a letter beyond ASCII";
        all.push(Listed {
            name: legal,
            values: values(&Given { value, ..*given }, is_value, fault)?,
        });
    }
    Ok(all)
}

fn values(
    given: &Given<'_>,
    is_legal: impl Fn(&str) -> bool,
    fault: &str,
) -> Result<Vec<String>, FieldFault> {
    let mut values = Vec::new();
    for text in given.texts()? {
        if !is_legal(text) {
            return Err(given.fault(format!("has {text:?}, {fault}")));
        }
        values.push(text.to_owned());
    }
    Ok(values)
}

/// A cookie counts by its whole name: a star stands for any number of cookies.
fn cookie_name(name: &str) -> Option<String> {
    let is_one = !name.contains('*') && CookieNames::parse(&[name]).is_ok();
    is_one.then(|| name.to_owned())
}

fn one_cookie(given: &Given<'_>) -> Result<String, FieldFault> {
    let name = given.text()?;
    cookie_name(name).ok_or_else(|| given.fault(format!("has {name:?}, which is no cookie's name")))
}

/// A field that the edge makes itself, or that decides about the response apart from its key, cannot
/// count.
fn field_name(name: &str) -> Option<String> {
    let name: HeaderName = name.parse().ok()?;
    let text = name.as_str();
    let is_own = NOT_BY_RULE.contains(&text);
    let is_of_others = ["cf-", "sec-websocket-"].iter().any(|start| text.starts_with(start));
    let counts = may_be_forwarded(&name) && !is_own && !is_of_others;
    counts.then(|| name.as_str().to_owned())
}
