//! The parts of a visitor's request that count in the key.

use crate::fields::request::RequestFields;
use crate::fields::vary::preferred;
use crate::policy::cookies;
use crate::policy::key::part::{COUNTRY, IS_MOBILE, KeyPart, PartKind};
use crate::rules::glob::Glob;

/// A header field or cookie that counts, and the values that do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The name; of a header field, in lower case.
    pub name: String,
    /// The values that count. Any other counts as absent.
    pub values: Vec<String>,
}

/// The languages of a site, and where a visitor's stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Locales {
    /// The languages. The first is for visitors who name none of them.
    pub list: Vec<String>,
    /// The part of the rule's path that names the language.
    pub path: Option<String>,
    /// The cookie that names the language, where the path does not.
    pub cookie: Option<String>,
}

/// The countries that count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Countries {
    /// Each country.
    Each,
    /// These countries. Any other counts as none.
    These(Vec<String>),
}

/// A visitor's request for a page, for the parts of its key.
#[derive(Clone, Copy)]
pub struct Asking<'a> {
    /// The visitor's fields.
    pub visitor: &'a dyn RequestFields,
    /// The path of the page in its normal form.
    pub path: &'a str,
}

impl Asking<'_> {
    /// The kind of device.
    pub fn device(&self) -> KeyPart {
        let text = |name| self.visitor.value(name).unwrap_or_default();
        part(PartKind::Device, "", Some(device(&text("user-agent"), &text(IS_MOBILE)).to_owned()))
    }

    /// The language. `glob` is that of the path of the rule which counts languages.
    pub fn locale(&self, locales: &Locales, glob: Option<&Glob>) -> KeyPart {
        let listed = |value: &str| one_of(&locales.list, value, true);
        let in_path = || {
            let part = glob?.part(self.path, locales.path.as_deref()?)?;
            listed(part)
        };
        let in_cookie = || listed(&self.cookie(locales.cookie.as_deref()?)?);
        let preferred = || {
            let said = self.visitor.value("accept-language")?;
            preferred(&said, &locales.list).map(str::to_owned)
        };
        let value = in_path().or_else(in_cookie).or_else(preferred);
        let value = value.or_else(|| locales.list.first().cloned());
        part(PartKind::Locale, locales.cookie.as_deref().unwrap_or_default(), value)
    }

    /// The country.
    pub fn country(&self, countries: &Countries) -> KeyPart {
        let said = self.visitor.value(COUNTRY);
        let value = match countries {
            Countries::Each => said.filter(|value| is_country(value)),
            Countries::These(list) => said.and_then(|value| one_of(list, &value, false)),
        };
        part(PartKind::Country, "", value)
    }

    /// A header field that counts.
    pub fn header(&self, listed: &Listed) -> KeyPart {
        let said = self.visitor.value(&listed.name);
        let value = said.and_then(|value| one_of(&listed.values, &value, false));
        part(PartKind::Header, &listed.name, value)
    }

    /// A cookie that counts.
    pub fn listed_cookie(&self, listed: &Listed) -> KeyPart {
        let said = self.cookie(&listed.name);
        let value = said.and_then(|value| one_of(&listed.values, &value, false));
        part(PartKind::Cookie, &listed.name, value)
    }

    /// The value of the first cookie of this name, as it is: a rule that bypasses compares it so, too.
    fn cookie(&self, name: &str) -> Option<String> {
        let field = self.visitor.value("cookie")?;
        let mut pairs = cookies::pairs(&field);
        pairs.find(|(found, _)| *found == name).map(|(_, value)| value.to_owned())
    }
}

fn part(kind: PartKind, name: &str, value: Option<String>) -> KeyPart {
    KeyPart { kind, name: name.to_owned(), value }
}

/// Returns the listed spelling of a value.
fn one_of(list: &[String], value: &str, ignores_case: bool) -> Option<String> {
    let is_it = |it: &&String| *it == value || ignores_case && it.eq_ignore_ascii_case(value);
    list.iter().find(is_it).cloned()
}

/// Tells whether a value is a country's code as Cloudflare tells it: two letters, or `T1` for Tor.
fn is_country(value: &str) -> bool {
    value.len() == 2 && value.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// Returns the kind of device that a request comes from. A tablet of Android does not say `Mobi`,
/// and one of Apple does.
fn device(user_agent: &str, is_mobile: &str) -> &'static str {
    let says = |words: &[&str]| words.iter().any(|word| user_agent.contains(word));
    if says(&["iPad", "Tablet", "PlayBook", "Silk", "Kindle"]) {
        "tablet"
    } else if is_mobile == "?1" || says(&["Mobi", "iPhone", "iPod"]) {
        "mobile"
    } else if says(&["Android"]) {
        "tablet"
    } else {
        "desktop"
    }
}
