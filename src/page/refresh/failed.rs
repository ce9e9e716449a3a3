//! The origin failed, or refuses the edge: the response that stands in, and the next request.

use http::StatusCode;
use http::header::AUTHORIZATION;

use super::{Refresh, answer_with_own};
use crate::durable::serve::restore_at_last;
use crate::fields::cache_status::{CacheStatus, Detail};
use crate::lease::LeaseEnd;
use crate::page::found::Found;
use crate::page::reply::{Reply, stand_in};
use crate::page::{answer, forward};
use crate::platform::{OriginError, Platform, Response};
use crate::policy::refresh::answers::{AfterRefusal, is_failure, serves_own};
use crate::policy::refresh::backoff::{Cause, Failure, FailureOf, failed_lately, failure_of};
use crate::policy::stored::Pass;
use crate::policy::storing::Refusal;

impl<P: Platform> Refresh<P> {
    /// Acts on a refusal of the plain request for a page that is not stored.
    ///
    /// The origin may refuse the edge's `User-Agent`. So the visitor's own request is sent once. If
    /// it succeeds, the page may pass; if not, `after` says what the refusal means.
    pub(super) async fn refused(
        mut self,
        mut reply: Reply<P>,
        answer: Result<Response<P::Body>, OriginError>,
        after: AfterRefusal,
    ) {
        let mut own_went_well = self.own_went_well();
        if reply.is_there() && !self.carries_all_of_visitor() {
            let request = forward::own_page_request(&self.visit);
            let own = forward::fetch(&self.platform, &self.visit, request).await;
            let status = own.as_ref().map_or(StatusCode::BAD_GATEWAY, |own| own.status);
            own_went_well = serves_own(status);
            let detail = own_went_well.then_some(Detail::PlainRefused);
            if !self.tier_stands_in(&mut reply, status).await {
                self.send_own(&mut reply, own, detail);
            }
        }
        if own_went_well {
            let failed = answer.as_ref().map_or(true, |answer| is_failure(answer.status));
            drop(answer);
            return self.disagreed(failed).await;
        }
        match (after, answer) {
            (AfterRefusal::Store(lifetimes), Ok(response)) => {
                self.store(reply, response, lifetimes).await;
            }
            (AfterRefusal::EachAsksTheOrigin, Ok(response)) => {
                let status = self.status(&reply, response.status);
                let answer = answer::passed_on(&self.platform, &self.visit, response, status);
                reply.send(answer);
                self.end(LeaseEnd::Uncacheable).await;
            }
            (_, answer) => self.failed(reply, answer).await,
        }
    }

    /// Ends a refresh whose plain request was refused or failed, while the visitor's own succeeded.
    ///
    /// A single failure is the origin's own: waiting requests look again, and one of them asks. A
    /// refusal, or a second failure, shows that the origin does not serve plain requests.
    async fn disagreed(mut self, failed: bool) {
        if self.failure_of() == FailureOf::Visitor {
            return self.end(LeaseEnd::Uncacheable).await;
        }
        if failed && !self.failed_lately() {
            self.note_failure(Cause::Failed);
            return self.end(LeaseEnd::Abandoned).await;
        }
        self.pass(Pass { reason: Refusal::PlainRefused, plain: true }).await;
    }

    /// Sends a response that concerns one visitor and says nothing of the page.
    ///
    /// The stored response stays. The waiting requests ask the origin for themselves.
    pub(super) async fn keep_to_the_visitor(
        mut self,
        mut reply: Reply<P>,
        response: Response<P::Body>,
    ) {
        let status = self.status(&reply, response.status);
        if reply.is_there() && !self.carries_all_of_visitor() {
            drop(response);
            answer_with_own(&self.platform, &self.visit, &mut reply, status).await;
        } else {
            let answer = answer::passed_on(&self.platform, &self.visit, response, status);
            reply.send(answer);
        }
        self.end(LeaseEnd::Uncacheable).await;
    }

    /// Acts on a failure of the origin. The stored response stays, and stands in if it may.
    ///
    /// If nothing may stand in, the visitor's own request gets a chance. The last resort is the
    /// failure itself.
    pub(super) async fn failed(
        mut self,
        mut reply: Reply<P>,
        answer: Result<Response<P::Body>, OriginError>,
    ) {
        let status = answer.as_ref().map_or_else(OriginError::status, |answer| answer.status);
        // A failure that credentials caused is one visitor's: it delays no other request.
        let concerns = self.failure_of();
        let with_own = LeaseEnd::of_failure_with_own(concerns, self.failed_lately());
        if concerns != FailureOf::Visitor {
            self.note_failure(Cause::Failed);
        }
        let cache_status = self.status(&reply, status);
        let found = self.take_found_or_durable().await;
        let was_stored = found.stored().is_some();
        let platform = &self.platform;
        let stand_in =
            if reply.is_there() { stand_in(platform, &self.visit, found).await } else { None };
        if stand_in.is_none() && was_stored && self.serves_with_own(&mut reply).await {
            return self.end(with_own).await;
        }
        let platform = &self.platform;
        let response = match (stand_in, answer) {
            (Some(shown), _) => {
                let status = CacheStatus::hit(shown.ttl).answered(status.as_u16());
                answer::stored(platform, &self.visit, &shown.stored, shown.body, status)
            }
            (None, Ok(response)) => {
                answer::passed_on(platform, &self.visit, response, cache_status)
            }
            (None, Err(error)) => answer::failed(platform, &error, cache_status),
        };
        reply.send(response);
        // The waiting requests share the failure only if it concerns the whole page.
        self.end(match concerns {
            FailureOf::Page => LeaseEnd::Failed(status.as_u16()),
            FailureOf::Variant => LeaseEnd::Abandoned,
            FailureOf::Visitor => LeaseEnd::Uncacheable,
        })
        .await;
    }

    /// Takes the found response out of the lookup. If nothing was found in the data centre, the durable
    /// tier is asked, for as long as it takes: the origin failed.
    async fn take_found_or_durable(&mut self) -> Found<P::Body> {
        let found = self.take_found();
        if found.stored().is_some() {
            return found;
        }
        let restored = restore_at_last(&self.platform, &self.visit, &self.lookup).await;
        restored.map_or(found, |lookup| lookup.found)
    }

    /// Sends the visitor what the durable tier has, if their own request failed and it may be shown.
    /// Returns whether it did.
    pub(super) async fn tier_stands_in(&self, reply: &mut Reply<P>, status: StatusCode) -> bool {
        if !reply.is_there() || !is_failure(status) {
            return false;
        }
        let platform = &self.platform;
        let Some(lookup) = restore_at_last(platform, &self.visit, &self.lookup).await else {
            return false;
        };
        let Some(shown) = stand_in(platform, &self.visit, lookup.found).await else { return false };
        let status = CacheStatus::hit(shown.ttl).answered(status.as_u16());
        reply.send(answer::stored(platform, &self.visit, &shown.stored, shown.body, status));
        true
    }

    /// Tells whether the origin failed this isolate a moment ago, and no other isolate got a
    /// response since.
    pub(super) fn failed_lately(&self) -> bool {
        let before = self.platform.isolate().failures.get(&self.lookup.slot);
        let fetched_at = self.lookup.found.stored().map(|stored| stored.provenance.fetched_at);
        failed_lately(before, fetched_at, self.platform.now())
    }

    /// Tells whether the failure concerns the page, one variant of it, or one visitor.
    fn failure_of(&self) -> FailureOf {
        let carries_credentials = self.carried.contains_key(AUTHORIZATION);
        let is_known = self.lookup.beside.is_some() || self.lookup.found.stored().is_some();
        failure_of(carries_credentials, is_known, self.carries_what_selects())
    }

    /// Sends the visitor's own request where nothing stands in. Returns whether the visitor got its
    /// response.
    pub(super) async fn serves_with_own(&self, reply: &mut Reply<P>) -> bool {
        if !reply.is_there() || self.carries_all_of_visitor() {
            return false;
        }
        let request = forward::own_page_request(&self.visit);
        match forward::fetch(&self.platform, &self.visit, request).await {
            Ok(own) if serves_own(own.status) => {
                self.send_own(reply, Ok(own), Some(Detail::PlainRefused));
                true
            }
            _ => false,
        }
    }

    /// Notes a failure, so that background refreshes of the slot pause. The pause grows with each
    /// failure.
    pub(crate) fn note_failure(&self, cause: Cause) {
        let now = self.platform.now();
        let failures = &self.platform.isolate().failures;
        let failure = Failure::after(failures.get(&self.lookup.slot), cause, now);
        failures.note(&self.lookup.slot, failure, now);
    }
}
