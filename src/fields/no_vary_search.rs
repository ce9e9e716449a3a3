//! `No-Vary-Search`: which parts of a query select nothing (draft-ietf-httpbis-no-vary-search).

use std::collections::BTreeSet;

use http::HeaderMap;
use http::header::HeaderName;

use crate::fields::cache_control::joined;
use crate::fields::steps::steps;
use crate::fields::structured::{Value, dictionary};
use crate::fields::url;
pub use crate::fields::url::form_decoded;
use crate::policy::key::CacheKey;

pub const NO_VARY_SEARCH: HeaderName = HeaderName::from_static("no-vary-search");

/// The parameters of a query that do not select a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoVarySearch {
    parameters: Parameters,
    /// Nor does the order of differently named parameters.
    key_order: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Parameters {
    These(BTreeSet<String>),
    AllBut(BTreeSet<String>),
}

impl NoVarySearch {
    /// What a response says of its query; none where it says nothing or breaks the field's rules, in
    /// which case every parameter selects.
    pub fn of(headers: &HeaderMap) -> Option<NoVarySearch> {
        NoVarySearch::parse(&joined(headers, &NO_VARY_SEARCH)?)
    }

    pub fn parse(value: &str) -> Option<NoVarySearch> {
        let members = dictionary(value)?;
        let member =
            |name: &str| members.iter().find(|(key, _)| key == name).map(|(_, value)| value);
        let set = |names: &[String]| names.iter().cloned().collect();
        let key_order = match member("key-order") {
            None | Some(Value::Boolean(false)) => false,
            Some(Value::Boolean(true)) => true,
            Some(_) => return None,
        };
        let parameters = match (member("params"), member("except")) {
            (Some(Value::Strings(names)), None) => Parameters::These(set(names)),
            (None, None) if key_order => Parameters::These(BTreeSet::new()),
            (Some(Value::Boolean(true)), None) => Parameters::AllBut(BTreeSet::new()),
            (Some(Value::Boolean(true)), Some(Value::Strings(names))) => {
                Parameters::AllBut(set(names))
            }
            _ => return None,
        };
        Some(NoVarySearch { parameters, key_order })
    }

    /// The key that all URLs share which differ only in what does not select.
    ///
    /// A query with a semicolon is shared with none: some origins take it for an ampersand, and what
    /// stands behind it for another parameter.
    pub fn shared(&self, key: &CacheKey) -> CacheKey {
        let Some(query) = key.query().filter(|query| !query.contains(';')) else {
            return key.clone();
        };
        steps(query.len());
        let mut selecting: Vec<&str> = query
            .split('&')
            .filter(|parameter| {
                let name = form_decoded(parameter.split('=').next().unwrap_or(""));
                match &self.parameters {
                    Parameters::These(names) => !names.contains(&name),
                    Parameters::AllBut(names) => names.contains(&name),
                }
            })
            .collect();
        if self.key_order {
            // Those of one name stay in the order they came in.
            selecting.sort_by_cached_key(|parameter| url::name(parameter));
        }
        key.with_query(&selecting.join("&"))
    }
}
