//! A page that is not for all: it passes for a while, and its requests are not collapsed.
//!
//! A pass marker in the slot tells the whole data centre. This isolate's memory tells its own
//! requests at once.

use futures::join;
use http::StatusCode;

use super::put::Written;
use super::{Refresh, answer_with_own};
use crate::durable;
use crate::graph::diff::gone_with;
use crate::graph::write;
use crate::lease::LeaseEnd;
use crate::page::answer;
use crate::page::reply::Reply;
use crate::platform::{Platform, Response};
use crate::policy::refresh::answers::OwnAnswer;
use crate::policy::refresh::passing::{WhenNotForAll, when_not_for_all};
use crate::policy::refresh::plain::carries_what_selects;
use crate::policy::stored::{Pass, PassMarker, PassingFirst, Stored};
use crate::policy::storing::Refusal;
use crate::policy::time::Time;
use crate::policy::timing::PASS_FOR;

impl<P: Platform> Refresh<P> {
    /// Acts on a plain response that is not for all.
    ///
    /// The visitor's own request is sent, unless the plain one carried all of its fields.
    /// `answered` is the origin's status, for `Cache-Status`.
    pub(crate) async fn turned(
        mut self,
        mut reply: Reply<P>,
        answered: StatusCode,
        response: Response<P::Body>,
        reason: Refusal,
    ) {
        let mut status = self.status(&reply, answered);
        status.detail = status.detail.or(Some(reason.detail()));
        if let Some(warming) = &self.visit.warming {
            warming.uncacheable(reason.detail().as_str());
        }
        let (visit, pass) = (self.visit.clone(), Pass { reason, plain: true });
        let added = self.visit.added_to(&self.carried);
        if when_not_for_all(&added, reply.is_there()) == WhenNotForAll::PassedOn {
            let answer = answer::passed_on(&self.platform, &visit, response, status);
            reply.send(answer);
            if reason.is_of_page() {
                return self.pass(pass).await;
            }
            return self.end(LeaseEnd::Abandoned).await;
        }
        drop(response);
        // The waiting requests are told now: they need not wait for this visitor's own request as
        // well.
        self.announce(pass);
        let platform = self.platform.clone();
        let own = answer_with_own(&platform, &visit, &mut reply, status);
        join!(own, self.pass(pass));
    }

    /// Marks the page as one that passes for a while: none of its requests waits or is collapsed.
    ///
    /// The marker replaces the stored response, if a plain request says so. The tag graph forgets
    /// the page last.
    pub(super) async fn pass(mut self, pass: Pass) {
        self.turned_away = pass.plain && self.lookup.found.stored().is_some();
        let pass = self.as_told(pass);
        let until = self.announce(pass);
        let slot = self.lookup.slot.clone();
        let first = self.passing_first();
        let kept_until = first.as_ref().map_or(until, |first| first.kept_until.max(until));
        let marker = Stored::Pass(PassMarker { fetched_at: self.began, until, pass, first });
        let body = self.platform.empty_body();
        let life = kept_until.since(self.platform.now());
        let written = self.put(&slot, marker, None, body, life).await;
        if let Some(lease) = &self.lease {
            lease.release(LeaseEnd::Uncacheable).await;
        }
        // A response that keeps the slot keeps its relations.
        let Written::InPlaceOf(replaced) = written else { return };
        // broken: tier-keeps-private
        if replaced.is_some() || self.lookup.found.stored().is_some() {
            durable::forget(&self.platform, &self.visit.key).await;
        } else {
            durable::forget_earlier(&self.platform, &self.visit.key, self.began).await;
        }
        if let Some(gone) = gone_with(replaced, self.take_prior()) {
            write::forget(&self.platform, &self.visit.key, &gone).await;
        }
    }

    /// The first variant's statement about the other variants, if it is the variant that passes.
    pub(super) fn passing_first(&self) -> Option<PassingFirst> {
        let now = self.platform.now();
        self.lookup.passing_first(|stored| now + self.kept_for(stored))
    }

    /// The pass as other requests are told of it: one visitor's selecting fields must not decide
    /// for others.
    pub(super) fn as_told(&self, pass: Pass) -> Pass {
        let is_of_one_variant = self.passing_first().is_some() || self.lookup.beside.is_some();
        pass.as_told(is_of_one_variant, self.carries_what_selects())
    }

    /// Tells whether the plain request carried a field of the visitor's that others need not send.
    pub(super) fn carries_what_selects(&self) -> bool {
        let forward = &self.platform.config().plain.forward_headers;
        let is_of_site = self.visit.key.foreign_origin().is_some();
        carries_what_selects(&self.visit.beyond_key(&self.carried), forward, is_of_site)
    }

    /// Tells this isolate that the page passes, and wakes the waiting requests. Only the first call
    /// does so.
    ///
    /// Returns the time until which the page passes.
    pub(super) fn announce(&mut self, pass: Pass) -> Time {
        let pass = self.as_told(pass);
        let (now, slot) = (self.platform.now(), &self.lookup.slot);
        let isolate = self.platform.isolate();
        let until = now + PASS_FOR;
        if std::mem::replace(&mut self.announced, true) {
            return until;
        }
        if pass.plain {
            let misled = self.own == Some(OwnAnswer::Promising);
            isolate.sections.with_mut(|sections| sections.refused(&self.visit.key, misled, now));
        }
        isolate.failures.forget(slot);
        // The page's own slot also leads to its other variants. If the first variant alone passes,
        // they must not.
        if self.passing_first().is_none() {
            isolate.passes.note(slot, (until, pass), now);
        }
        if let Some(lease) = &mut self.lease {
            lease.wake(LeaseEnd::Uncacheable);
        }
        until
    }
}
