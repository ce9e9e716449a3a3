//! Asking the origin for a page: which request is sent first, and what becomes of the answers.
//!
//! Only the answer to a plain request is stored, shared, or says anything of the page
//! (`policy::plain`). What a visitor's own request brings back goes to that visitor; if it says that
//! such a page may be shared, a plain request follows under the same lease, behind the visitor's
//! back.
//!
//! Order matters here: the moment and the time are taken before each plain request is sent; those
//! who wait are told as soon as it is known what there will be for them. Storing is in `store.rs`, a
//! 304 in `not_modified.rs`.

pub mod not_modified;
pub mod store;

use std::mem;
use std::time::Duration;

use futures::join;
use http::StatusCode;
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, COOKIE, HeaderMap, HeaderName};

use crate::fields::cache_status::{CacheStatus, Forward};
use crate::fields::forwarding;
use crate::fields::vary::{Selecting, selected_by};
use crate::graph;
use crate::isolate::{Cause, Failure, Outcome};
use crate::lease::{self, Lease};
use crate::page::answer;
use crate::page::forward;
use crate::page::lookup::{Found, Sight};
use crate::page::reply::{Visitor, stand_in};
use crate::page::visit::Visit;
use crate::platform::{OriginError, Platform, Response};
use crate::policy::answers::{AfterRefusal, OwnAnswer, PlainAnswer, own_answer, plain_answer};
use crate::policy::guess::{Order, Section};
use crate::policy::plain::{ForwardHeaders, adds_nothing, is_as_good_as_plain};
use crate::policy::reuse::Verdict;
use crate::policy::stored::{
    First as FirstVariant, Pass, PassMarker, PassingFirst, Stored, StoredResponse,
};
use crate::policy::storing::{Refusal, Storing, storing};
use crate::policy::time::Time;
use crate::purge::memory::Moment;
use crate::purge::records::all_tags;

/// For how long a page that turned out uncacheable is not collapsed.
const PASS_FOR: Duration = Duration::from_secs(120);

/// The requests to the origin on behalf of a slot.
pub struct Refresh<P: Platform> {
    pub(crate) platform: P,
    pub(crate) visit: Visit,
    pub(crate) sight: Sight<P::Body>,
    pub(crate) lease: Option<Lease<P>>,
    pub(crate) reason: Forward,
    /// In the order of learning purge records, and on the clock: both before the request is sent.
    pub(crate) moment: Moment,
    pub(crate) began: Time,
    /// What the request whose answer is looked at carries of the visitor's fields.
    pub(crate) carried: HeaderMap,
    /// Nothing is compared with what is stored: a 304 spoke of something else.
    pub(crate) unconditional: bool,
    /// A visitor's own request was answered before, and with what.
    own: Option<OwnAnswer>,
    /// It is known in this isolate that the page passes.
    announced: bool,
    /// A plain request was sent again with other fields of the visitor's.
    said_again: bool,
    /// What was stored is not for all any more: its own revalidation says so.
    pub(crate) turned_away: bool,
}

/// Which request is sent first.
enum First {
    /// A plain one with these fields of the visitor's.
    Plain(HeaderMap),
    /// The visitor's own; `follow`: a plain one may follow.
    Own { follow: bool },
}

impl<P: Platform> Refresh<P> {
    pub fn new(
        platform: P,
        visit: Visit,
        sight: Sight<P::Body>,
        lease: Option<Lease<P>>,
    ) -> Refresh<P> {
        let moment = platform.isolate().purges.borrow().moment();
        let began = platform.now();
        let reason = sight.forward_reason();
        let carried = HeaderMap::new();
        Refresh {
            platform,
            visit,
            sight,
            lease,
            reason,
            moment,
            began,
            carried,
            unconditional: false,
            own: None,
            announced: false,
            said_again: false,
            turned_away: false,
        }
    }

    /// Asks, answers the visitor if there is one, and stores.
    pub async fn run(self, visitor: Visitor<P>) {
        match self.first() {
            First::Plain(plain) => self.plain_first(visitor, plain).await,
            First::Own { follow } => self.own_first(visitor, follow).await,
        }
    }

    fn first(&self) -> First {
        let plain = self.visit.plain_fields(&self.sight.varies_by());
        let added = self.visit.added_to(&plain);
        let passes = matches!(self.sight.found, Found::Pass(_));
        // A request that adds nothing to the plain one is the plain one.
        if added.is_empty() || (adds_nothing(&added) && !passes) {
            return First::Plain(plain);
        }
        let order = self.guess(&added);
        match &self.sight.found {
            // A page that was stored before.
            // broken: own-revalidation.first
            Found::Response(_) => First::Plain(plain),
            Found::NotForThem(_) => First::Own { follow: false },
            Found::Pass(pass) => First::Own { follow: !pass.plain && order != Order::OwnOnly },
            Found::Nothing(_) if self.lease.is_none() => First::Own { follow: false },
            // Another variant of it is stored.
            Found::Nothing(_) if self.sight.beside.is_some() => First::Plain(plain),
            Found::Nothing(_) => match order {
                Order::PlainFirst => First::Plain(self.visit.plain_fields(&self.suspected())),
                order => First::Own { follow: order == Order::OwnFirst },
            },
        }
    }

    fn guess(&self, added: &[HeaderName]) -> Order {
        let key = &self.visit.key;
        let rules = self.platform.config().rules_for(key.path());
        if rules.iter().any(|rule| rule.plain) {
            return Order::PlainFirst;
        }
        let sections = self.platform.isolate().sections.borrow();
        sections.order(Section::of(key), added, self.platform.now())
    }

    /// The fields that pages like this one vary by.
    fn suspected(&self) -> Vec<HeaderName> {
        self.platform.isolate().sections.borrow().varies(&self.visit.key).to_vec()
    }

    // The plain request.

    async fn plain_first(mut self, visitor: Visitor<P>, plain: HeaderMap) {
        let answer = self.ask_on_suspicion(plain).await;
        self.plain_answered(visitor, answer).await;
    }

    /// Sends a plain request. What it carries beyond the fields that the page is known to vary by must
    /// turn out to select, or else it is sent again without.
    async fn ask_on_suspicion(
        &mut self,
        plain: HeaderMap,
    ) -> Result<Response<P::Body>, OriginError> {
        let known = self.visit.plain_fields(&self.sight.varies_by());
        let suspected: Vec<HeaderName> =
            plain.keys().filter(|name| !known.contains_key(*name)).cloned().collect();
        let answer = self.ask_plainly(plain).await;
        if suspected.is_empty() || self.is_for_all(&answer, &suspected) {
            return answer;
        }
        self.discard(answer.ok());
        self.ask_plainly(known).await
    }

    /// Whether the answer to a request that carried these fields of the visitor's, beyond what a plain
    /// one does, is as good as plain. A refusal, a failure or what may not be stored is not, although its
    /// `Vary` names them: those who sent others wait for the same request.
    fn is_for_all(
        &self,
        answer: &Result<Response<P::Body>, OriginError>,
        added: &[HeaderName],
    ) -> bool {
        let Ok(response) = answer else { return false };
        let storing = self.judge(response.status, &response.headers);
        own_answer(response.status, storing) == OwnAnswer::Promising
            && is_as_good_as_plain(added, &*self.visit.fields, &response.headers)
    }

    /// Sends a plain request that carries these fields of the visitor's.
    async fn ask_plainly(&mut self, plain: HeaderMap) -> Result<Response<P::Body>, OriginError> {
        self.moment = self.platform.isolate().purges.borrow().moment();
        self.began = self.platform.now();
        self.carried = plain;
        let compared = self.compared().map(|stored| &stored.headers);
        let request = forward::plain_request(&self.visit, &self.carried, compared);
        let mut answer = forward::ask(&self.platform, &self.visit, request).await;
        if let Ok(response) = &mut answer {
            forwarding::drop_load_balancers(&mut response.headers);
        }
        answer
    }

    /// What the answer to a plain request, or to one as good, means for the page.
    pub(crate) async fn plain_answered(
        mut self,
        visitor: Visitor<P>,
        answer: Result<Response<P::Body>, OriginError>,
    ) {
        let response = match answer {
            Ok(response) => response,
            // It may be the edge alone that the origin does not answer.
            Err(error) if self.vouched().is_none() => {
                return self.refused(visitor, Err(error), AfterRefusal::Failed).await;
            }
            Err(error) => return self.failed(visitor, Err(error)).await,
        };
        if response.status == StatusCode::NOT_MODIFIED {
            return match self.compared() {
                Some(_) => self.not_modified(visitor, response).await,
                None if self.vouched().is_none() => {
                    let unasked = Err(OriginError::Unasked);
                    self.refused(visitor, unasked, AfterRefusal::Failed).await
                }
                None => self.failed(visitor, Err(OriginError::Unasked)).await,
            };
        }
        let storing = self.judge(response.status, &response.headers);
        if self.concerns_credentials(response.status, &storing) {
            return self.keep_to_the_visitor(visitor, response).await;
        }
        if let Storing::Store(_) = storing
            && let Some(plain) = self.said_wrongly(&visitor, &response.headers)
        {
            self.discard(Some(response));
            let answer = self.ask_on_suspicion(plain).await;
            return Box::pin(self.plain_answered(visitor, answer)).await;
        }
        match plain_answer(response.status, self.vouched().is_some(), storing) {
            PlainAnswer::Store(lifetimes) => self.store(visitor, response, lifetimes).await,
            PlainAnswer::Failed => self.failed(visitor, Ok(response)).await,
            PlainAnswer::Refused(after) => self.refused(visitor, Ok(response), after).await,
            PlainAnswer::Pass(refusal) => {
                let status = response.status;
                self.turned(visitor, status, response, refusal).await;
            }
        }
    }

    /// Whether the answer concerns the credentials of one visitor, and not the page
    /// (`SHARE_AUTHORIZED`): they are asked for, or what they brought back is not to be stored.
    fn concerns_credentials(&self, status: StatusCode, storing: &Storing) -> bool {
        if !self.carried.contains_key(AUTHORIZATION) {
            return self.platform.config().share_authorized && status == StatusCode::UNAUTHORIZED;
        }
        let is_stored = matches!(storing, Storing::Store(_)) && status.is_success();
        !is_stored && !status.is_server_error()
    }

    /// What a plain request is to carry instead, once. The answer may turn out to vary by a field that
    /// this one did not carry: asked once more, a variant comes back that the visitor who waits can have.
    /// Or it varies no more by a field that this one carried: it would be shown to all, and one
    /// visitor's field may have shaped it.
    fn said_wrongly(&mut self, visitor: &Visitor<P>, answer: &HeaderMap) -> Option<HeaderMap> {
        let plain = self.visit.plain_fields(&selected_by(answer));
        let lacks =
            |one: &HeaderMap, other: &HeaderMap| other.keys().any(|name| !one.contains_key(name));
        let said_too_little = visitor.is_there() && lacks(&self.carried, &plain);
        let said_too_much = lacks(&plain, &self.carried);
        if !(said_too_little || said_too_much) || mem::replace(&mut self.said_again, true) {
            return None;
        }
        Some(plain)
    }

    /// The origin refuses the plain request for a page that is not stored. Perhaps it knows no such
    /// `User-Agent`: the visitor asks once with their own fields.
    async fn refused(
        mut self,
        mut visitor: Visitor<P>,
        answer: Result<Response<P::Body>, OriginError>,
        after: AfterRefusal,
    ) {
        let mut own_went_well = self.own_went_well();
        if visitor.is_there() && !self.is_theirs() {
            let request = forward::own_page_request(&self.visit);
            let own = forward::ask(&self.platform, &self.visit, request).await;
            let status = own.as_ref().map_or(StatusCode::BAD_GATEWAY, |own| own.status);
            own_went_well = status.is_success() || status.is_redirection();
            let detail = own_went_well.then_some(Refusal::PlainRefused.as_str());
            self.send_own(&mut visitor, own, detail);
        }
        if own_went_well {
            self.discard(answer.ok());
            return self.pass(Pass { reason: Refusal::PlainRefused, plain: true }).await;
        }
        match (after, answer) {
            (AfterRefusal::Store(lifetimes), Ok(response)) => {
                self.store(visitor, response, lifetimes).await;
            }
            (AfterRefusal::EachForThemselves, Ok(response)) => {
                let status = self.status(&visitor, response.status);
                let answer = answer::passed_on(&self.platform, &self.visit, response, status);
                visitor.send(&self.platform, answer);
                self.end(Outcome::Uncacheable).await;
            }
            (_, answer) => self.failed(visitor, answer).await,
        }
    }

    /// The answer concerns one visitor, and says nothing of the page: what is stored stays, and those
    /// who wait ask for themselves.
    async fn keep_to_the_visitor(mut self, mut visitor: Visitor<P>, response: Response<P::Body>) {
        let status = self.status(&visitor, response.status);
        if visitor.is_there() && !self.is_theirs() {
            self.discard(Some(response));
            answer_with_own(&self.platform, &self.visit, &mut visitor, status).await;
        } else {
            let answer = answer::passed_on(&self.platform, &self.visit, response, status);
            visitor.send(&self.platform, answer);
        }
        self.end(Outcome::Uncacheable).await;
    }

    /// The page turned out not to be for all. The visitor asks for themselves, unless the plain
    /// request was as good as their own.
    pub(crate) async fn turned(
        mut self,
        mut visitor: Visitor<P>,
        answered: StatusCode,
        response: Response<P::Body>,
        reason: Refusal,
    ) {
        let mut status = self.status(&visitor, answered);
        status.detail = status.detail.or(Some(reason.as_str()));
        let (visit, pass) = (self.visit.clone(), Pass { reason, plain: true });
        // That is so for this visitor, and says nothing of the page.
        let is_of_visitor = reason == Refusal::Authorization;
        // Asked again, a link that works once would be spent.
        let is_theirs = adds_nothing(&self.visit.added_to(&self.carried));
        if is_theirs || !visitor.is_there() {
            let answer = answer::passed_on(&self.platform, &visit, response, status);
            visitor.send(&self.platform, answer);
            return match is_of_visitor {
                true => self.end(Outcome::Abandoned).await,
                false => self.pass(pass).await,
            };
        }
        self.discard(Some(response));
        // Those who wait need not wait for this visitor's own request as well.
        self.announce(pass);
        let platform = self.platform.clone();
        let own = answer_with_own(&platform, &visit, &mut visitor, status);
        join!(own, self.pass(pass));
    }

    /// Whether the request that was answered carried all that the visitor's own would.
    pub(crate) fn is_theirs(&self) -> bool {
        self.visit.added_to(&self.carried).is_empty()
    }

    // The visitor's own request.

    /// Whether a visitor's own request was answered well before this plain one.
    pub(crate) fn own_went_well(&self) -> bool {
        self.own.is_some_and(|own| own != OwnAnswer::TellsNothing)
    }

    async fn own_first(mut self, mut visitor: Visitor<P>, follow: bool) {
        let plain = self.visit.plain_fields(&self.sight.varies_by());
        let added = self.visit.added_to(&plain);
        self.moment = self.platform.isolate().purges.borrow().moment();
        self.began = self.platform.now();
        self.carried = self.visit.carried();
        // Cookies that count as absent were sent all the same.
        let is_shared = !matches!(self.sight.found, Found::NotForThem(_))
            && !self.carried.contains_key(COOKIE)
            && self.visit.is_spelt_canonically();
        let request = forward::own_page_request(&self.visit);
        let answer = forward::ask(&self.platform, &self.visit, request).await;
        if is_shared && self.is_for_all(&answer, &added) {
            return self.plain_answered(visitor, answer).await;
        }
        match answer {
            Ok(response) => self.own_answered(visitor, response, follow).await,
            Err(error) => {
                self.send_own(&mut visitor, Err(error), None);
                self.after_own(OwnAnswer::TellsNothing, Vec::new(), follow).await;
            }
        }
    }

    /// An answer that is the visitor's alone: what it tells of the page.
    async fn own_answered(
        self,
        mut visitor: Visitor<P>,
        response: Response<P::Body>,
        follow: bool,
    ) {
        let mut judged = response.headers.clone();
        forwarding::drop_load_balancers(&mut judged);
        let tells = own_answer(response.status, self.judge(response.status, &judged));
        let detail = match tells {
            OwnAnswer::Pass(refusal) => Some(refusal.as_str()),
            _ => None,
        };
        self.send_own(&mut visitor, Ok(response), detail);
        self.after_own(tells, selected_by(&judged), follow).await;
    }

    async fn after_own(mut self, tells: OwnAnswer, varies_by: Vec<HeaderName>, follow: bool) {
        let is_awaited = self.lease.as_ref().is_some_and(Lease::is_awaited);
        // What has been stored meanwhile is not for this visitor: that says nothing of the page.
        if matches!(self.sight.found, Found::NotForThem(_)) {
            return self.end(Outcome::Abandoned).await;
        }
        match tells {
            // It passed before; no request waits.
            OwnAnswer::Pass(_) if self.lease.is_none() => {}
            // broken: own-revalidation.pass
            OwnAnswer::Pass(reason) => self.pass(Pass { reason, plain: false }).await,
            OwnAnswer::Promising if follow => self.follow(tells, varies_by).await,
            // One visitor's failure is not for those who wait.
            // broken: own-failure-shared
            OwnAnswer::TellsNothing if is_awaited => self.follow(tells, varies_by).await,
            OwnAnswer::TellsNothing => self.end(Outcome::Abandoned).await,
            OwnAnswer::Promising => self.end(Outcome::Uncacheable).await,
        }
    }

    /// The plain request after a visitor's own, under the same lease, behind the visitor's back.
    async fn follow(mut self, tells: OwnAnswer, varies_by: Vec<HeaderName>) {
        if self.lease.is_none() && !self.takes_lease().await {
            return;
        }
        self.own = Some(tells);
        let plain = self.visit.plain_fields(&varies_by);
        let answer = self.ask_on_suspicion(plain).await;
        Box::pin(self.plain_answered(Visitor::nobody(), answer)).await;
    }

    async fn takes_lease(&mut self) -> bool {
        let Some(lease) = lease::take(&self.platform, &self.sight.slot) else { return false };
        if let Err(outcome) = lease.claim(&all_tags(&self.visit, &[])).await {
            lease.end(outcome).await;
            return false;
        }
        self.lease = Some(lease);
        true
    }

    fn send_own(
        &self,
        visitor: &mut Visitor<P>,
        own: Result<Response<P::Body>, OriginError>,
        detail: Option<&'static str>,
    ) {
        let status = own.as_ref().map_or_else(OriginError::status, |own| own.status);
        let mut said = self.status(visitor, status);
        said.detail = said.detail.or(detail);
        let answer = match own {
            Ok(response) => answer::passed_on(&self.platform, &self.visit, response, said),
            Err(error) => answer::failed(&self.platform, &error, said),
        };
        visitor.send(&self.platform, answer);
    }

    // What both share.

    /// The stored response that may vouch for the page. A discarded one may not.
    pub(crate) fn vouched(&self) -> Option<&StoredResponse> {
        match &self.sight.found {
            Found::Response(usable) if !matches!(usable.verdict, Verdict::Discard { .. }) => {
                Some(&usable.stored)
            }
            _ => None,
        }
    }

    /// The stored response that the origin is asked to compare with.
    fn compared(&self) -> Option<&StoredResponse> {
        self.vouched().filter(|_| !self.unconditional)
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

    pub(crate) fn judge(&self, status: StatusCode, headers: &HeaderMap) -> Storing {
        let key = &self.visit.key;
        if status.is_redirection() && forwarding::redirects_to(headers, key) {
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

    pub(crate) fn status(&self, visitor: &Visitor<P>, status: StatusCode) -> CacheStatus {
        let detail = match &self.sight.found {
            Found::Pass(pass) => Some(pass.reason.as_str()),
            Found::NotForThem(reason) => Some(reason.as_str()),
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
        let status = answer.as_ref().map_or_else(OriginError::status, |answer| answer.status);
        // It may be the credentials of one visitor at which the origin fails (`SHARE_AUTHORIZED`).
        let may_be_theirs = self.carried.contains_key(AUTHORIZATION);
        if !may_be_theirs {
            self.note_failure(Cause::Failed);
        }
        let cache_status = self.status(&visitor, status);
        let was_stored = matches!(self.sight.found, Found::Response(_));
        let found = mem::replace(&mut self.sight.found, Found::Nothing(self.reason));
        let platform = &self.platform;
        let stand_in = match visitor.is_there() {
            true => stand_in(platform, &self.visit, &self.sight.slot, found).await,
            false => None,
        };
        if stand_in.is_none() && was_stored && self.serves_with_own(&mut visitor).await {
            self.discard(answer.ok());
            return self.end(Outcome::Uncacheable).await;
        }
        let platform = &self.platform;
        let response = match (stand_in, answer) {
            (Some((usable, ttl)), answer) => {
                self.discard(answer.ok());
                let status = CacheStatus::hit(ttl).answered(status.as_u16());
                answer::stored(platform, &self.visit, usable.stored, usable.body, status)
            }
            (None, Ok(response)) => {
                answer::passed_on(platform, &self.visit, response, cache_status)
            }
            (None, Err(error)) => answer::failed(platform, &error, cache_status),
        };
        visitor.send(platform, response);
        // Those who wait for a page of which no variant is known may send other fields than it did.
        let is_shared = self.sight.beside.is_some() || was_stored || !self.carries_what_selects();
        let outcome = match is_shared {
            _ if may_be_theirs => Outcome::Uncacheable,
            true => Outcome::Failed(status.as_u16()),
            false => Outcome::Abandoned,
        };
        self.end(outcome).await;
    }

    /// Nothing stands in: perhaps the origin answers the visitor's own request. Whether it does.
    async fn serves_with_own(&self, visitor: &mut Visitor<P>) -> bool {
        if !visitor.is_there() || self.is_theirs() {
            return false;
        }
        let request = forward::own_page_request(&self.visit);
        match forward::ask(&self.platform, &self.visit, request).await {
            Ok(own) if own.status.is_success() || own.status.is_redirection() => {
                self.send_own(visitor, Ok(own), Some(Refusal::PlainRefused.as_str()));
                true
            }
            own => {
                self.discard(own.ok());
                false
            }
        }
    }

    pub(crate) fn discard(&self, response: Option<Response<P::Body>>) {
        if let Some(response) = response {
            self.platform.discard(response.body);
        }
    }

    pub(crate) fn note_failure(&self, cause: Cause) {
        let now = self.platform.now();
        let mut failures = self.platform.isolate().failures.borrow_mut();
        let times = failures.of(&self.sight.slot).map_or(0, |failure| failure.times) + 1;
        failures.note(&self.sight.slot, Failure { at: now, times, cause }, now);
    }

    pub(crate) async fn end(&mut self, outcome: Outcome) {
        if let Some(lease) = self.lease.take() {
            lease.end(outcome).await;
        }
    }

    /// The page passes for a while: no request waits, none is collapsed. What is stored goes, where a
    /// plain request says so.
    async fn pass(mut self, pass: Pass) {
        self.turned_away = pass.plain && matches!(self.sight.found, Found::Response(_));
        let pass = self.as_told(pass);
        let until = self.announce(pass);
        let slot = self.sight.slot.clone();
        let first = self.passing_first();
        let kept_until = first.as_ref().map_or(until, |first| first.kept_until.max(until));
        let marker = Stored::Pass(PassMarker { fetched_at: self.began, until, pass, first });
        let body = self.platform.empty_body();
        self.put(&slot, marker, body, kept_until.since(self.platform.now())).await;
        if let Some(lease) = &self.lease {
            lease.release(Outcome::Uncacheable).await;
        }
        if let Some(prior) = self.take_prior() {
            graph::forget(&self.platform, &self.visit.key, &prior).await;
        }
    }

    /// What the page's first variant said of all of them, where it is the one that passes: the others
    /// stay where they are.
    fn passing_first(&self) -> Option<PassingFirst> {
        let Found::Response(usable) = &self.sight.found else { return self.sight.passing.clone() };
        let stored = &usable.stored;
        let has_others = stored.selecting.iter().any(|(name, _)| name != ACCEPT_ENCODING.as_str());
        if self.sight.beside.is_some() || !has_others {
            return None;
        }
        let variant = FirstVariant { selecting: stored.selecting.clone(), era: stored.era };
        Some(PassingFirst { variant, kept_until: self.platform.now() + self.kept_for(stored) })
    }

    /// What a plain request that carried a selecting field of one visitor's brought back tells nothing
    /// of the page to others: theirs may be tried.
    fn as_told(&self, pass: Pass) -> Pass {
        let is_of_one_variant = self.passing_first().is_some() || self.sight.beside.is_some();
        Pass { plain: pass.plain && (is_of_one_variant || !self.carries_what_selects()), ..pass }
    }

    /// Whether the plain request carried a field of the visitor's that others need not send.
    fn carries_what_selects(&self) -> bool {
        let forwarded = match &self.platform.config().plain.forward_headers {
            ForwardHeaders::All => return false,
            ForwardHeaders::These(names) => names,
        };
        let is_general = |name: &HeaderName| *name == ACCEPT_ENCODING || forwarded.contains(name);
        self.visit.key.foreign_origin().is_none()
            && self.carried.keys().any(|name| !is_general(name))
    }

    /// Tells this isolate that the page passes, once; returns until when.
    fn announce(&mut self, pass: Pass) -> Time {
        let pass = self.as_told(pass);
        let (now, slot) = (self.platform.now(), &self.sight.slot);
        let isolate = self.platform.isolate();
        let until = now + PASS_FOR;
        if std::mem::replace(&mut self.announced, true) {
            return until;
        }
        if pass.plain {
            let misled = self.own == Some(OwnAnswer::Promising);
            isolate.sections.borrow_mut().refused(&self.visit.key, misled, now);
        }
        isolate.failures.borrow_mut().forget(slot);
        // (The page's own slot stands for its other variants too, where its first one alone passes.)
        if self.passing_first().is_none() {
            isolate.passes.borrow_mut().note(slot, (until, pass), now);
        }
        if let Some(lease) = &mut self.lease {
            lease.wake(Outcome::Uncacheable);
        }
        until
    }
}

/// Asks with the visitor's own request, and sends the answer.
pub(crate) async fn answer_with_own<P: Platform>(
    platform: &P,
    visit: &Visit,
    visitor: &mut Visitor<P>,
    status: CacheStatus,
) {
    let request = forward::own_page_request(visit);
    let answer = match forward::ask(platform, visit, request).await {
        Ok(response) => {
            let status = status.answered(response.status.as_u16());
            answer::passed_on(platform, visit, response, status)
        }
        Err(error) => answer::failed(platform, &error, status.answered(error.status().as_u16())),
    };
    visitor.send(platform, answer);
}
