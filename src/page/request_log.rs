//! The log of requests: a line for people, and a line of JSON that a log can be filtered by.

use std::cell::RefCell;
use std::rc::Rc;

use http::Method;
use serde::Serialize;

use crate::config::LogSettings;
use crate::fields::url::without_values;
use crate::json;
use crate::page::hit::Answer;
use crate::page::visit::Visit;
use crate::platform::Platform;
use crate::policy::key::CacheKey;
use crate::policy::tag::Tag;
use crate::rules::Rules;

/// What is logged of one request, once its response is known.
pub struct RequestLog {
    method: Method,
    host: String,
    /// The path, with its dot segments resolved, and the query.
    target: String,
    settings: LogSettings,
    decided: RefCell<Decided>,
}

/// What the flows have decided so far.
#[derive(Default)]
struct Decided {
    rule: Option<usize>,
    key: Option<String>,
    key_parts: Vec<String>,
    tags: Vec<Tag>,
    purged_by: Option<Tag>,
    /// The tags that rules make of the page's query.
    tags_of_query: Vec<Tag>,
}

/// The line of `LOG = "decisions"`.
#[derive(Serialize)]
struct Line<'a> {
    log: &'static str,
    method: &'a str,
    host: &'a str,
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    query: Option<&'a str>,
    status: u16,
    decision: &'static str,
    cache_status: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    key_parts: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    tags: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    purged_by: Option<&'a str>,
}

impl RequestLog {
    /// Begins the log of a request, if `LOG` asks for one.
    pub fn begin(settings: LogSettings, visit: &Visit) -> Option<Rc<RequestLog>> {
        (settings.requests || settings.decisions).then(|| {
            Rc::new(RequestLog {
                method: visit.method.clone(),
                host: visit.key.host().to_owned(),
                target: visit.path_and_query().to_owned(),
                settings,
                decided: RefCell::default(),
            })
        })
    }

    /// Notes the rule by which the request bypasses the cache: its index, from 0.
    pub fn rule(&self, index: usize) {
        self.decided.borrow_mut().rule = Some(index);
    }

    /// Notes the key by which the page is looked up.
    pub fn key(&self, key: &CacheKey, rules: &Rules) {
        let mut decided = self.decided.borrow_mut();
        if !self.settings.values {
            decided.tags_of_query = rules.tags_of_query(key);
        }
        decided.key = Some(self.shown(&key.url()));
        decided.key_parts = key.parts().iter().map(|part| part.text()).collect();
    }

    /// Notes the tags of the response.
    pub fn tags(&self, tags: &[Tag]) {
        self.decided.borrow_mut().tags = tags.to_vec();
    }

    /// Notes a tag whose purge outdates the stored response.
    pub fn purged_by(&self, tag: Tag) {
        self.decided.borrow_mut().purged_by = Some(tag);
    }

    /// Writes the lines.
    pub fn write<P: Platform>(&self, platform: &P, answer: &Answer<P::Body>) {
        // With DEBUG the key is a parameter too. It may hold any text.
        let parts = answer.cache_status().unwrap_or("").split("; ").skip(1);
        let parts: Vec<&str> = parts.filter(|part| !part.starts_with("key=")).collect();
        let (status, said) = (answer.status().as_u16(), parts.join("; "));
        let decision = decision(&parts);
        if self.settings.requests {
            let (method, target) = (&self.method, &self.target);
            platform.log(&format!("{method} {target} {status} {decision} ({said})"));
        }
        if self.settings.decisions {
            let target = self.shown(&self.target);
            let (path, query) = match target.split_once('?') {
                Some((path, query)) => (path, Some(query)),
                None => (&*target, None),
            };
            let decided = self.decided.borrow();
            let is_of_query = |tag: &Tag| decided.tags_of_query.contains(tag);
            let tag = |tag| if is_of_query(tag) { "…".to_owned() } else { tag.for_people() };
            let purge = |tag: &Tag| match () {
                () if self.settings.values => tag.in_words(),
                () if is_of_query(tag) => "tag …".to_owned(),
                () => tag.without_values(),
            };
            platform.log_object(&json::to_ascii(&Line {
                log: "decision",
                method: self.method.as_str(),
                host: &self.host,
                path,
                query,
                status,
                decision,
                cache_status: &said,
                rule: decided.rule.map(|index| index + 1),
                key: decided.key.as_deref(),
                key_parts: &decided.key_parts,
                tags: &decided.tags.iter().map(tag).collect::<Vec<String>>(),
                purged_by: decided.purged_by.as_ref().map(purge).as_deref(),
            }));
        }
    }

    /// A URL as the log may show it.
    fn shown(&self, url: &str) -> String {
        if self.settings.values { url.to_owned() } else { without_values(url) }
    }
}

/// Sums up in a word what the cache did.
///
/// It comes from the response's own `Cache-Status`, so the log and the field never disagree.
fn decision(parts: &[&str]) -> &'static str {
    let has = |word: &str| parts.contains(&word);
    let begins = |word: &str| parts.iter().any(|part| part.starts_with(word));
    match () {
        () if has("hit") && (has("ttl=0") || begins("ttl=-")) => "stale",
        () if has("hit") => "hit",
        () if has("stored") || has("collapsed") || has("fwd=stale") => "miss",
        () if begins("detail=") => "pass",
        () => "miss",
    }
}
