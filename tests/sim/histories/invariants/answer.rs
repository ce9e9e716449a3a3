//! A visitor's answer, and what it says of itself.

use std::rc::Rc;

use edge_isr::policy::time::Time;
use http::HeaderMap;

use crate::histories::plan::Visiting;
use crate::histories::site::{Fetch, Version};
use crate::world::platform::Sim;

/// A visitor's answer.
pub struct Seen<'a> {
    pub visiting: &'a Visiting,
    pub asked: Time,
    pub sim: &'a Sim,
    pub headers: &'a HeaderMap,
    pub text: &'a str,
}

impl<'a> Seen<'a> {
    pub fn said(&self) -> Said<'a> {
        let said = self.headers.get("cache-status").and_then(|value| value.to_str().ok());
        Said(said.unwrap_or("").strip_prefix("edge-isr; ").unwrap_or(""))
    }
}

/// What `Cache-Status` says.
pub struct Said<'a>(pub &'a str);

impl<'a> Said<'a> {
    pub fn has(&self, word: &str) -> bool {
        self.0.split("; ").any(|part| part == word)
    }

    pub fn value(&self, name: &str) -> Option<&'a str> {
        self.0.split("; ").find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
    }

    pub fn ttl(&self) -> i64 {
        self.value("ttl").and_then(|ttl| ttl.parse().ok()).unwrap_or(0)
    }

    pub fn is_from_storage(&self) -> bool {
        self.has("hit") || self.has("collapsed")
    }
}

/// An answer that shows a page: with the request to the origin that vouched for it, and the version.
pub struct Shown<'a> {
    pub seen: &'a Seen<'a>,
    pub said: &'a Said<'a>,
    pub fetch: &'a Rc<Fetch>,
    pub version: &'a Version,
}
