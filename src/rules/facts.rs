//! What the conditions of a rule are compared with: a visitor's request, or a page.

use std::borrow::Cow;
use std::cell::OnceCell;

use http::header::HeaderMap;
use http::{Method, StatusCode};

use super::condition::Wanted;
use super::glob::Glob;
use super::path::{is_spelt_oddly, other_closing, readings, readings_as_closed};
use super::wildcard::Wildcards;
use crate::fields::request::RequestFields;
use crate::fields::url::{encoded, form_decoded, normal};
use crate::policy::cookies;
use crate::policy::key::CacheKey;
use crate::policy::key::part::PartKind;

/// What a rule's conditions are compared with.
pub struct Facts<'a> {
    method: &'a Method,
    key: &'a CacheKey,
    /// The path in its normal form.
    path: Cow<'a, str>,
    /// Whether an origin may read the path in other ways than this, but for a closing slash.
    is_spelt_oddly: bool,
    visitor: Option<&'a dyn RequestFields>,
    response: Option<(StatusCode, &'a HeaderMap)>,
    readings: OnceCell<Vec<String>>,
    /// The field `Cookie`, once it was read: each reading is a call into JavaScript.
    cookie: OnceCell<String>,
}

/// The spellings of a path that count for a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spellings {
    /// The path in its normal form.
    Normal,
    /// Any way in which an origin may read the path (`rules::path`): no spelling evades the rule.
    AnyReading,
    /// Every way in which an origin may read the path: no spelling makes use of the rule.
    EveryReading,
}

impl Spellings {
    /// The spellings of an exception from a rule.
    pub(super) fn of_exception(self) -> Spellings {
        match self {
            Spellings::Normal | Spellings::EveryReading => Spellings::AnyReading,
            Spellings::AnyReading => Spellings::EveryReading,
        }
    }
}

impl<'a> Facts<'a> {
    /// The facts of a visitor's request.
    pub fn of_request(
        method: &'a Method,
        key: &'a CacheKey,
        visitor: &'a dyn RequestFields,
    ) -> Facts<'a> {
        Facts { method, visitor: Some(visitor), ..Facts::of_page(key) }
    }

    /// The page that is asked for, with the key that the rules make, if they make one.
    pub(super) fn of_key(&self, key: Option<&'a CacheKey>) -> Facts<'a> {
        Facts { method: self.method, ..Facts::of_page(key.unwrap_or(self.key)) }
    }

    /// The fields of the visitor, if the facts are those of a request.
    pub(super) fn visitor(&self) -> Option<&'a dyn RequestFields> {
        self.visitor
    }

    /// The facts of a page, whichever visitor asks for it: they are the same for each request with its
    /// key. Of a visitor's fields they have those of the key. The method is GET, because only the
    /// response to a GET is stored.
    pub fn of_page(key: &'a CacheKey) -> Facts<'a> {
        let path = key.path();
        let is_spelt_oddly = is_spelt_oddly(path);
        let is_encoded = is_spelt_oddly && path.contains('%');
        let path = if is_encoded { Cow::Owned(normal(path)) } else { Cow::Borrowed(path) };
        Facts {
            method: &Method::GET,
            key,
            path,
            is_spelt_oddly,
            visitor: None,
            response: None,
            readings: OnceCell::new(),
            cookie: OnceCell::new(),
        }
    }

    /// The facts of a page with a response to it.
    pub fn of_response(key: &'a CacheKey, status: StatusCode, headers: &'a HeaderMap) -> Facts<'a> {
        Facts { response: Some((status, headers)), ..Facts::of_page(key) }
    }

    /// The key of the page.
    pub fn key(&self) -> &'a CacheKey {
        self.key
    }

    /// The response, if there is one.
    pub(super) fn response(&self) -> Option<(StatusCode, &'a HeaderMap)> {
        self.response
    }

    /// The path in its normal form.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Tells whether the path may match in any spelling, by its beginning. It is cheap.
    pub(super) fn path_may_match(&self, glob: &Glob) -> bool {
        self.is_spelt_oddly || glob.may_match(&self.path)
    }

    pub(super) fn path_matches(&self, glob: &Glob, spellings: Spellings) -> bool {
        let (path, is_match) = (self.key.path(), glob.matches(&self.path));
        match spellings {
            Spellings::Normal => return is_match,
            Spellings::AnyReading if is_match => return true,
            Spellings::AnyReading => {}
            Spellings::EveryReading => {
                return is_match && (!self.is_spelt_oddly || every_reading_matches(glob, path));
            }
        }
        let read = || {
            // Of most paths only the closing slash can be read in two ways.
            if !self.is_spelt_oddly {
                return vec![other_closing(path)];
            }
            readings(path).iter().map(|reading| encoded(reading)).collect()
        };
        self.readings.get_or_init(read).iter().any(|reading| glob.matches(reading))
    }

    /// A port and a dot at the end name no other host to most origins.
    pub(super) fn has_host(&self, wanted: &Wildcards, spellings: Spellings) -> bool {
        let host = self.key.host();
        let bare = host.rsplit_once(':').map_or(host, |(name, _)| name).trim_end_matches('.');
        wanted.matches(host) || spellings == Spellings::AnyReading && wanted.matches(bare)
    }

    /// "The HEAD method is identical to GET except that the server MUST NOT send content" (RFC 9110
    /// §9.3.2).
    pub(super) fn has_method(&self, wanted: &str) -> bool {
        self.method.as_str() == wanted || (*self.method == Method::HEAD && wanted == "GET")
    }

    pub(super) fn has_parameter(&self, wanted: &Wanted, spellings: Spellings) -> bool {
        let parameters = self.key.query().unwrap_or("").split('&');
        let parameters = parameters.filter(|parameter| !parameter.is_empty());
        let pairs = parameters.map(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            (form_decoded(name), form_decoded(value))
        });
        let as_php = |(name, value): (String, String)| (php_name(&name), value);
        wanted.is_met(pairs.clone())
            || spellings == Spellings::AnyReading && wanted.is_met(pairs.map(as_php))
    }

    pub(super) fn has_cookie(&self, wanted: &Wanted) -> bool {
        let Some(visitor) = self.visitor else {
            return wanted.is_met(self.key.values_of(PartKind::Cookie));
        };
        let field = self.cookie.get_or_init(|| visitor.raw("cookie").unwrap_or_default());
        let pairs = cookies::pairs(field).map(|(name, value)| (name.to_owned(), value.to_owned()));
        wanted.is_met(pairs)
    }

    pub(super) fn has_header(&self, wanted: &Wanted) -> bool {
        let Some(visitor) = self.visitor else {
            return wanted.is_met(self.key.values_of(PartKind::Header));
        };
        let value = visitor.raw(&wanted.written);
        wanted.is_met(value.into_iter().map(|value| (wanted.written.clone(), value)))
    }
}

/// Returns the name of a parameter as PHP reads it: ` a` and `a[]` are `a`; `a.b`, `a b` and `a[b` are
/// `a_b` ([parse_str](https://www.php.net/manual/en/function.parse-str.php)).
fn php_name(name: &str) -> String {
    let name = name.trim_start();
    let name = name.split_once('[').filter(|(_, rest)| rest.contains(']')).map_or(name, |it| it.0);
    name.replace(['.', ' ', '['], "_")
}

/// Tells whether each reading of a path matches, with or without a closing slash. The caller has matched
/// the path as it was sent.
fn every_reading_matches(glob: &Glob, path: &str) -> bool {
    let matches = |reading: &String| {
        let reading = encoded(reading);
        glob.matches(&reading) || glob.matches(&other_closing(&reading))
    };
    readings_as_closed(path).iter().filter(|reading| *reading != path).all(matches)
}
