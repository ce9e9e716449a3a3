//! The plain request: what it carries, and what its answer means for the page.

use std::mem;

use http::StatusCode;
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, HeaderMap, HeaderName};

use super::Refresh;
use crate::fields::forwarding;
use crate::fields::vary::selected_by;
use crate::page::forward;
use crate::page::reply::Reply;
use crate::platform::{OriginError, Platform, Response};
use crate::policy::refresh::answers::{
    Credentials, OwnAnswer, PlainAnswer, no_answer, own_answer, plain_answer,
};
use crate::policy::refresh::plain::is_as_good_as_plain;
use crate::policy::storing::Storing;
use crate::purge::memory::PurgeMemory;

impl<P: Platform> Refresh<P> {
    pub(super) async fn plain_first(mut self, reply: Reply<P>, plain: HeaderMap) {
        let answer = self.ask_on_suspicion(plain).await;
        self.plain_answered(reply, answer).await;
    }

    /// Sends a plain request. What it carries beyond the fields that the page is known to vary by must
    /// turn out to select, or else it is sent again without.
    pub(super) async fn ask_on_suspicion(
        &mut self,
        plain: HeaderMap,
    ) -> Result<Response<P::Body>, OriginError> {
        let known = self.visit.plain_fields(&self.lookup.varies_by());
        let suspected: Vec<HeaderName> =
            plain.keys().filter(|name| !known.contains_key(*name)).cloned().collect();
        let answer = self.ask_plainly(plain).await;
        if suspected.is_empty() || self.is_for_all(&answer, &suspected) {
            return answer;
        }
        drop(answer);
        self.ask_plainly(known).await
    }

    /// Whether the answer to a request that carried these fields of the visitor's, beyond what a plain
    /// one does, is as good as plain. A refusal, a failure or what may not be stored is not, although its
    /// `Vary` names them: those who sent others wait for the same request.
    pub(super) fn is_for_all(
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
    pub(super) async fn ask_plainly(
        &mut self,
        plain: HeaderMap,
    ) -> Result<Response<P::Body>, OriginError> {
        self.learn_count = self.platform.isolate().purges.with(PurgeMemory::learn_count);
        self.began = self.platform.now();
        self.carried = plain;
        let compared = self.compared().map(|stored| &stored.headers);
        let request = forward::plain_request(&self.visit, &self.carried, compared);
        let mut answer = forward::fetch(&self.platform, &self.visit, request).await;
        if let Ok(response) = &mut answer {
            forwarding::drop_load_balancers(&mut response.headers);
        }
        answer
    }

    /// What the answer to a plain request, or to one as good, means for the page.
    pub(crate) async fn plain_answered(
        mut self,
        reply: Reply<P>,
        answer: Result<Response<P::Body>, OriginError>,
    ) {
        let vouched = self.lookup.found.vouches().is_some();
        let response = match answer {
            Ok(response) if response.status != StatusCode::NOT_MODIFIED => response,
            Ok(response) if self.compared().is_some() => {
                return self.not_modified(reply, response).await;
            }
            answer => {
                let error = answer.err().unwrap_or(OriginError::Unasked);
                return self.act(no_answer(vouched), reply, Err(error)).await;
            }
        };
        let storing = self.judge(response.status, &response.headers);
        let may_be_stored = matches!(storing, Storing::Store(_));
        let means = plain_answer(response.status, vouched, self.credentials(), storing);
        if may_be_stored
            && means != PlainAnswer::KeepToVisitor
            && let Some(plain) = self.unsaid(&reply, &response.headers)
        {
            drop(response);
            let answer = self.ask_on_suspicion(plain).await;
            return Box::pin(self.plain_answered(reply, answer)).await;
        }
        self.act(means, reply, Ok(response)).await;
    }

    /// Does what the answer to a plain request means for the page.
    async fn act(
        self,
        means: PlainAnswer,
        reply: Reply<P>,
        answer: Result<Response<P::Body>, OriginError>,
    ) {
        match (means, answer) {
            (PlainAnswer::Store(lifetimes), Ok(response)) => {
                self.store(reply, response, lifetimes).await;
            }
            (PlainAnswer::Pass(refusal), Ok(response)) => {
                let status = response.status;
                self.turned(reply, status, response, refusal).await;
            }
            (PlainAnswer::KeepToVisitor, Ok(response)) => {
                self.keep_to_the_visitor(reply, response).await;
            }
            (PlainAnswer::Refused(after), answer) => self.refused(reply, answer, after).await,
            (_, answer) => self.failed(reply, answer).await,
        }
    }

    fn credentials(&self) -> Credentials {
        if self.carried.contains_key(AUTHORIZATION) {
            Credentials::Carried
        } else if self.platform.config().share_authorized {
            Credentials::Absent
        } else {
            Credentials::NotShared
        }
    }

    /// What a plain request carries for the visitor who waits, where the answer turns out to vary by a
    /// field that this one did not carry. Asked once more, a variant comes back that they can have.
    pub(super) fn unsaid(&mut self, reply: &Reply<P>, answer: &HeaderMap) -> Option<HeaderMap> {
        if !reply.is_there() || mem::replace(&mut self.said_more, true) {
            return None;
        }
        let plain = self.visit.plain_fields(&selected_by(answer));
        plain.keys().any(|name| !self.carried.contains_key(name)).then_some(plain)
    }

    /// The fields that an answer is selected by: those that it names in `Vary`, and those that its page
    /// varied by and its request carried. It is not shown to all because it forgets to name one of them.
    pub(crate) fn selected_by(&self, answer: &HeaderMap) -> Vec<HeaderName> {
        let mut names = selected_by(answer);
        let was_said = |name: &HeaderName| {
            *name != ACCEPT_ENCODING && self.carried.contains_key(name) && !names.contains(name)
        };
        let unnamed: Vec<HeaderName> =
            self.lookup.varies_by().into_iter().filter(was_said).collect();
        names.extend(unnamed);
        names
    }
}
