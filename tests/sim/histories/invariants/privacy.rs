//! What one visitor sends never reaches another: the invariants of that.
//!
//! Every answer of the site says in `x-whose` whose it is: `all`, the visitor whose fields shaped it, or
//! `plain`. `plain` is not for all, and its request named no visitor.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use crate::histories::guises::Guise;
use crate::histories::site::Fetch;
use crate::histories::stage;
use crate::world::executor::Group;
use crate::world::platform::Written;

use super::answer::{Said, Seen};
use super::history::History;

/// For how long waiting requests are told of a failure after its request ended. The body may break off
/// by then, or the leading visitor get an answer of their own, and the coordinator tells other data
/// centres.
const FAILURE_LASTS: Duration = Duration::from_secs(15);

pub struct Privacy {
    history: Rc<History>,
    /// Visitors' unsafe requests, which may delete what is stored.
    unsafe_requests: RefCell<BTreeSet<Group>>,
}

impl Privacy {
    pub fn new(history: Rc<History>) -> Privacy {
        Privacy { history, unsafe_requests: RefCell::default() }
    }

    pub fn sent_unsafe(&self, group: Group) {
        self.unsafe_requests.borrow_mut().insert(group);
    }

    pub fn judge(&self, seen: &Seen<'_>, said: &Said<'_>) {
        self.private_to_its_visitor(seen, said);
        self.validated_at_each_use(seen, said);
        self.failed_for_all(seen, said);
        self.stale_is_not_fresh(seen, said);
    }

    fn private_to_its_visitor(&self, seen: &Seen<'_>, said: &Said<'_>) {
        let user = format!("u{}", seen.visiting.user);
        let (mut language, mut whose) = ("any", "all");
        if let Some(text) = seen.text.strip_prefix("page ") {
            let mut words = text.split(' ').skip(2);
            language = words.next().unwrap_or("any");
            whose = words.next().unwrap_or("all");
        }
        let in_fields = seen.headers.get("x-whose").map_or("all", |value| value.to_str().unwrap());
        for whose in [whose, in_fields] {
            let is_their_own = whose == user || (whose == "plain" && is_bare(seen));
            if whose != "all" && (!is_their_own || said.is_from_storage()) {
                let how = format!("{:?} was shown what is for {whose}: {}", seen.visiting, said.0);
                self.history.breaks(
                    "a response that one visitor's fields shaped is shown to no other visitor",
                    how,
                );
            }
        }
        let wanted = stage::language(seen.visiting.user);
        if language != "any" && language != wanted {
            let how = format!(
                "{wanted} was asked for, {language} shown: {} {:?} {:?}",
                said.0, seen.headers, seen.visiting
            );
            self.history.breaks("a variant is shown only to requests that select it", how);
        }
    }

    /// "…the response MUST NOT be used to satisfy any other request without forwarding it for
    /// validation" (RFC 9111 §5.2.2.4).
    fn validated_at_each_use(&self, seen: &Seen<'_>, said: &Said<'_>) {
        let control = seen.headers.get("cache-control").map_or("", |it| it.to_str().unwrap());
        if control.contains("no-cache") && said.is_from_storage() {
            self.history
                .breaks("a no-cache response is handed to no other request", said.0.to_owned());
        }
    }

    /// A failure that waiting requests share is that of a request that named no visitor.
    fn failed_for_all(&self, seen: &Seen<'_>, said: &Said<'_>) {
        if !seen.text.contains("its failure is shared") {
            return;
        }
        let fetches = self.history.site.fetches.borrow();
        let is_cause = |fetch: &&Rc<Fetch>| {
            let ended = fetch.ended_at.get();
            fetch.page == seen.visiting.page
                && fetch.named.is_none()
                && fetch.failed.get()
                && ended.is_some_and(|ended| ended + FAILURE_LASTS >= seen.asked)
        };
        if !fetches.iter().rev().any(|fetch| is_cause(&fetch)) {
            let how = format!("{:?}: {}", seen.visiting, said.0);
            self.history.breaks("waiting requests share no visitor's own failure", how);
        }
    }

    /// What the origin's own cache calls stale is never fresh.
    fn stale_is_not_fresh(&self, seen: &Seen<'_>, said: &Said<'_>) {
        let is_stale = seen.headers.contains_key("x-nextjs-cache");
        if is_stale && said.is_from_storage() && said.ttl() > 0 {
            let how = format!("{:?}: {}", seen.visiting, said.0);
            self.history.breaks("a response that the origin calls stale is not fresh", how);
        }
    }

    /// What was written into the caches: no visitor's answer, and no marker in the place of a page
    /// that a plain request did not turn away.
    pub fn nothing_of_a_visitor_was_stored(&self) {
        for cache in &self.history.caches {
            let deleted_by = cache.deleted_by.borrow();
            let by_unsafe = |group: &&Group| self.unsafe_requests.borrow().contains(*group);
            if let Some(group) = deleted_by.iter().find(|group| !by_unsafe(group)) {
                let how = format!("by the request {group}");
                return self.history.breaks("a visitor's request takes nothing from others", how);
            }
            let written = cache.written.borrow();
            for written in written.values().flatten() {
                if is_a_visitors_own(&written.metadata) {
                    let how = format!("at {:?}: {}", written.at, written.metadata);
                    return self
                        .history
                        .breaks("the response to an own request is not stored", how);
                }
                if written.replaced_page && !self.was_turned_away(written) {
                    let how = format!("at {:?}: {}", written.at, written.metadata);
                    return self
                        .history
                        .breaks("a visitor's request takes nothing from others", how);
                }
            }
        }
    }

    /// Whether the request that wrote a marker had a plain answer that is not for all.
    fn was_turned_away(&self, written: &Written) -> bool {
        self.history.site.had_no_plain_answer(written.by)
    }
}

fn is_bare(seen: &Seen<'_>) -> bool {
    seen.visiting.guise == Guise::Bare
}

/// Whether a stored response says that it is one visitor's.
fn is_a_visitors_own(metadata: &str) -> bool {
    let said = metadata.split_once("\"x-whose\",\"").map(|(_, behind)| behind);
    said.is_some_and(|said| !said.starts_with("all\""))
}
