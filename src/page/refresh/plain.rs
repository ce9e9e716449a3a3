//! The plain request: the fields that it carries, and the meaning of its response for the page.
//!
//! Visitors share the response, so the request carries as little of one visitor's fields as
//! possible. Fields that the response turns out to vary by are added by a second request.

use std::mem;

use http::StatusCode;
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, HeaderMap, HeaderName};

use super::Refresh;
use crate::fields::vary::selected_by;
use crate::page::forward;
use crate::page::reply::Reply;
use crate::platform::{OriginError, Platform, Response};
use crate::policy::refresh::answers::{
    Credentials, OwnAnswer, PlainAnswer, no_answer, own_answer, plain_answer,
};
use crate::policy::refresh::plain::{is_as_good_as_plain, names_of_changed};
use crate::policy::storing::Storing;
use crate::purge::knowledge::Knowledge;

impl<P: Platform> Refresh<P> {
    /// Sends the plain request first, and acts on its response.
    pub(super) async fn plain_first(mut self, reply: Reply<P>, plain: HeaderMap) {
        let answer = self.ask_on_suspicion(plain).await;
        self.plain_answered(reply, answer).await;
    }

    /// Sends a plain request that may carry more fields than the page is known to vary by.
    ///
    /// Each further field must turn out to select the response. If not, the request is sent again
    /// without them.
    pub(super) async fn ask_on_suspicion(
        &mut self,
        plain: HeaderMap,
    ) -> Result<Response<P::Body>, OriginError> {
        let known = self.visit.plain_fields(&self.lookup.varies_by());
        let suspected = names_of_changed(&plain, &known);
        let answer = self.ask_plainly(plain).await;
        if suspected.is_empty() || self.is_for_all(&answer, &suspected) {
            return answer;
        }
        drop(answer);
        self.ask_plainly(known).await
    }

    /// Tells whether the response is as good as one to a plain request that did not carry the
    /// fields `added`.
    ///
    /// A refusal, a failure or an uncacheable response is not, although its `Vary` names them.
    /// Visitors that sent other values wait for the same request.
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
        // The count and the time are taken before the request is sent. A purge that comes while the
        // origin works must count as unknown to it.
        self.knowledge = Knowledge::now(&self.platform);
        self.began = self.platform.now();
        self.carried = plain;
        let compared = self.compared().map(|stored| &stored.headers);
        let request = forward::plain_request(&self.visit, &self.carried, compared);
        let mut answer = forward::fetch(&self.platform, &self.visit, request).await;
        if let Some(warming) = &self.visit.warming {
            warming.note(&answer, self.platform.now().since(self.began));
        }
        if let Ok(response) = &mut answer {
            self.stripped = self.drop_harmless_cookies(response.status, &mut response.headers);
        }
        answer
    }

    /// Acts on the response to a plain request, or to an own request that is as good.
    ///
    /// A 304 goes to [`Refresh::not_modified`]. If the response varies by fields that the request
    /// lacked, a second request carries them. Everything else goes to [`Refresh::act`].
    pub(crate) async fn plain_answered(
        mut self,
        reply: Reply<P>,
        answer: Result<Response<P::Body>, OriginError>,
    ) {
        let has_stored = self.lookup.found.to_validate().is_some();
        let response = match answer {
            Ok(response) if response.status != StatusCode::NOT_MODIFIED => response,
            Ok(response) if self.compared().is_some() => {
                return self.not_modified(reply, response).await;
            }
            // No response came, or a 304 to a request without validators: both count as a failure.
            answer => {
                let error = answer.err().unwrap_or(OriginError::Unasked);
                return self.act(no_answer(has_stored), reply, Err(error)).await;
            }
        };
        let storing = self.judge(response.status, &response.headers);
        let may_be_stored = matches!(storing, Storing::Store(_));
        let means = plain_answer(response.status, has_stored, self.credentials(), storing);
        if may_be_stored
            && means != PlainAnswer::KeepToVisitor
            && let Some(plain) = self.not_carried(&reply, &response.headers)
        {
            drop(response);
            let answer = self.ask_on_suspicion(plain).await;
            return Box::pin(self.plain_answered(reply, answer)).await;
        }
        self.act(means, reply, Ok(response)).await;
    }

    /// Takes the step that the response to a plain request calls for.
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

    /// The part that visitors' credentials have in this request.
    fn credentials(&self) -> Credentials {
        if self.carried.contains_key(AUTHORIZATION) {
            Credentials::Carried
        } else if self.platform.config().share_authorized {
            Credentials::Absent
        } else {
            Credentials::NotShared
        }
    }

    /// The fields for a second plain request, if the response varies by a field that this one
    /// lacked.
    ///
    /// The response to the second is a variant that the waiting visitor can have.
    pub(super) fn not_carried(
        &mut self,
        reply: &Reply<P>,
        answer: &HeaderMap,
    ) -> Option<HeaderMap> {
        if !reply.is_there() || mem::replace(&mut self.sent_again, true) {
            return None;
        }
        let plain = self.visit.plain_fields(&selected_by(answer));
        (!names_of_changed(&plain, &self.carried).is_empty()).then_some(plain)
    }

    /// The fields that a response is selected by: those in its `Vary`, and those that the page
    /// varied by and the request carried.
    ///
    /// An origin that forgets to name one of them does not thereby show the response to all.
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
