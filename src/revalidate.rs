//! Asking the origin for a page, and storing what it says.
//!
//! Order matters here, and each step says why: the moment and the time are taken before the request
//! is sent; a body takes its slot only after its clean end; nothing replaces what was fetched later;
//! the others are told as soon as it is known what there will be for them.

use futures::channel::oneshot;
use http::StatusCode;
use std::time::Duration;

use crate::answer;
use crate::fence::all_tags;
use crate::forward;
use crate::graph;
use crate::isolate::{Failure, Outcome};
use crate::lease::Lease;
use crate::lookup::{Found, Sight, Usable, read};
use crate::platform::{Document, OriginError, Platform, Response, Settled};
use crate::policy::fields;
use crate::policy::freshness::{Directives, Lifetimes, born_at};
use crate::policy::key::Slot;
use crate::policy::reuse::Verdict;
use crate::policy::status::{CacheStatus, Forward};
use crate::policy::stored::{PassMarker, Place, Stored, StoredResponse};
use crate::policy::storing::{Refusal, Storing, storing};
use crate::policy::tag::{Tag, TagSet};
use crate::policy::time::Time;
use crate::policy::validation;
use crate::policy::vary::Vary;
use crate::purge_memory::Moment;
use crate::serve::forward_reason;
use crate::visit::Visit;

/// For how long a page that turned out uncacheable is not collapsed.
const PASS_FOR: Duration = Duration::from_secs(120);

/// Who is waiting for the answer, if anyone.
pub struct Visitor<P: Platform> {
    sender: Option<oneshot::Sender<Response<P::Body>>>,
    collapsed: bool,
    pub detail: Option<&'static str>,
}

impl<P: Platform> Visitor<P> {
    pub fn waiting(sender: oneshot::Sender<Response<P::Body>>) -> Self {
        Visitor { sender: Some(sender), collapsed: false, detail: None }
    }

    pub fn nobody() -> Self {
        Visitor { sender: None, collapsed: false, detail: None }
    }

    /// The visitor was held up for somebody else's request to the origin.
    pub fn waited(&mut self) {
        self.collapsed = true;
    }

    fn is_there(&self) -> bool {
        self.sender.is_some()
    }

    pub fn send(&mut self, response: Response<P::Body>) {
        if let Some(sender) = self.sender.take() {
            // Whoever has hung up needs no answer.
            let _ = sender.send(response);
        }
    }

    /// Somebody else's request to the origin failed: what is stored stands in if it may.
    pub fn told_of_failure(
        &mut self,
        platform: &P,
        visit: &Visit,
        sight: Sight<P::Body>,
        failure: u16,
    ) {
        let status = CacheStatus {
            collapsed: self.collapsed,
            ..CacheStatus::forwarded(forward_reason(&sight)).answered(failure)
        };
        match stand_in(platform, sight.found) {
            Ok((usable, ttl)) => {
                let status = CacheStatus::hit(ttl).answered(failure).detail("origin-failed");
                self.send(answer::stored(platform, visit, &usable.stored, usable.body, status));
            }
            Err(_) => self.send(answer::shared_failure(platform, failure, status)),
        }
    }
}

/// What is stored, if it may be shown because the origin failed.
fn stand_in<P: Platform>(
    platform: &P,
    found: Found<P::Body>,
) -> Result<(Box<Usable<P::Body>>, i64), Found<P::Body>> {
    let Found::Response(usable) = found else { return Err(found) };
    match usable.verdict {
        Verdict::ServeStale { ttl } => Ok((usable, ttl)),
        Verdict::Revalidate { ttl, on_error_until: Some(until) } if platform.now() < until => {
            Ok((usable, ttl))
        }
        _ => Err(Found::Response(usable)),
    }
}

/// One request to the origin on behalf of a slot.
pub struct Refresh<P: Platform> {
    platform: P,
    visit: Visit,
    sight: Sight<P::Body>,
    lease: Option<Lease<P>>,
    reason: Forward,
    /// In the order of learning purge records, and on the clock: both before the request is sent.
    moment: Moment,
    fetched_at: Time,
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
        let reason = forward_reason(&sight);
        Refresh { platform, visit, sight, lease, reason, moment, fetched_at }
    }

    pub async fn run(self, mut visitor: Visitor<P>) {
        let vouched = self.vouched().map(|stored| stored.headers.clone());
        let request = forward::filling_request(&self.platform, &self.visit, vouched.as_ref());
        let answer = self.platform.fetch(request).await;
        match answer {
            Err(error) => self.failed(visitor, Err(error)).await,
            Ok(response) if response.status.is_server_error() && self.vouched().is_some() => {
                self.failed(visitor, Ok(response)).await;
            }
            Ok(response) if response.status == StatusCode::NOT_MODIFIED && vouched.is_some() => {
                self.not_modified(visitor, response).await;
            }
            Ok(response) => match self.judge(&response) {
                Storing::Store(lifetimes) => self.store(&mut visitor, response, lifetimes).await,
                Storing::Refuse(refusal) => self.pass(visitor, response, refusal).await,
            },
        }
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

    fn prior(&self) -> Option<&StoredResponse> {
        match &self.sight.found {
            Found::Response(usable) => Some(&usable.stored),
            _ => None,
        }
    }

    fn judge(&self, response: &Response<P::Body>) -> Storing {
        let now = self.platform.now();
        storing(response.status, &response.headers, &self.visit.headers, now)
    }

    fn status(&self, visitor: &Visitor<P>, status: StatusCode) -> CacheStatus {
        let pass = matches!(self.sight.found, Found::Pass).then_some("pass");
        let discarded = match &self.sight.found {
            Found::Response(usable) => match usable.verdict {
                Verdict::Discard { detail } => Some(detail),
                _ => None,
            },
            _ => None,
        };
        CacheStatus {
            detail: visitor.detail.or(pass).or(discarded),
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
        self.note_failure(status.as_u16());
        let cache_status = self.status(&visitor, status);
        let found = std::mem::replace(&mut self.sight.found, Found::Nothing(self.reason));
        if visitor.is_there() {
            let platform = &self.platform;
            visitor.send(match (stand_in(platform, found), answer) {
                (Ok((usable, ttl)), _) => {
                    let status = CacheStatus::hit(ttl).answered(status.as_u16());
                    answer::stored(platform, &self.visit, &usable.stored, usable.body, status)
                }
                (Err(_), Ok(response)) => {
                    answer::passed_on(platform, &self.visit, response, cache_status)
                }
                (Err(_), Err(error)) => answer::failed(platform, &error, cache_status),
            });
        }
        self.end(Outcome::Failed(status.as_u16())).await;
    }

    fn note_failure(&self, status: u16) {
        let now = self.platform.now();
        let mut failures = self.platform.isolate().failures.borrow_mut();
        let times = failures.of(&self.sight.slot).map_or(0, |failure| failure.times) + 1;
        failures.note(&self.sight.slot, Failure { at: now, status, times }, now);
    }

    async fn end(&mut self, outcome: Outcome) {
        if let Some(lease) = self.lease.take() {
            lease.end(outcome).await;
        }
    }

    /// It turned out uncacheable: what is stored goes, nobody waits, nothing is collapsed for a
    /// while.
    async fn pass(
        mut self,
        mut visitor: Visitor<P>,
        response: Response<P::Body>,
        refusal: Refusal,
    ) {
        let mut status = self.status(&visitor, response.status);
        status.detail = status.detail.or(Some(refusal.as_str()));
        visitor.send(answer::passed_on(&self.platform, &self.visit, response, status));
        let (now, slot) = (self.platform.now(), self.sight.slot.clone());
        let until = now + PASS_FOR;
        self.platform.isolate().failures.borrow_mut().forget(&slot);
        self.platform.isolate().passes.borrow_mut().note(&slot, until, now);
        if let Some(lease) = &mut self.lease {
            lease.wake(Outcome::Uncacheable);
        }
        let marker = Stored::Pass(PassMarker { fetched_at: self.fetched_at, until });
        let body = self.platform.empty_body();
        self.put(&slot, marker, body, PASS_FOR).await;
        graph::keep(&self.platform, &self.visit.key, self.prior(), &[]).await;
        if let Some(lease) = &self.lease {
            lease.release().await;
        }
    }

    /// A whole response: the visitor gets it while it is read to its end, and then it is stored.
    async fn store(
        mut self,
        visitor: &mut Visitor<P>,
        response: Response<P::Body>,
        lifetimes: Lifetimes,
    ) {
        let vary = Vary::of(&response.headers);
        let (slot, selecting) = self.sight.place(&self.visit, &vary);
        let tag_set = self.tags(&response);
        let mut headers = response.headers;
        fields::drop_hop_by_hop(&mut headers);
        let mut stored = StoredResponse {
            status: response.status,
            fetched_at: self.fetched_at,
            born_at: born_at(&headers, self.fetched_at),
            headers,
            lifetimes,
            known: self.known(&tag_set),
            tags: tag_set,
            selecting,
            graphed_at: None,
            body: Place::Inline,
        };
        let body = match visitor.is_there() && !self.visit.is_head() {
            false => {
                let status = CacheStatus { stored: true, ..self.status(visitor, stored.status) };
                let nothing = self.platform.empty_body();
                let answer = answer::stored(&self.platform, &self.visit, &stored, nothing, status);
                visitor.send(answer);
                response.body
            }
            true => {
                let (theirs, ours) = self.platform.tee(response.body);
                let status = CacheStatus { stored: true, ..self.status(visitor, stored.status) };
                let answer = answer::stored(&self.platform, &self.visit, &stored, theirs, status);
                visitor.send(answer);
                ours
            }
        };
        let token = format!("body {:016x}", self.platform.random());
        let life = self.kept_for(&stored);
        let settled = self.platform.settle(body, &slot.beside(&token), life).await;
        let body = match settled {
            Ok(Settled::Whole(body)) => body,
            Ok(Settled::Staged) => {
                stored.body = Place::Apart(token);
                self.platform.empty_body()
            }
            Err(_) => {
                self.note_failure(StatusCode::BAD_GATEWAY.as_u16());
                return self.end(Outcome::Failed(StatusCode::BAD_GATEWAY.as_u16())).await;
            }
        };
        self.keep(slot, stored, body).await;
    }

    /// The stored response still holds: it is freshened with what the 304 says (RFC 9111 §4.3.4).
    async fn not_modified(mut self, mut visitor: Visitor<P>, response: Response<P::Body>) {
        let cache_status = self.status(&visitor, StatusCode::NOT_MODIFIED);
        let slot = self.sight.slot.clone();
        let nothing = Found::Nothing(self.reason);
        let Found::Response(usable) = std::mem::replace(&mut self.sight.found, nothing) else {
            return self.end(Outcome::Abandoned).await;
        };
        let Usable { stored: prior, body, .. } = *usable;
        if !validation::selects(&response.headers, &prior.headers) {
            // It vouches for something else: ask again without conditions.
            self.sight.found = Found::Nothing(self.reason);
            return Box::pin(self.run(visitor)).await;
        }
        let stored = self.freshened(&prior, &response);
        if visitor.is_there() {
            let status = CacheStatus { stored: true, ..cache_status };
            visitor.send(answer::stored(&self.platform, &self.visit, &stored, body, status));
        }
        let current = read(&self.platform, &slot).await;
        let body = match current {
            Some((Stored::Response(current), body)) if current.has_body_of(&prior) => body,
            // It was replaced or evicted meanwhile: there is no body to keep the news with.
            _ => return self.end(Outcome::Stored).await,
        };
        let unused = slot.beside("unused");
        match self.platform.settle(body, &unused, Duration::ZERO).await {
            Ok(Settled::Whole(body)) => self.keep_freshened(slot, stored, body, prior).await,
            _ => self.end(Outcome::Abandoned).await,
        }
    }

    fn freshened(&self, prior: &StoredResponse, response: &Response<P::Body>) -> StoredResponse {
        let headers = validation::updated(&prior.headers, &response.headers);
        let set = TagSet::of(&response.headers, self.visit.key.host());
        let tags = if set.stated { self.tags(response) } else { prior.tags.clone() };
        let now = self.platform.now();
        let directives = Directives::of(&headers);
        let fresh = directives.freshness_lifetime(&headers, now).unwrap_or_default();
        // What the 304 itself says of its age counts, not what the stored response once said.
        let mut of_answer = response.headers.clone();
        fields::drop_hop_by_hop(&mut of_answer);
        StoredResponse {
            status: prior.status,
            fetched_at: self.fetched_at,
            born_at: born_at(&of_answer, self.fetched_at),
            lifetimes: Lifetimes::of(&directives.cache_control, fresh),
            known: self.known(&tags),
            tags,
            headers,
            selecting: prior.selecting.clone(),
            graphed_at: None,
            body: prior.body.clone(),
        }
    }

    async fn keep_freshened(
        mut self,
        slot: Slot,
        stored: StoredResponse,
        body: P::Body,
        prior: StoredResponse,
    ) {
        let verdict = Verdict::Serve { ttl: 0 };
        let body_gone = self.platform.empty_body();
        let usable = Usable { stored: prior, body: body_gone, verdict };
        self.sight.found = Found::Response(Box::new(usable));
        self.keep(slot, stored, body).await;
    }

    /// Puts a response into its slot, tells the others, and then sees to the tag graph.
    async fn keep(mut self, slot: Slot, mut stored: StoredResponse, body: P::Body) {
        let plan = graph::plan(&self.platform, &self.visit.key, self.prior(), &stored).await;
        stored.graphed_at = plan.graphed_at();
        let life = self.kept_for(&stored);
        let isolate = self.platform.isolate();
        isolate.failures.borrow_mut().forget(&self.sight.slot);
        isolate.passes.borrow_mut().forget(&slot);
        self.put(&slot, Stored::Response(stored), body, life).await;
        self.end(Outcome::Stored).await;
        graph::carry_out(&self.platform, &self.visit.key, plan).await;
    }

    /// Writes a slot, unless what it holds was fetched later.
    async fn put(&self, slot: &Slot, stored: Stored, body: P::Body, life: Duration) {
        let current = read(&self.platform, slot).await;
        if current.is_some_and(|(current, _)| current.fetched_at() > stored.fetched_at()) {
            return;
        }
        let document = Document { head: stored.to_head(), body };
        let put = self.platform.cache_put(slot, document, life).await;
        let cache = &self.platform.isolate().cache;
        if put.is_ok() && !cache.is_unproven() {
            return;
        }
        match self.platform.cache_match(slot).await {
            Some(_) => cache.found(),
            None => self.put_kept_nothing(put.err().map(|error| error.0)),
        }
    }

    fn put_kept_nothing(&self, cause: Option<String>) {
        let (isolate, now) = (self.platform.isolate(), self.platform.now());
        isolate.cache.lost(now);
        if isolate.log.allows("cache-put", now) {
            let cause = cause.unwrap_or_else(|| "it said it did".to_owned());
            self.platform.log(&format!(
                "the Cache API kept nothing ({cause}); requests are not collapsed for a minute"
            ));
        }
    }

    fn kept_for(&self, stored: &StoredResponse) -> Duration {
        let config = self.platform.config();
        stored.kept_for(config.purge_swr, config.max_life, self.platform.now())
    }

    /// The origin's tags and those of the rules.
    fn tags(&self, response: &Response<P::Body>) -> Vec<Tag> {
        let key = &self.visit.key;
        let mut set = TagSet::of(&response.headers, key.host());
        if set.dropped > 0 && self.platform.isolate().log.allows("tags", self.platform.now()) {
            let dropped = set.dropped;
            self.platform.log(&format!("{dropped} tags of {} are not printable ASCII", key.url()));
        }
        for rule in self.platform.config().rules_for(key.path()) {
            rule.tags.iter().for_each(|tag| set.add(tag.clone()));
        }
        set.tags
    }

    fn known(&self, tags: &[Tag]) -> Vec<String> {
        let tags = all_tags(&self.visit, tags);
        let memory = self.platform.isolate().purges.borrow();
        memory.known(&tags, self.moment, self.fetched_at, self.platform.config().skew)
    }
}
