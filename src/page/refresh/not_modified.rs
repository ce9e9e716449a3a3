//! A 304: the stored response is still valid, and is freshened.

use std::rc::Rc;
use std::time::Duration;

use http::header::{HeaderName, VARY};
use http::{HeaderMap, StatusCode};

use crate::fields::cache_status::CacheStatus;
use crate::fields::conditional;
use crate::fields::forwarding;
use crate::lease::LeaseEnd;
use crate::page::answer;
use crate::page::found::{Candidate, Found, SlotContent};
use crate::page::lookup::read_slot;
use crate::page::refresh::Refresh;
use crate::page::reply::Reply;
use crate::platform::{Platform, Response, Settled};
use crate::policy::freshness::{Lifetimes, Made, born_at};
use crate::policy::key::Slot;
use crate::policy::refresh::answers::{self, NotModified};
use crate::policy::sharing::says_it_is_for_all;
use crate::policy::stored::{GraphMarks, Stored, StoredResponse};
use crate::policy::storing::Storing;
use crate::policy::tag::TagSet;

impl<P: Platform> Refresh<P> {
    /// Freshens the stored response with the fields of a 304 (RFC 9111 §4.3.4), and sends it.
    ///
    /// A 304 may be about another response than the stored one: the origin is then asked again
    /// without validators. A 304 may also say that the page is no longer for all.
    pub(crate) async fn not_modified(mut self, mut reply: Reply<P>, response: Response<P::Body>) {
        // broken: 304-freshens-past-a-purge
        let cache_status = self.status(&reply, StatusCode::NOT_MODIFIED);
        let Found::Response(candidate) = self.take_found() else { return };
        let mut headers = conditional::updated(&candidate.stored.headers, &response.headers);
        let vouches = answers::not_modified(&response.headers, &candidate.stored.headers);
        // Some servers name fewer fields in the `Vary` of a 304, which has no body to encode.
        copy(&mut headers, &candidate.stored.headers, VARY);
        if vouches == NotModified::VouchesForAnother {
            self.lookup.found = Found::Response(candidate);
            self.unconditional = true;
            return Box::pin(self.run(reply)).await;
        }
        let lifetimes = match self.judge(candidate.stored.status, &headers) {
            Storing::Store(lifetimes) => lifetimes,
            Storing::Refuse(reason) => {
                let Candidate { stored, derived, body, verdict, detail } = *candidate;
                let whole = Response::new(stored.status, headers, body);
                let without = self.platform.empty_body();
                let prior = Candidate { stored, derived, body: without, verdict, detail };
                self.lookup.found = Found::Response(Box::new(prior));
                return self.turned(reply, StatusCode::NOT_MODIFIED, whole, reason).await;
            }
        };
        let Candidate { stored: prior, body, .. } = *candidate;
        let stored = self.freshened(&prior, &response, headers, lifetimes);
        let status = CacheStatus { stored: true, ..cache_status };
        let answer = answer::stored(&self.platform, &self.visit, &stored, body, status);
        // The visitor need not wait for the freshened response to be stored.
        reply.send(answer);
        self.keep_freshened(stored, prior).await;
    }

    /// Puts together the freshened response: the stored body, with the times, tags and purges of
    /// the 304.
    fn freshened(
        &self,
        prior: &StoredResponse,
        not_modified: &Response<P::Body>,
        headers: HeaderMap,
        lifetimes: Lifetimes,
    ) -> StoredResponse {
        let states_tags = TagSet::of(&not_modified.headers, self.visit.key.host()).stated;
        let tags = if states_tags {
            self.tags(prior.status, &not_modified.headers, &headers)
        } else {
            prior.tags.clone()
        };
        let ruled = self.ruled(prior.status, &headers);
        let is_forced = ruled.forced.is_some();
        // The age comes from the 304 itself, not from the stored response.
        let mut of_answer = not_modified.headers.clone();
        forwarding::drop_hop_by_hop(&mut of_answer);
        let made = Made::of(&of_answer, self.began);
        let lifetimes = lifetimes.of_made(made);
        StoredResponse {
            born_at: born_at(&of_answer, self.began),
            provenance: self.provenance(&tags, made),
            for_all: says_it_is_for_all(prior.status, &headers, &lifetimes, is_forced),
            by_rule: !ruled.is_nothing(),
            build: self.build(&ruled),
            stripped: [&prior.stripped[..], &self.stripped].concat(),
            browser_ttl: ruled.told_to_browsers(&headers),
            headers,
            lifetimes,
            tags,
            graph: GraphMarks::default(),
            ..prior.clone()
        }
    }

    /// Stores a freshened response with the body that the slot holds now.
    async fn keep_freshened(mut self, stored: StoredResponse, prior: Rc<StoredResponse>) {
        let slot: Slot = self.lookup.slot.clone();
        let current = match read_slot(&self.platform, &self.visit.key, &slot).await {
            Some(SlotContent { stored: Stored::Response(current), body, .. })
                if current.has_body_of(&prior) =>
            {
                Some(body)
            }
            // The response was replaced or evicted meanwhile: there is no body to store the new
            // fields with.
            _ => None,
        };
        let Some(body) = current else { return self.end(LeaseEnd::Abandoned).await };
        // A body in the slot itself is small, and a large one has its own slot: nothing is staged.
        let staging = slot.beside("staging");
        match self.platform.settle(body.into(), &staging, Duration::ZERO).await {
            Ok(Settled::Whole(body)) => self.keep(slot, stored, body, Some(prior)).await,
            _ => self.end(LeaseEnd::Abandoned).await,
        }
    }
}

/// Replaces a field of `headers` by the lines that `from` has of it.
fn copy(headers: &mut HeaderMap, from: &HeaderMap, name: HeaderName) {
    headers.remove(&name);
    for value in from.get_all(&name) {
        headers.append(name.clone(), value.clone());
    }
}
