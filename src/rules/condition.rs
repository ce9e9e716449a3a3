//! The conditions of a rule, and the facts that they are compared with.

use std::borrow::Cow;
use std::cell::OnceCell;

use http::header::{self, HeaderMap};
use http::{Method, StatusCode};

use super::glob::Glob;
use super::path::{is_spelt_oddly, other_closing, readings, readings_as_closed};
use super::wildcard::Wildcards;
use crate::fields::request::RequestFields;
use crate::fields::url::{encoded, form_decoded, normal};
use crate::policy::cookies;
use crate::policy::key::CacheKey;
use crate::policy::key::part::PartKind;

/// The conditions of a rule. All of them must hold. An empty list is no condition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// The glob that the path matches.
    pub path: Option<Glob>,
    /// The hosts, one of which is asked for.
    pub hosts: Vec<Wildcards>,
    /// The methods, one of which the request has.
    pub methods: Vec<String>,
    /// Conditions on the parameters of the query.
    pub query: Vec<AnyOf>,
    /// Conditions on the request's header fields. The names are in lower case.
    pub headers: Vec<AnyOf>,
    /// Conditions on the request's cookies.
    pub cookies: Vec<AnyOf>,
    /// The statuses, one of which the response has.
    pub statuses: Vec<Statuses>,
    /// The media types, one of which the response has.
    pub content_types: Vec<Wildcards>,
}

/// A list of named things, one of which must be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnyOf(pub Vec<Wanted>);

/// A named thing of a request, and what is wanted of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The name: of one thing, or of several with the same beginning.
    pub name: Wildcards,
    /// The name as it was written.
    pub written: String,
    /// What is wanted of the value.
    pub value: WantedValue,
}

/// What is wanted of a named thing of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WantedValue {
    /// It is there.
    Present,
    /// It is not there.
    Absent,
    /// It is there, with a value like this.
    Like(Wildcards),
}

/// Statuses from the first to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statuses {
    /// The first status.
    pub first: u16,
    /// The last status.
    pub last: u16,
}

impl Statuses {
    /// Tells whether a status is among them.
    pub fn contain(self, status: StatusCode) -> bool {
        (self.first..=self.last).contains(&status.as_u16())
    }
}

/// What a rule's conditions are compared with.
pub struct Facts<'a> {
    method: &'a Method,
    key: &'a CacheKey,
    /// The path in its normal form.
    path: Cow<'a, str>,
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
        let path = if path.contains('%') { Cow::Owned(normal(path)) } else { Cow::Borrowed(path) };
        let (readings, cookie) = (OnceCell::new(), OnceCell::new());
        Facts { method: &Method::GET, key, path, visitor: None, response: None, readings, cookie }
    }

    /// The facts of a page with a response to it.
    pub fn of_response(key: &'a CacheKey, status: StatusCode, headers: &'a HeaderMap) -> Facts<'a> {
        Facts { response: Some((status, headers)), ..Facts::of_page(key) }
    }

    /// The key of the page.
    pub fn key(&self) -> &'a CacheKey {
        self.key
    }

    /// The path in its normal form.
    pub fn path(&self) -> &str {
        &self.path
    }

    fn path_matches(&self, glob: &Glob, spellings: Spellings) -> bool {
        let (path, is_match) = (self.key.path(), glob.matches(&self.path));
        match spellings {
            Spellings::Normal => return is_match,
            Spellings::AnyReading if is_match => return true,
            Spellings::AnyReading => {}
            Spellings::EveryReading => {
                return is_match && (!is_spelt_oddly(path) || every_reading_matches(glob, path));
            }
        }
        let read = || {
            // Of most paths only the closing slash can be read in two ways.
            if !is_spelt_oddly(path) {
                return vec![other_closing(path)];
            }
            readings(path).iter().map(|reading| encoded(reading)).collect()
        };
        self.readings.get_or_init(read).iter().any(|reading| glob.matches(reading))
    }

    /// A port and a dot at the end name no other host to most origins.
    fn has_host(&self, wanted: &Wildcards, spellings: Spellings) -> bool {
        let host = self.key.host();
        let bare = host.rsplit_once(':').map_or(host, |(name, _)| name).trim_end_matches('.');
        wanted.matches(host) || spellings == Spellings::AnyReading && wanted.matches(bare)
    }

    /// "The HEAD method is identical to GET except that the server MUST NOT send content" (RFC 9110
    /// §9.3.2).
    fn has_method(&self, wanted: &str) -> bool {
        self.method.as_str() == wanted || (*self.method == Method::HEAD && wanted == "GET")
    }

    fn has_parameter(&self, wanted: &Wanted, spellings: Spellings) -> bool {
        let parameters = self.key.query().unwrap_or("").split('&');
        let parameters = parameters.filter(|parameter| !parameter.is_empty());
        let pairs = parameters.map(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            (form_decoded(name), form_decoded(value))
        });
        // PHP reads ` a=1` and `a[]=1` as the parameter `a`.
        let as_php = |(name, value): (String, String)| {
            (name.trim_start().split('[').next().unwrap_or("").to_owned(), value)
        };
        wanted.is_met(pairs.clone())
            || spellings == Spellings::AnyReading && wanted.is_met(pairs.map(as_php))
    }

    fn has_cookie(&self, wanted: &Wanted) -> bool {
        let Some(visitor) = self.visitor else {
            return wanted.is_met(self.key.values_of(PartKind::Cookie));
        };
        let field = self.cookie.get_or_init(|| visitor.raw("cookie").unwrap_or_default());
        let pairs = cookies::pairs(field).map(|(name, value)| (name.to_owned(), value.to_owned()));
        wanted.is_met(pairs)
    }

    fn has_header(&self, wanted: &Wanted) -> bool {
        let Some(visitor) = self.visitor else {
            return wanted.is_met(self.key.values_of(PartKind::Header));
        };
        let value = visitor.raw(&wanted.written);
        wanted.is_met(value.into_iter().map(|value| (wanted.written.clone(), value)))
    }
}

impl Conditions {
    /// Tells whether all conditions hold. A condition on the response does not hold before there is
    /// one.
    pub fn hold(&self, facts: &Facts<'_>, spellings: Spellings) -> bool {
        self.path.as_ref().is_none_or(|glob| facts.path_matches(glob, spellings))
            && is_in(&self.hosts, |host| facts.has_host(host, spellings))
            && is_in(&self.methods, |method| facts.has_method(method))
            && all_are_met(&self.query, |wanted| facts.has_parameter(wanted, spellings))
            && all_are_met(&self.headers, |wanted| facts.has_header(wanted))
            && all_are_met(&self.cookies, |wanted| facts.has_cookie(wanted))
            && self.hold_for_response(facts.response)
    }

    fn hold_for_response(&self, response: Option<(StatusCode, &HeaderMap)>) -> bool {
        if !self.need_response() {
            return true;
        }
        let Some((status, headers)) = response else { return false };
        let media_type = media_type(headers);
        is_in(&self.statuses, |statuses| statuses.contain(status))
            && is_in(&self.content_types, |wanted| wanted.matches(&media_type))
    }

    /// Tells whether the conditions may hold for a path in its normal form. It is cheap.
    pub(super) fn may_hold_for(&self, path: &str) -> bool {
        self.path.as_ref().is_none_or(|glob| glob.matches(path))
    }

    /// Tells whether a condition concerns the response.
    pub fn need_response(&self) -> bool {
        !self.statuses.is_empty() || !self.content_types.is_empty()
    }

    /// Tells whether a condition concerns the method.
    pub(super) fn ask_method(&self) -> bool {
        !self.methods.is_empty()
    }

    /// Tells whether a condition concerns the query.
    pub(super) fn ask_query(&self) -> bool {
        !self.query.is_empty()
    }

    /// Tells whether a condition concerns what only one visitor may have sent.
    pub fn are_of_visitor(&self) -> bool {
        !self.headers.is_empty() || !self.cookies.is_empty()
    }

    /// Tells whether the cookies and header fields that the conditions name are known: a page has those
    /// of its key.
    pub(super) fn are_known(&self, facts: &Facts<'_>) -> bool {
        let are_known = |lists: &[AnyOf], kind| {
            let mut names = lists.iter().flat_map(|AnyOf(list)| list);
            names.all(|wanted| facts.key.counts(kind, &wanted.written))
        };
        facts.visitor.is_some()
            || are_known(&self.headers, PartKind::Header)
                && are_known(&self.cookies, PartKind::Cookie)
    }

    /// Tells whether the path is the only condition, if there is any.
    pub fn are_of_path_alone(&self) -> bool {
        let names = [&self.query, &self.headers, &self.cookies];
        self.hosts.is_empty()
            && self.methods.is_empty()
            && names.iter().all(|names| names.is_empty())
            && !self.need_response()
    }
}

impl Wanted {
    fn is_met(&self, mut pairs: impl Iterator<Item = (String, String)>) -> bool {
        let is_named = |name: &str| self.name.matches(name);
        match &self.value {
            WantedValue::Present => pairs.any(|(name, _)| is_named(&name)),
            WantedValue::Absent => !pairs.any(|(name, _)| is_named(&name)),
            WantedValue::Like(wanted) => {
                pairs.any(|(name, value)| is_named(&name) && wanted.matches(&value))
            }
        }
    }
}

/// Tells whether each reading of a path matches, with or without a closing slash. The path as it was
/// sent stands among them in its normal form.
fn every_reading_matches(glob: &Glob, path: &str) -> bool {
    let matches = |reading: &String| {
        let reading = encoded(reading);
        glob.matches(&reading) || glob.matches(&other_closing(&reading))
    };
    readings_as_closed(path).iter().filter(|reading| *reading != path).all(matches)
}

/// Tells whether of each list one thing is as it is wanted.
fn all_are_met(lists: &[AnyOf], is_met: impl Fn(&Wanted) -> bool) -> bool {
    lists.iter().all(|AnyOf(list)| list.iter().any(&is_met))
}

/// Tells whether a list is empty, or an item of it is the one.
fn is_in<T>(list: &[T], is_it: impl Fn(&T) -> bool) -> bool {
    list.is_empty() || list.iter().any(is_it)
}

fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    value.unwrap_or("").split(';').next().unwrap_or("").trim().to_ascii_lowercase()
}
