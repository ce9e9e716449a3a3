//! Storing a response of the origin: the second half of a refresh.
//!
//! A body takes its slot only after it was read to its clean end, because a successful `put` proves
//! nothing. Nothing replaces a response that was fetched later.

use std::rc::Rc;

use futures::join;
use http::HeaderMap;

use crate::durable::keep::{JustStored, keep};
use crate::fields::cache_control::joined;
use crate::fields::cache_status::CacheStatus;
use crate::fields::forwarding;
use crate::fields::no_vary_search::{NO_VARY_SEARCH, NoVarySearch};
use crate::fields::vary::selected_by;
use crate::graph::{plan, write};
use crate::journal::append::Sender;
use crate::lease::LeaseEnd;
use crate::page::filing::{Filed, FiledKey, filed_key};
use crate::page::refresh::put::Written;
use crate::page::refresh::{Refresh, answer_with_own};
use crate::page::reply::Reply;
use crate::page::{answer, shared_key, variants};
use crate::platform::{Platform, Response, Settled, Unsettled};
use crate::policy::fence::Purged;
use crate::policy::freshness::{Lifetimes, Made, born_at};
use crate::policy::key::Slot;
use crate::policy::refresh::backoff::Cause;
use crate::policy::sharing::variants::Admission;
use crate::policy::sharing::{NotShared, is_for_visitor, says_it_is_for_all};
use crate::policy::stored::{BodyAt, GraphMarks, Stored, StoredResponse};
use crate::policy::storing::withhold;

impl<P: Platform> Refresh<P> {
    /// Stores a whole response to a plain request. The visitor gets it at the same time, if it is
    /// for them.
    ///
    /// Any other visitor gets the response to their own request, which runs beside the storing.
    pub(crate) async fn store(
        mut self,
        mut reply: Reply<P>,
        response: Response<P::Body>,
        lifetimes: Lifetimes,
    ) {
        self.file_under_own_key(&response.headers).await;
        let (slot, stored) = self.to_be_stored(&response, lifetimes);
        let status = self.status(&reply, stored.status);
        // broken: counted-alone
        let is_admitted = self.has_place(&slot)
            || variants::admission(&self.platform, &self.visit, &slot, &stored.variant.selecting)
                == Admission::Stored;
        if reply.is_there() && !self.is_for(&stored) {
            let is_by_cookie = self.visit.cookies().is_some();
            let detail = status.detail.or(is_by_cookie.then_some(NotShared::Cookie.detail()));
            let (platform, visit) = (self.platform.clone(), self.visit.clone());
            let own = CacheStatus { detail, ..status };
            let own = answer_with_own(&platform, &visit, &mut reply, own);
            join!(own, self.settle(slot, stored, response.body.into(), is_admitted));
            return;
        }
        let status = CacheStatus { stored: is_admitted, ..status };
        let body = self.show(&mut reply, &stored, response.body, status, is_admitted);
        self.settle(slot, stored, body, is_admitted).await;
    }

    /// Tells whether the variant is stored already. This isolate may not have counted its requests.
    fn has_place(&self, slot: &Slot) -> bool {
        *slot == self.lookup.slot && self.lookup.found.stored().is_some()
    }

    /// Tells whether a response is for the visitor whose request brought it.
    fn is_for(&self, stored: &StoredResponse) -> bool {
        if self.carries_all_of_visitor() {
            return true;
        }
        let wanted = self.visit.selecting(stored.variant.names());
        let by_cookie = self.visit.config.variants.by_cookie;
        let has_cookies = || self.visit.cookies().is_some();
        is_for_visitor(stored, &wanted, &*self.visit.fields, by_cookie, has_cookies)
    }

    /// Reads the body to its end, and keeps the response. A large body is written to a slot of its
    /// own meanwhile.
    async fn settle(
        mut self,
        slot: Slot,
        mut stored: StoredResponse,
        body: P::Settling,
        is_admitted: bool,
    ) {
        if !is_admitted {
            return self.end(LeaseEnd::Abandoned).await;
        }
        let token = format!("body {:016x}", self.platform.random());
        let life = self.kept_for(&stored);
        let body = match self.platform.settle(body, &slot.beside(&token), life).await {
            Ok(Settled::Whole(body)) => body,
            Ok(Settled::Staged) => {
                stored.body = BodyAt::Apart(token);
                self.platform.empty_body()
            }
            Err(error) => return self.unsettled(error).await,
        };
        self.note_section(&stored);
        let prior = self.take_prior();
        self.keep(slot, stored, body, prior).await;
    }

    /// Remembers which fields this page varies by, as a guess for similar pages.
    fn note_section(&self, stored: &StoredResponse) {
        // An error page tells nothing of the others.
        if !stored.status.is_success() {
            return;
        }
        let (key, now) = (&self.visit.key, self.platform.now());
        let varies = selected_by(&stored.headers);
        let added = self.visit.added_to(&self.carried);
        let sections = &self.platform.isolate().sections;
        sections.with_mut(|sections| sections.stored(key, &varies, &added, now));
    }

    /// Ends the lease after a body that could not be kept. The waiting requests share only a
    /// failure of the origin.
    async fn unsettled(mut self, error: Unsettled) {
        let end = LeaseEnd::of_body(&error, self.own_went_well(), self.failed_lately());
        match error {
            Unsettled::BrokenOff => self.note_failure(Cause::Failed),
            Unsettled::NotKept => self.put_kept_nothing(Some(error.to_string())),
            Unsettled::VisitorTooSlow => {}
        }
        self.end(end).await;
    }

    /// Chooses the key that the response is stored under, by its own `No-Vary-Search`.
    ///
    /// Another response of the path may have declared another key, which need not hold for this
    /// one. The request is then counted for the new key.
    async fn file_under_own_key(&mut self, headers: &HeaderMap) {
        let (asked, said) = (&self.visit.key, NoVarySearch::of(headers));
        match filed_key(asked, said.as_ref(), self.visit.is_spelt_canonically()) {
            FiledKey::AsAsked => {}
            FiledKey::NoLongerShared => shared_key::forget(&self.platform, asked).await,
            FiledKey::Shared(key) => {
                self.lookup.slot = key.slot();
                self.lookup.beside = None;
                self.visit.key = key;
                variants::asked_under_another_key(&self.platform, &self.visit);
            }
        }
    }

    /// Puts together the stored response and its slot.
    ///
    /// No purge in it was learned, and no time in it is taken, after the request was sent.
    fn to_be_stored(
        &self,
        response: &Response<P::Body>,
        lifetimes: Lifetimes,
    ) -> (Slot, StoredResponse) {
        let tags = self.tags(response.status, &response.headers, &response.headers);
        let ruled = self.ruled(response.status, &response.headers);
        let is_forced = ruled.forced.is_some();
        let mut headers = response.headers.clone();
        forwarding::drop_hop_by_hop(&mut headers);
        let made = Made::of(&headers, self.began);
        let lifetimes = lifetimes.of_made(made);
        let names = self.selected_by(&headers);
        let selecting = |names: &[&str]| self.selecting(names);
        let Filed { slot, variant } =
            self.lookup.filed_under(&self.visit.key, &names, self.began, selecting);
        let stored = StoredResponse {
            status: response.status,
            provenance: self.provenance(&tags, made),
            born_at: born_at(&headers, self.began),
            for_all: says_it_is_for_all(response.status, &headers, &lifetimes, is_forced),
            by_rule: !ruled.is_nothing(),
            stripped: self.stripped.clone(),
            build: self.build(&ruled),
            browser_ttl: ruled.told_to_browsers(&response.headers),
            headers,
            lifetimes,
            tags,
            variant,
            graph: GraphMarks::default(),
            body: BodyAt::Inline,
        };
        (slot, stored)
    }

    /// Sends the visitor the response, and returns the body that is to be stored.
    fn show(
        &self,
        reply: &mut Reply<P>,
        stored: &StoredResponse,
        body: P::Body,
        status: CacheStatus,
        is_admitted: bool,
    ) -> P::Settling {
        if !reply.is_there() {
            return body.into();
        }
        let empty = self.platform.empty_body();
        let (theirs, ours) = match (self.visit.is_head(), is_admitted) {
            (true, _) => (empty, body.into()),
            (false, true) => self.platform.tee(body),
            (false, false) => (body, empty.into()),
        };
        let answer = answer::stored(&self.platform, &self.visit, stored, theirs, status);
        reply.send(answer);
        ours
    }

    /// Puts a response into its slot, ends the lease, and then updates the tag graph.
    pub(crate) async fn keep(
        mut self,
        slot: Slot,
        mut stored: StoredResponse,
        body: P::Body,
        prior: Option<Rc<StoredResponse>>,
    ) {
        let (platform, key) = (self.platform.clone(), self.visit.key.clone());
        let sender = self.visit.sender();
        // Other isolates may not know of the purge: stored, the response would be a hit there.
        if self.purged_since(&stored) == Purged::Hard {
            return self.end(LeaseEnd::Purged).await;
        }
        // A new page is put first, because other requests wait for it. The graph is planned after
        // that.
        let mut plan = None;
        if prior.is_some() {
            let made = plan::plan(&platform, &key, prior.as_deref(), &stored, sender).await;
            made.note(&mut stored, platform.now());
            plan = Some(made);
        }
        let isolate = platform.isolate();
        if self.is_behind(&stored) {
            // The origin is asked again, with pauses that grow.
            self.note_failure(Cause::Behind);
        } else {
            isolate.failures.forget(&self.lookup.slot);
        }
        isolate.passes.forget(&slot);
        let life = self.kept_for(&stored);
        withhold(&mut stored.headers);
        if let Some(said) = joined(&stored.headers, &NO_VARY_SEARCH) {
            shared_key::learn(&self.platform, &self.visit.key, &said, life).await;
        }
        let fetched_at = stored.provenance.fetched_at;
        let is_handed_on = !stored.lifetimes.validates_each_use();
        let is_unchanged = prior.as_ref().is_some_and(|prior| stored.is_as_before(prior));
        let stored = Stored::of(stored);
        let again = if platform.has_tier() { platform.body_again(&body) } else { None };
        let written = self.put(&slot, stored.clone(), prior.as_deref(), body, life).await;
        // The lease ends after the put, so that a woken request finds the response.
        let ended = if is_handed_on {
            LeaseEnd::Stored { fetched_at, knowledge: self.knowledge }
        } else {
            // Each use has to be validated, so each waiting request asks the origin for itself.
            LeaseEnd::Uncacheable
        };
        self.end(ended).await;
        // The tags of an overtaken response are not the page's. Tags of a response that was not
        // kept would be lost to any later store.
        let Written::InPlaceOf(_) = written else { return };
        if let Some(warming) = &self.visit.warming {
            warming.stored();
        }
        let Stored::Response(stored) = stored else { return };
        let plan = match plan {
            None => plan::plan(&platform, &key, None, &stored, sender).await,
            Some(plan) => plan,
        };
        write::carry_out(&platform, &key, plan, sender).await;
        let is_first = prior.is_none() && sender == Sender::Visitor;
        let kept = JustStored { response: &stored, body: again, is_first, is_unchanged };
        keep(&platform, &self.visit, kept).await;
    }
}
