//! `No-Vary-Search`: which parts of a query select nothing (draft-ietf-httpbis-no-vary-search).
//!
//! `key-order` is always so here: the cache key does not heed the order of differently named
//! parameters (`policy::key`).

use http::HeaderMap;
use http::header::HeaderName;

use super::cache_control::joined;
use super::key::CacheKey;
use super::structured::{Value, dictionary};

pub const NO_VARY_SEARCH: HeaderName = HeaderName::from_static("no-vary-search");

/// The parameters that do not select a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unselecting {
    These(Vec<String>),
    AllBut(Vec<String>),
}

impl Unselecting {
    /// What a response says of its query; none where it says nothing or breaks the field's rules, in
    /// which case every parameter selects.
    pub fn of(headers: &HeaderMap) -> Option<Unselecting> {
        Unselecting::parse(&joined(headers, &NO_VARY_SEARCH)?)
    }

    pub fn parse(value: &str) -> Option<Unselecting> {
        let members = dictionary(value)?;
        let member =
            |name: &str| members.iter().find(|(key, _)| key == name).map(|(_, value)| value);
        match (member("params"), member("except")) {
            (Some(Value::Strings(names)), None) => Some(Unselecting::These(names.clone())),
            (Some(Value::Boolean(true)), None) => Some(Unselecting::AllBut(Vec::new())),
            (Some(Value::Boolean(true)), Some(Value::Strings(names))) => {
                Some(Unselecting::AllBut(names.clone()))
            }
            _ => None,
        }
    }

    /// The key that all URLs share which differ only in what does not select.
    pub fn shared(&self, key: &CacheKey) -> CacheKey {
        let Some(query) = key.query() else { return key.clone() };
        let selecting: Vec<&str> = query
            .split('&')
            .filter(|parameter| {
                let name = form_decoded(parameter.split('=').next().unwrap_or(""));
                match self {
                    Unselecting::These(names) => !names.contains(&name),
                    Unselecting::AllBut(names) => names.contains(&name),
                }
            })
            .collect();
        key.with_query(&selecting.join("&"))
    }
}

/// A name or a value of a query, as forms encode it (URL Standard, application/x-www-form-urlencoded).
pub fn form_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escape = tail.get(..2).filter(|_| *first == b'%');
        let escape = escape.and_then(|digits| std::str::from_utf8(digits).ok());
        match escape.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(if *first == b'+' { b' ' } else { *first });
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
