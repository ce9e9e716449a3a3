//! Asking the origin for a page, and what becomes of its answer.
//!
//! Order matters here, and each step says why: the moment and the time are taken before the request
//! is sent; the others are told as soon as it is known what there will be for them. Storing is in
//! `store.rs`.

use std::mem;
use std::time::Duration;

use http::{HeaderMap, StatusCode};

use crate::answer;
use crate::forward;
use crate::graph;
use crate::isolate::{Failure, Outcome};
use crate::lease::Lease;
use crate::lookup::{Found, Sight, Usable, read};
use crate::platform::{OriginError, Platform, Response, Settled};
use crate::policy::fields;
use crate::policy::freshness::{Lifetimes, born_at};
use crate::policy::key::Slot;
use crate::policy::reuse::Verdict;
use crate::policy::status::{CacheStatus, Forward};
use crate::policy::stored::{PassMarker, Stored, StoredResponse};
use crate::policy::storing::{Refusal, Storing, storing};
use crate::policy::tag::TagSet;
use crate::policy::time::Time;
use crate::policy::validation;
use crate::policy::vary::Vary;
use crate::purge_memory::Moment;
use crate::visit::Visit;
use crate::visitor::{Visitor, stand_in};

/// For how long a page that turned out uncacheable is not collapsed.
const PASS_FOR: Duration = Duration::from_secs(120);

/// One request to the origin on behalf of a slot.
pub struct Refresh<P: Platform> {
    pub(crate) platform: P,
    pub(crate) visit: Visit,
    pub(crate) sight: Sight<P::Body>,
    lease: Option<Lease<P>>,
    reason: Forward,
    /// In the order of learning purge records, and on the clock: both before the request is sent.
    pub(crate) moment: Moment,
    pub(crate) fetched_at: Time,
    /// Nothing is compared with what is stored: a 304 spoke of something else.
    unconditional: bool,
}

impl<P: Platform> Refresh<P> {
    pub fn new(
        platform: P,
        visit: Visit,
        sight: Sight<P::Body>,
        lease: Option<Lease<P>>,
    ) -> Refresh<P> {
        let moment = platform.isolate().purges.borrow().moment();
        let fetched_at = platform.now();
        let reason = sight.forward_reason();
        let unconditional = false;
        Refresh { platform, visit, sight, lease, reason, moment, fetched_at, unconditional }
    }

    /// Asks, answers the visitor if there is one, and stores.
    pub async fn run(self, visitor: Visitor<P>) {
        let vouched = self.vouched().is_some();
        let compared = self.vouched().filter(|_| !self.unconditional);
        let compared = compared.map(|stored| stored.headers.clone());
        let request = forward::filling_request(&self.platform, &self.visit, compared.as_ref());
        let asked = self.platform.fetch(request);
        let answer = self.visit.timed(&self.platform, "origin", asked).await;
        let response = match answer {
            Ok(response) => response,
            Err(error) => return self.failed(visitor, Err(error)).await,
        };
        if response.status == StatusCode::NOT_MODIFIED {
            return match compared {
                Some(_) => self.not_modified(visitor, response).await,
                None => self.failed(visitor, Err(OriginError::Unasked)).await,
            };
        }
        let verdict = self.judge(response.status, &response.headers);
        let is_error = response.status.is_server_error();
        match verdict {
            _ if is_error && vouched => self.failed(visitor, Ok(response)).await,
            Storing::Store(lifetimes) => self.store(visitor, response, lifetimes).await,
            // Not an uncacheable page: the origin may be well the next time.
            Storing::Refuse(_) if is_error => self.failed(visitor, Ok(response)).await,
            Storing::Refuse(_) if blames_the_request(response.status) => {
                self.keep_to_the_visitor(visitor, response).await;
            }
            Storing::Refuse(refusal) => {
                let status = response.status;
                self.pass(visitor, status, response, refusal).await;
            }
        }
    }

    /// The answer concerns this request and says nothing of the page: what is stored stays, and
    /// whoever waits asks for themselves.
    async fn keep_to_the_visitor(mut self, mut visitor: Visitor<P>, response: Response<P::Body>) {
        let status = self.status(&visitor, response.status);
        visitor.send(answer::passed_on(&self.platform, &self.visit, response, status));
        self.end(Outcome::Abandoned).await;
    }

    /// The stored response that may vouch for the page. A discarded one may not.
    fn vouched(&self) -> Option<&StoredResponse> {
        match &self.sight.found {
            Found::Response(usable) if !matches!(usable.verdict, Verdict::Discard { .. }) => {
                Some(&usable.stored)
            }
            _ => None,
        }
    }

    /// What was stored before, with its body unread.
    pub(crate) fn take_prior(&mut self) -> Option<StoredResponse> {
        match mem::replace(&mut self.sight.found, Found::Nothing(self.reason)) {
            Found::Response(usable) => {
                self.platform.discard(usable.body);
                Some(usable.stored)
            }
            _ => None,
        }
    }

    fn judge(&self, status: StatusCode, headers: &HeaderMap) -> Storing {
        let terms = self.platform.config().storing;
        storing(status, headers, &*self.visit.fields, terms, self.platform.now())
    }

    pub(crate) fn status(&self, visitor: &Visitor<P>, status: StatusCode) -> CacheStatus {
        let detail = match &self.sight.found {
            Found::Pass => Some("pass"),
            Found::Response(usable) => match usable.verdict {
                Verdict::Discard { detail } => Some(detail),
                _ => None,
            },
            Found::Nothing(_) => None,
        };
        CacheStatus {
            detail: visitor.detail.or(detail),
            ..CacheStatus::forwarded(self.reason).answered(status.as_u16())
        }
    }

    /// What is stored stays, and stands in if it may.
    async fn failed(
        mut self,
        mut visitor: Visitor<P>,
        answer: Result<Response<P::Body>, OriginError>,
    ) {
        let status = match &answer {
            Ok(response) => response.status,
            Err(error) => error.status(),
        };
        self.note_failure();
        let cache_status = self.status(&visitor, status);
        let found = mem::replace(&mut self.sight.found, Found::Nothing(self.reason));
        let platform = &self.platform;
        let stand_in = match visitor.is_there() {
            true => stand_in(platform, &self.visit, &self.sight.slot, found).await,
            false => None,
        };
        visitor.send(match (stand_in, answer) {
            (Some((usable, ttl)), _) => {
                let status = CacheStatus::hit(ttl).answered(status.as_u16());
                answer::stored(platform, &self.visit, usable.stored, usable.body, status)
            }
            (None, Ok(response)) => {
                answer::passed_on(platform, &self.visit, response, cache_status)
            }
            (None, Err(error)) => answer::failed(platform, &error, cache_status),
        });
        self.end(Outcome::Failed(status.as_u16())).await;
    }

    pub(crate) fn note_failure(&self) {
        let now = self.platform.now();
        let mut failures = self.platform.isolate().failures.borrow_mut();
        let times = failures.of(&self.sight.slot).map_or(0, |failure| failure.times) + 1;
        failures.note(&self.sight.slot, Failure { at: now, times }, now);
    }

    pub(crate) async fn end(&mut self, outcome: Outcome) {
        if let Some(lease) = self.lease.take() {
            lease.end(outcome).await;
        }
    }

    /// It turned out uncacheable: what is stored goes, nobody waits, nothing is collapsed for a
    /// while.
    async fn pass(
        mut self,
        mut visitor: Visitor<P>,
        asked: StatusCode,
        response: Response<P::Body>,
        refusal: Refusal,
    ) {
        let mut status = self.status(&visitor, asked);
        status.detail = status.detail.or(Some(refusal.as_str()));
        visitor.send(answer::passed_on(&self.platform, &self.visit, response, status));
        // That is so for this visitor, and says nothing of the page.
        if refusal == Refusal::Authorization {
            return self.end(Outcome::Abandoned).await;
        }
        let (now, slot) = (self.platform.now(), self.sight.slot.clone());
        let until = now + PASS_FOR;
        self.platform.isolate().failures.borrow_mut().forget(&slot);
        self.platform.isolate().passes.borrow_mut().note(&slot, until, now);
        if let Some(lease) = &mut self.lease {
            lease.wake(Outcome::Uncacheable);
        }
        let marker = Stored::Pass(PassMarker { fetched_at: self.fetched_at, until });
        let body = self.platform.empty_body();
        self.put(&slot, &marker, body, PASS_FOR).await;
        if let Some(lease) = &self.lease {
            lease.release(Outcome::Uncacheable).await;
        }
        if let Some(prior) = self.take_prior() {
            graph::forget(&self.platform, &self.visit.key, &prior).await;
        }
    }

    /// The stored response still holds: it is freshened with what the 304 says (RFC 9111 §4.3.4).
    async fn not_modified(mut self, mut visitor: Visitor<P>, response: Response<P::Body>) {
        let cache_status = self.status(&visitor, StatusCode::NOT_MODIFIED);
        let found = mem::replace(&mut self.sight.found, Found::Nothing(self.reason));
        let Found::Response(usable) = found else { return };
        let headers = validation::updated(&usable.stored.headers, &response.headers);
        let varies_alike = Vary::of(&headers) == Vary::of(&usable.stored.headers);
        if !validation::selects(&response.headers, &usable.stored.headers) || !varies_alike {
            // It vouches for something else: ask again, and compare nothing. What is stored may still
            // stand in.
            self.sight.found = Found::Response(usable);
            self.unconditional = true;
            return Box::pin(self.run(visitor)).await;
        }
        let Usable { stored: prior, body, .. } = *usable;
        let lifetimes = match self.judge(prior.status, &headers) {
            Storing::Store(lifetimes) => lifetimes,
            // It is no longer for all: the visitor has it, and it goes.
            Storing::Refuse(refusal) => {
                let response = Response { status: prior.status, headers, body };
                return self.pass(visitor, StatusCode::NOT_MODIFIED, response, refusal).await;
            }
        };
        let stored = self.freshened(&prior, &response, headers, lifetimes);
        let status = CacheStatus { stored: true, ..cache_status };
        visitor.send(answer::stored(&self.platform, &self.visit, stored.clone(), body, status));
        self.keep_freshened(stored, prior).await;
    }

    fn freshened(
        &self,
        prior: &StoredResponse,
        not_modified: &Response<P::Body>,
        headers: HeaderMap,
        lifetimes: Lifetimes,
    ) -> StoredResponse {
        let states_tags = TagSet::of(&not_modified.headers, self.visit.key.host()).stated;
        let tags = if states_tags { self.tags(not_modified) } else { prior.tags.clone() };
        // What the 304 itself says of its age counts, not what the stored response once said.
        let mut of_answer = not_modified.headers.clone();
        fields::drop_hop_by_hop(&mut of_answer);
        StoredResponse {
            fetched_at: self.fetched_at,
            born_at: born_at(&of_answer, self.fetched_at),
            known: self.known(&tags),
            headers,
            lifetimes,
            tags,
            graphed_at: None,
            graph_checked_at: None,
            former_tags: Vec::new(),
            ..prior.clone()
        }
    }

    /// Stores a freshened response with the body that the slot holds.
    async fn keep_freshened(mut self, stored: StoredResponse, prior: StoredResponse) {
        let slot: Slot = self.sight.slot.clone();
        let current = match read(&self.platform, &slot).await {
            Some((Stored::Response(current), body)) if current.has_body_of(&prior) => Some(body),
            // It was replaced or evicted meanwhile: there is no body to keep the news with.
            _ => None,
        };
        let Some(body) = current else { return self.end(Outcome::Abandoned).await };
        // A body in the slot itself is small, and a large one stands apart: nothing is staged.
        let staging = slot.beside("staging");
        match self.platform.settle(body, &staging, Duration::ZERO).await {
            Ok(Settled::Whole(body)) => self.keep(slot, stored, body, Some(prior)).await,
            _ => self.end(Outcome::Abandoned).await,
        }
    }
}

/// Errors of the one who asked (RFC 9110 §15.5, RFC 6585): another visitor's request may fare better.
fn blames_the_request(status: StatusCode) -> bool {
    matches!(status.as_u16(), 400 | 405 | 406 | 408 | 411..=417 | 421 | 425 | 426 | 428 | 429 | 431)
}
