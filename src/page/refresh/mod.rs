//! Asking the origin for a page: which request is sent first, and what becomes of the answers.
//!
//! Only the answer to a plain request is stored, shared, or says anything of the page
//! (`policy::refresh::plain`). What a visitor's own request brings back goes to that visitor; if it says that
//! such a page may be shared, a plain request follows under the same lease, behind the visitor's
//! back.
//!
//! Order matters here: the moment and the time are taken before each plain request is sent; those
//! who wait are told as soon as it is known what there will be for them.
//!
//! | file | |
//! |---|---|
//! | `plain` | the plain request, and what its answer means |
//! | `own` | the visitor's own request, and what its answer tells |
//! | `store` | a whole response is read to its end, and stored |
//! | `provenance` | the tags of a response, and the purges that it was made in knowledge of |
//! | `put` | nothing replaces what was fetched later |
//! | `not_modified` | a 304 freshens what is stored |
//! | `failed` | the origin failed, or refuses the edge |
//! | `passing` | the page is not for all |

mod failed;
mod not_modified;
mod own;
mod passing;
mod plain;
mod provenance;
mod put;
mod store;

use std::mem;

use http::StatusCode;
use http::header::{HeaderMap, HeaderName};

use crate::fields::cache_status::{CacheStatus, Forward};
use crate::fields::relocation;
use crate::fields::vary::Selecting;
use crate::lease::Lease;
use crate::lease::LeaseEnd;
use crate::page::found::{Found, Lookup};
use crate::page::reply::Reply;
use crate::page::visit::Visit;
use crate::page::{answer, forward};
use crate::platform::Platform;
use crate::policy::refresh::answers::OwnAnswer;
use crate::policy::refresh::first::{FirstRequest, first_request};
use crate::policy::refresh::guess::{Order, Section};
use crate::policy::stored::StoredResponse;
use crate::policy::storing::{Refusal, Storing, storing};
use crate::policy::time::Time;
use crate::purge::memory::{LearnCount, PurgeMemory};

/// The requests to the origin on behalf of a slot.
pub struct Refresh<P: Platform> {
    pub(crate) platform: P,
    pub(crate) visit: Visit,
    pub(crate) lookup: Lookup<P::Body>,
    pub(crate) lease: Option<Lease<P>>,
    pub(crate) reason: Forward,
    /// In the order of learning purge records, and on the clock: both before the request is sent.
    pub(crate) learn_count: LearnCount,
    pub(crate) began: Time,
    /// What the request whose answer is looked at carries of the visitor's fields.
    pub(crate) carried: HeaderMap,
    /// Nothing is compared with what is stored: a 304 spoke of something else.
    pub(crate) unconditional: bool,
    /// A visitor's own request was answered before, and with what.
    own: Option<OwnAnswer>,
    /// It is known in this isolate that the page passes.
    announced: bool,
    /// A plain request was sent again with more of the visitor's fields.
    said_more: bool,
    /// What was stored is not for all any more: its own revalidation says so.
    pub(crate) turned_away: bool,
}

impl<P: Platform> Refresh<P> {
    pub fn new(
        platform: P,
        visit: Visit,
        lookup: Lookup<P::Body>,
        lease: Option<Lease<P>>,
    ) -> Refresh<P> {
        let learn_count = platform.isolate().purges.with(PurgeMemory::learn_count);
        let began = platform.now();
        let reason = lookup.forward_reason();
        let carried = HeaderMap::new();
        Refresh {
            platform,
            visit,
            lookup,
            lease,
            reason,
            learn_count,
            began,
            carried,
            unconditional: false,
            own: None,
            announced: false,
            said_more: false,
            turned_away: false,
        }
    }

    /// Asks, answers the visitor if there is one, and stores.
    pub async fn run(self, reply: Reply<P>) {
        let plain = self.visit.plain_fields(&self.lookup.varies_by());
        let added = self.visit.added_to(&plain);
        let page = self.lookup.known_page(self.lease.is_some());
        match first_request(page, &added, self.order(&added)) {
            FirstRequest::Plain => self.plain_first(reply, plain).await,
            FirstRequest::PlainOnSuspicion => {
                let plain = self.visit.plain_fields(&self.suspected());
                self.plain_first(reply, plain).await;
            }
            FirstRequest::OwnThenPlain => self.own_first(reply, true).await,
            FirstRequest::OwnAlone => self.own_first(reply, false).await,
        }
    }

    /// Which request comes first for a page of which nothing is stored: what a rule says, or a guess.
    fn order(&self, added: &[HeaderName]) -> Order {
        let key = &self.visit.key;
        let rules = self.platform.config().rules_for(key.path());
        if rules.iter().any(|rule| rule.plain) {
            return Order::PlainFirst;
        }
        let (section, now) = (Section::of(key), self.platform.now());
        self.platform.isolate().sections.with(|sections| sections.order(section, added, now))
    }

    /// The fields that pages like this one vary by.
    fn suspected(&self) -> Vec<HeaderName> {
        self.platform.isolate().sections.with(|sections| sections.varies(&self.visit.key).to_vec())
    }

    /// Whether the request that was answered carried all that the visitor's own would.
    pub(crate) fn is_theirs(&self) -> bool {
        self.visit.added_to(&self.carried).is_empty()
    }

    /// The stored response that the origin is asked to compare with.
    fn compared(&self) -> Option<&StoredResponse> {
        self.lookup.found.vouches().filter(|_| !self.unconditional)
    }

    /// Takes out of the lookup what was found.
    pub(crate) fn take_found(&mut self) -> Found<P::Body> {
        mem::replace(&mut self.lookup.found, Found::Nothing(self.reason))
    }

    /// What was stored before, without its body.
    pub(crate) fn take_prior(&mut self) -> Option<StoredResponse> {
        let (prior, _) = self.take_found().into_stored()?;
        Some(prior)
    }

    pub(crate) fn judge(&self, status: StatusCode, headers: &HeaderMap) -> Storing {
        let key = &self.visit.key;
        if status.is_redirection() && relocation::redirects_to(headers, key) {
            return Storing::Refuse(Refusal::RedirectsToItself);
        }
        if self.tag_set(headers).overflowed {
            return Storing::Refuse(Refusal::TooManyTags);
        }
        let terms = self.platform.config().storing;
        storing(status, headers, &*self.visit.fields, terms, self.platform.now())
    }

    /// What the answered request said in the fields that its answer varies by.
    pub(crate) fn selecting(&self, names: &[&str]) -> Selecting {
        self.visit.selecting_in(&self.carried, names.iter().copied())
    }

    pub(crate) fn status(&self, reply: &Reply<P>, status: StatusCode) -> CacheStatus {
        CacheStatus {
            detail: reply.detail.or(self.lookup.detail()),
            ..CacheStatus::forwarded(self.reason).answered(status.as_u16())
        }
    }

    pub(crate) async fn end(&mut self, outcome: LeaseEnd) {
        if let Some(lease) = self.lease.take() {
            lease.end(outcome).await;
        }
    }
}

/// Asks with the visitor's own request, and sends the answer.
pub(crate) async fn answer_with_own<P: Platform>(
    platform: &P,
    visit: &Visit,
    reply: &mut Reply<P>,
    status: CacheStatus,
) {
    let request = forward::own_page_request(visit);
    let answer = match forward::fetch(platform, visit, request).await {
        Ok(response) => {
            let status = status.answered(response.status.as_u16());
            answer::passed_on(platform, visit, response, status)
        }
        Err(error) => answer::failed(platform, &error, status.answered(error.status().as_u16())),
    };
    reply.send(answer);
}
