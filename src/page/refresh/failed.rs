//! The origin failed, or refuses the edge: what stands in, and what is asked next.

use std::mem;

use http::StatusCode;
use http::header::AUTHORIZATION;

use super::{Refresh, answer_with_own};
use crate::fields::cache_status::{CacheStatus, Detail};
use crate::isolate::failures::{Cause, Failure};
use crate::lease::LeaseEnd;
use crate::page::lookup::Found;
use crate::page::reply::{Reply, stand_in};
use crate::page::{answer, forward};
use crate::platform::{OriginError, Platform, Response};
use crate::policy::answers::AfterRefusal;
use crate::policy::stored::Pass;
use crate::policy::storing::{Refusal, Storing};

impl<P: Platform> Refresh<P> {
    /// The origin refuses the plain request for a page that is not stored. Perhaps it knows no such
    /// `User-Agent`: the visitor asks once with their own fields.
    pub(super) async fn refused(
        mut self,
        mut reply: Reply<P>,
        answer: Result<Response<P::Body>, OriginError>,
        after: AfterRefusal,
    ) {
        let mut own_went_well = self.own_went_well();
        if reply.is_there() && !self.is_theirs() {
            let request = forward::own_page_request(&self.visit);
            let own = forward::fetch(&self.platform, &self.visit, request).await;
            let status = own.as_ref().map_or(StatusCode::BAD_GATEWAY, |own| own.status);
            own_went_well = status.is_success() || status.is_redirection();
            let detail = own_went_well.then_some(Detail::PlainRefused);
            self.send_own(&mut reply, own, detail);
        }
        if own_went_well {
            self.discard(answer.ok());
            return self.pass(Pass { reason: Refusal::PlainRefused, plain: true }).await;
        }
        match (after, answer) {
            (AfterRefusal::Store(lifetimes), Ok(response)) => {
                self.store(reply, response, lifetimes).await;
            }
            (AfterRefusal::EachForThemselves, Ok(response)) => {
                let status = self.status(&reply, response.status);
                let answer = answer::passed_on(&self.platform, &self.visit, response, status);
                reply.send(&self.platform, answer);
                self.end(LeaseEnd::Uncacheable).await;
            }
            (_, answer) => self.failed(reply, answer).await,
        }
    }

    /// The answer concerns one visitor, and says nothing of the page: what is stored stays, and those
    /// who wait ask for themselves.
    pub(super) async fn keep_to_the_visitor(
        mut self,
        mut reply: Reply<P>,
        response: Response<P::Body>,
    ) {
        let status = self.status(&reply, response.status);
        if reply.is_there() && !self.is_theirs() {
            self.discard(Some(response));
            answer_with_own(&self.platform, &self.visit, &mut reply, status).await;
        } else {
            let answer = answer::passed_on(&self.platform, &self.visit, response, status);
            reply.send(&self.platform, answer);
        }
        self.end(LeaseEnd::Uncacheable).await;
    }

    /// Whether the answer concerns the credentials of one visitor, and not the page
    /// (`SHARE_AUTHORIZED`): they are asked for, or what they brought back is not to be stored.
    pub(super) fn concerns_credentials(&self, status: StatusCode, storing: &Storing) -> bool {
        if !self.carried.contains_key(AUTHORIZATION) {
            return self.platform.config().share_authorized && status == StatusCode::UNAUTHORIZED;
        }
        let is_stored = matches!(storing, Storing::Store(_)) && status.is_success();
        !is_stored && !status.is_server_error()
    }

    /// What is stored stays, and stands in if it may.
    pub(super) async fn failed(
        mut self,
        mut reply: Reply<P>,
        answer: Result<Response<P::Body>, OriginError>,
    ) {
        let status = answer.as_ref().map_or_else(OriginError::status, |answer| answer.status);
        // It may be the credentials of one visitor at which the origin fails (`SHARE_AUTHORIZED`).
        let may_be_theirs = self.carried.contains_key(AUTHORIZATION);
        if !may_be_theirs {
            self.note_failure(Cause::Failed);
        }
        let cache_status = self.status(&reply, status);
        let was_stored = matches!(self.lookup.found, Found::Response(_));
        let found = mem::replace(&mut self.lookup.found, Found::Nothing(self.reason));
        let platform = &self.platform;
        let stand_in = match reply.is_there() {
            true => stand_in(platform, &self.visit, found).await,
            false => None,
        };
        if stand_in.is_none() && was_stored && self.serves_with_own(&mut reply).await {
            self.discard(answer.ok());
            return self.end(LeaseEnd::Uncacheable).await;
        }
        let platform = &self.platform;
        let response = match (stand_in, answer) {
            (Some((candidate, ttl)), answer) => {
                self.discard(answer.ok());
                let status = CacheStatus::hit(ttl).answered(status.as_u16());
                answer::stored(platform, &self.visit, candidate.stored, candidate.body, status)
            }
            (None, Ok(response)) => {
                answer::passed_on(platform, &self.visit, response, cache_status)
            }
            (None, Err(error)) => answer::failed(platform, &error, cache_status),
        };
        reply.send(platform, response);
        // Those who wait for a page of which no variant is known may send other fields than it did.
        let is_shared = self.lookup.beside.is_some() || was_stored || !self.carries_what_selects();
        let outcome = match is_shared {
            _ if may_be_theirs => LeaseEnd::Uncacheable,
            true => LeaseEnd::Failed(status.as_u16()),
            false => LeaseEnd::Abandoned,
        };
        self.end(outcome).await;
    }

    /// Nothing stands in: perhaps the origin answers the visitor's own request. Whether it does.
    pub(super) async fn serves_with_own(&self, reply: &mut Reply<P>) -> bool {
        if !reply.is_there() || self.is_theirs() {
            return false;
        }
        let request = forward::own_page_request(&self.visit);
        match forward::fetch(&self.platform, &self.visit, request).await {
            Ok(own) if own.status.is_success() || own.status.is_redirection() => {
                self.send_own(reply, Ok(own), Some(Detail::PlainRefused));
                true
            }
            own => {
                self.discard(own.ok());
                false
            }
        }
    }

    pub(crate) fn note_failure(&self, cause: Cause) {
        let now = self.platform.now();
        let mut failures = self.platform.isolate().failures.borrow_mut();
        let times = failures.get(&self.lookup.slot).map_or(0, |failure| failure.times) + 1;
        failures.note(&self.lookup.slot, Failure { at: now, times, cause }, now);
    }
}
