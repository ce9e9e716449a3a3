//! The visitor's own request. Its response goes to the visitor alone, but tells something of the
//! page.

use http::header::HeaderName;

use super::Refresh;
use crate::fields::cache_status::Detail;
use crate::fields::response::{Audience, say_lifetime};
use crate::fields::vary::selected_by;
use crate::lease;
use crate::lease::Lease;
use crate::lease::LeaseEnd;
use crate::page::found::Found;
use crate::page::reply::Reply;
use crate::page::{answer, forward};
use crate::platform::{OriginError, Platform, Response};
use crate::policy::refresh::answers::{AfterOwn, OwnAnswer, OwnRequest, after_own, own_answer};
use crate::policy::refresh::plain::may_be_as_good;
use crate::policy::stored::Pass;
use crate::purge::knowledge::Knowledge;

impl<P: Platform> Refresh<P> {
    /// Tells whether a visitor's own request got a good response before this plain one.
    pub(crate) fn own_went_well(&self) -> bool {
        self.own.is_some_and(|own| own != OwnAnswer::TellsNothing)
    }

    /// Sends the visitor's own request first. `follow` allows a plain request after it.
    ///
    /// If the own request turns out to be as good as a plain one, its response is stored and no
    /// second request is needed.
    pub(super) async fn own_first(mut self, mut reply: Reply<P>, follow: bool) {
        let plain = self.visit.plain_fields(&self.lookup.varies_by());
        let added = self.visit.added_to(&plain);
        // The response may be stored after all. So the count and the time are taken before the
        // request is sent.
        self.knowledge = Knowledge::now(&self.platform);
        self.began = self.platform.now();
        self.carried = self.visit.carried();
        let not_for_visitor = matches!(self.lookup.found, Found::NotForVisitor(_));
        let is_shared =
            may_be_as_good(&self.carried, not_for_visitor, self.visit.is_spelt_canonically());
        let request = forward::own_page_request(&self.visit);
        let answer = forward::fetch(&self.platform, &self.visit, request).await;
        if is_shared && self.is_for_all(&answer, &added) {
            return self.plain_answered(reply, answer).await;
        }
        match answer {
            Ok(response) => self.own_answered(reply, response, follow).await,
            Err(error) => {
                if !self.tier_stands_in(&mut reply, error.status()).await {
                    self.send_own(&mut reply, Err(error), None);
                }
                self.after_own(OwnAnswer::TellsNothing, Vec::new(), follow).await;
            }
        }
    }

    /// Sends the visitor the response, and learns from it what the page is like.
    pub(super) async fn own_answered(
        self,
        mut reply: Reply<P>,
        mut response: Response<P::Body>,
        follow: bool,
    ) {
        let mut judged = response.headers.clone();
        self.drop_harmless_cookies(response.status, &mut judged);
        let tells = own_answer(response.status, self.judge(response.status, &judged));
        // A purge does not reach a browser, so the rules tell it the lifetime from the first page on.
        let browser_ttl = self.ruled(response.status, &judged).told_to_browsers(&judged);
        if let Some(seconds) = browser_ttl.filter(|_| tells == OwnAnswer::Promising) {
            say_lifetime(&mut response.headers, Audience::OneVisitor, seconds);
        }
        let detail = match tells {
            OwnAnswer::Pass(refusal) => Some(refusal.detail()),
            _ => None,
        };
        if !self.tier_stands_in(&mut reply, response.status).await {
            self.send_own(&mut reply, Ok(response), detail);
        }
        self.after_own(tells, selected_by(&judged), follow).await;
    }

    /// Takes the next step after the visitor has the response to their own request.
    ///
    /// The page passes, a plain request follows, or the lease ends. `varies_by` holds the fields
    /// for the plain request.
    pub(super) async fn after_own(
        mut self,
        tells: OwnAnswer,
        varies_by: Vec<HeaderName>,
        follow: bool,
    ) {
        let own = OwnRequest {
            not_for_visitor: matches!(self.lookup.found, Found::NotForVisitor(_)),
            has_lease: self.lease.is_some(),
            is_awaited: self.lease.as_ref().is_some_and(Lease::is_awaited),
            follow,
        };
        match after_own(tells, own) {
            // broken: own-revalidation.pass
            AfterOwn::Pass(reason) => self.pass(Pass { reason, plain: false }).await,
            AfterOwn::Follow => self.follow(tells, varies_by).await,
            // broken: own-failure-shared
            AfterOwn::FollowForWaiting => self.follow(tells, varies_by).await,
            AfterOwn::Abandon => self.end(LeaseEnd::Abandoned).await,
            AfterOwn::EachAsksTheOrigin => self.end(LeaseEnd::Uncacheable).await,
            AfterOwn::Nothing => {}
        }
    }

    /// Sends the plain request after a visitor's own, in the background and under the same lease.
    pub(super) async fn follow(mut self, tells: OwnAnswer, varies_by: Vec<HeaderName>) {
        if self.lease.is_none() && !self.takes_lease().await {
            return;
        }
        self.own = Some(tells);
        let plain = self.visit.plain_fields(&varies_by);
        let answer = self.ask_on_suspicion(plain).await;
        Box::pin(self.plain_answered(Reply::absent(), answer)).await;
    }

    /// Takes the lease for a plain request, without waiting for a holder in this data centre.
    /// Returns whether it did.
    pub(super) async fn takes_lease(&mut self) -> bool {
        let Some(lease) = lease::take(&self.platform, &self.lookup.slot) else { return false };
        if let Err(outcome) = lease.claim().await {
            lease.end(outcome).await;
            return false;
        }
        self.lease = Some(lease);
        true
    }

    /// Sends the visitor the response to their own request, or the problem if the origin gave none.
    pub(super) fn send_own(
        &self,
        reply: &mut Reply<P>,
        own: Result<Response<P::Body>, OriginError>,
        detail: Option<Detail>,
    ) {
        let status = own.as_ref().map_or_else(OriginError::status, |own| own.status);
        let mut said = self.status(reply, status);
        said.detail = said.detail.or(detail);
        let answer = match own {
            Ok(response) => answer::passed_on(&self.platform, &self.visit, response, said),
            Err(error) => answer::failed(&self.platform, &error, said),
        };
        reply.send(answer);
    }
}
