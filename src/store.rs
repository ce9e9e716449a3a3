//! Storing what the origin said: the second half of a refresh.
//!
//! A body takes its slot only after it was read to its clean end (what `put` returns proves
//! nothing), and nothing replaces what was fetched later.

use std::time::Duration;

use http::{HeaderMap, StatusCode};

use crate::answer;
use crate::fence::all_tags;
use crate::graph;
use crate::isolate::Outcome;
use crate::lookup::{Filed, read};
use crate::platform::{Document, Platform, Response, Settled};
use crate::policy::cache_control::joined;
use crate::policy::fields;
use crate::policy::freshness::{Directives, Lifetimes, born_at};
use crate::policy::key::{CacheKey, Slot};
use crate::policy::search::{NO_VARY_SEARCH, Unselecting};
use crate::policy::status::CacheStatus;
use crate::policy::stored::{Place, Stored, StoredResponse};
use crate::policy::tag::{Tag, TagSet};
use crate::policy::vary::Vary;
use crate::revalidate::Refresh;
use crate::search;
use crate::visitor::Visitor;

impl<P: Platform> Refresh<P> {
    /// A whole response: the visitor gets it while it is read to its end, and then it is stored.
    pub(crate) async fn store(
        mut self,
        mut visitor: Visitor<P>,
        response: Response<P::Body>,
        lifetimes: Lifetimes,
    ) {
        self.file_under_own_key(&response.headers).await;
        let (slot, mut stored) = self.to_be_stored(&response, lifetimes);
        let status = CacheStatus { stored: true, ..self.status(&visitor, stored.status) };
        let body = self.show(&mut visitor, &stored, response.body, status);
        let token = format!("body {:016x}", self.platform.random());
        let life = self.kept_for(&stored);
        let body = match self.platform.settle(body, &slot.beside(&token), life).await {
            Ok(Settled::Whole(body)) => body,
            Ok(Settled::Staged) => {
                stored.body = Place::Apart(token);
                self.platform.empty_body()
            }
            Err(_) => {
                self.note_failure();
                return self.end(Outcome::Failed(StatusCode::BAD_GATEWAY.as_u16())).await;
            }
        };
        let prior = self.take_prior();
        self.keep(slot, stored, body, prior).await;
    }

    /// A response is kept under the key that it itself says it shares, and under the URL's own where
    /// it says nothing: what another response said need not hold for this one.
    async fn file_under_own_key(&mut self, headers: &HeaderMap) {
        let Ok(own) = CacheKey::parse(&self.visit.url) else { return };
        let unselecting = Unselecting::of(headers);
        let key = unselecting.as_ref().map_or_else(|| own.clone(), |said| said.shared(&own));
        if unselecting.is_none() && self.visit.key != own {
            search::forget(&self.platform, &own).await;
        }
        if key != self.visit.key {
            self.sight.slot = key.slot();
            self.sight.beside = None;
            self.visit.key = key;
        }
    }

    fn to_be_stored(
        &self,
        response: &Response<P::Body>,
        lifetimes: Lifetimes,
    ) -> (Slot, StoredResponse) {
        let vary = Vary::of(&response.headers);
        let Filed { slot, selecting, era } = self.sight.place(&self.visit, &vary, self.fetched_at);
        let tags = self.tags(response);
        let mut headers = response.headers.clone();
        fields::drop_hop_by_hop(&mut headers);
        let stored = StoredResponse {
            status: response.status,
            fetched_at: self.fetched_at,
            born_at: born_at(&headers, self.fetched_at),
            headers,
            lifetimes,
            known: self.known(&tags),
            tags,
            selecting,
            era,
            graphed_at: None,
            graph_checked_at: None,
            former_tags: Vec::new(),
            body: Place::Inline,
        };
        (slot, stored)
    }

    /// Sends the visitor the answer, and returns the body that is to be stored.
    fn show(
        &self,
        visitor: &mut Visitor<P>,
        stored: &StoredResponse,
        body: P::Body,
        status: CacheStatus,
    ) -> P::Body {
        if !visitor.is_there() {
            return body;
        }
        let (theirs, ours) = match self.visit.is_head() {
            true => (self.platform.empty_body(), body),
            false => self.platform.tee(body),
        };
        visitor.send(answer::stored(&self.platform, &self.visit, stored.clone(), theirs, status));
        ours
    }

    /// Puts a response into its slot, tells the others, and then sees to the tag graph.
    pub(crate) async fn keep(
        mut self,
        slot: Slot,
        mut stored: StoredResponse,
        body: P::Body,
        prior: Option<StoredResponse>,
    ) {
        let (platform, key) = (self.platform.clone(), self.visit.key.clone());
        // On a cold page others wait for the put: the graph is looked at after it.
        let mut plan = None;
        if prior.is_some() {
            let made = graph::plan(&platform, &key, prior.as_ref(), &stored).await;
            made.note(&mut stored, platform.now());
            plan = Some(made);
        }
        let isolate = platform.isolate();
        isolate.failures.borrow_mut().forget(&self.sight.slot);
        isolate.passes.borrow_mut().forget(&slot);
        let life = self.kept_for(&stored);
        // Fields that are for this visitor, or for one use, go no further (RFC 9111 §5.2.2.4, .7).
        for name in Directives::of(&stored.headers).cache_control.withheld {
            stored.headers.remove(&name);
        }
        if let Some(said) = joined(&stored.headers, &NO_VARY_SEARCH) {
            search::learn(&self.platform, &self.visit.key, &said, life).await;
        }
        let stored = Stored::Response(Box::new(stored));
        self.put(&slot, &stored, body, life).await;
        let stored_now = Outcome::Stored { fetched_at: self.fetched_at, moment: self.moment };
        self.end(stored_now).await;
        let plan = match (plan, stored) {
            (None, Stored::Response(stored)) => graph::plan(&platform, &key, None, &stored).await,
            (plan, _) => plan.unwrap_or(graph::Plan::NOTHING),
        };
        graph::carry_out(&platform, &key, plan).await;
    }

    /// Writes a slot, unless what it holds was fetched later.
    pub(crate) async fn put(&self, slot: &Slot, stored: &Stored, body: P::Body, life: Duration) {
        let current = read(&self.platform, slot).await;
        if let Some((current, unread)) = current {
            self.platform.discard(unread);
            if current.fetched_at() > stored.fetched_at() {
                return;
            }
        }
        let document = Document { head: stored.to_head(), body };
        let put = self.platform.cache_put(slot, document, life).await;
        let cache = &self.platform.isolate().cache;
        if put.is_ok() && !cache.is_unproven() {
            return;
        }
        match self.platform.cache_match(slot).await {
            Some(found) => {
                self.platform.discard(found.body);
                cache.found();
            }
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
        stored.kept_for(config.longest_grant(), config.max_life, self.platform.now())
    }

    /// The origin's tags and those of the rules.
    pub(crate) fn tags(&self, response: &Response<P::Body>) -> Vec<Tag> {
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

    pub(crate) fn known(&self, tags: &[Tag]) -> Vec<String> {
        let tags = all_tags(&self.visit, tags);
        let memory = self.platform.isolate().purges.borrow();
        memory.known(&tags, self.moment, self.fetched_at, self.platform.config().skew)
    }
}
