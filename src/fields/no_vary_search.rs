//! `No-Vary-Search`: parts of a query that select no response (draft-ietf-httpbis-no-vary-search).

use http::HeaderMap;
use http::header::HeaderName;

use crate::fields::cache_control::joined;
use crate::fields::sorting::sorted_by_text;
use crate::fields::steps::steps;
use crate::fields::structured::{Value, dictionary};
use crate::fields::url;
pub use crate::fields::url::form_decoded;
use crate::policy::key::CacheKey;

/// The name of the field.
pub const NO_VARY_SEARCH: HeaderName = HeaderName::from_static("no-vary-search");

/// The parameters of a query that do not select a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoVarySearch {
    parameters: Parameters,
    /// Whether the order of differently named parameters does not select either.
    key_order: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Parameters {
    /// The names are sorted.
    These(Vec<String>),
    /// The names are sorted.
    AllBut(Vec<String>),
}

impl NoVarySearch {
    /// Reads the field of a response. `None`: the field is absent or breaks its rules, and every
    /// parameter selects.
    pub fn of(headers: &HeaderMap) -> Option<NoVarySearch> {
        NoVarySearch::parse(&joined(headers, &NO_VARY_SEARCH)?)
    }

    /// Reads a value of the field. `None`: it breaks the field's rules, and every parameter
    /// selects.
    pub fn parse(value: &str) -> Option<NoVarySearch> {
        let members = dictionary(value)?;
        let member =
            |name: &str| members.iter().find(|(key, _)| key == name).map(|(_, value)| value);
        let set = |names: &[String]| sorted_by_text(names.to_vec(), String::clone);
        let key_order = match member("key-order") {
            None | Some(Value::Boolean(false)) => false,
            Some(Value::Boolean(true)) => true,
            Some(_) => return None,
        };
        let parameters = match (member("params"), member("except")) {
            (Some(Value::Strings(names)), None) => Parameters::These(set(names)),
            (None, None) if key_order => Parameters::These(Vec::new()),
            (Some(Value::Boolean(true)), None) => Parameters::AllBut(Vec::new()),
            (Some(Value::Boolean(true)), Some(Value::Strings(names))) => {
                Parameters::AllBut(set(names))
            }
            _ => return None,
        };
        Some(NoVarySearch { parameters, key_order })
    }

    /// Returns the key that is shared by all URLs that differ only in parts that do not select.
    ///
    /// A query with a semicolon shares no key. Some origins take a semicolon for an ampersand, and
    /// the text after it for another parameter.
    pub fn shared(&self, key: &CacheKey) -> CacheKey {
        let Some(query) = key.query().filter(|query| !query.contains(';')) else {
            return key.clone();
        };
        steps(query.len());
        let selecting: Vec<&str> = query
            .split('&')
            .filter(|parameter| {
                let name = form_decoded(parameter.split('=').next().unwrap_or(""));
                match &self.parameters {
                    Parameters::These(names) => names.binary_search(&name).is_err(),
                    Parameters::AllBut(names) => names.binary_search(&name).is_ok(),
                }
            })
            .collect();
        let selecting = if self.key_order {
            // Parameters of one name keep their order.
            sorted_by_text(selecting, |parameter| url::name(parameter))
        } else {
            selecting
        };
        key.with_query(&selecting.join("&"))
    }
}
