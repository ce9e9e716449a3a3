//! The conditions of a rule.

use http::StatusCode;
use http::header::{self, HeaderMap};

use super::facts::{Facts, Spellings};
use super::glob::Glob;
use super::wildcard::Wildcards;
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
            && self.hold_for_response(facts.response())
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

    /// Tells whether the conditions may hold, by the beginning of the path. It is cheap.
    pub(super) fn may_hold(&self, facts: &Facts<'_>) -> bool {
        self.path.as_ref().is_none_or(|glob| facts.path_may_match(glob))
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
            names.all(|wanted| facts.key().counts(kind, &wanted.written))
        };
        facts.visitor().is_some()
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
    pub(super) fn is_met(&self, mut pairs: impl Iterator<Item = (String, String)>) -> bool {
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
