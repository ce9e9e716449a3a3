//! A visitor's request that what is stored does not answer: it takes the lease or waits for another
//! request that has it, looks again, and asks the origin if need be.

use crate::fields::cache_status::{CacheStatus, Detail, Forward};
use crate::lease::LeaseEnd;
use crate::lease::{self, Lease, Turn};
use crate::page::answer;
use crate::page::found::{Found, Lookup};
use crate::page::lookup::{look, whole_body};
use crate::page::refresh::Refresh;
use crate::page::reply::Reply;
use crate::page::variants;
use crate::page::visit::Visit;
use crate::platform::Platform;
use crate::policy::key::Slot;
use crate::policy::reuse::Verdict;
use crate::policy::sharing::NotShared;
use crate::policy::sharing::collapsing::{AfterWaiting, Awaited, after_waiting, has_waited_enough};
use crate::policy::sharing::variants::Admission;
use crate::policy::stored::StoredResponse;
use crate::policy::tag::Tag;
use crate::policy::time::Time;
use crate::purge::memory::LearnCount;
use crate::purge::records::{all_tags, is_outdated_since};

/// How often a request looks again before it asks the origin by itself.
const ROUNDS: u32 = 8;

/// Answers the visitor, whose request came at `arrived`, with what others fetch meanwhile or with what
/// this request fetches.
pub async fn fill<P: Platform>(
    platform: P,
    visit: Visit,
    lookup: Lookup<P::Body>,
    reply: Reply<P>,
    arrived: Time,
) {
    let patience = lease::patience(&platform);
    let mut fill = Fill {
        platform,
        visit,
        lookup,
        reply,
        arrived,
        patience,
        lease: None,
        waits: true,
        counted: None,
    };
    let mut rounds = 0;
    while rounds < ROUNDS {
        match fill.round().await {
            Step::Again => rounds += 1,
            Step::AgainAfterAResponse => {}
            Step::Ask => break,
            Step::Answered => return fill.give_back().await,
        }
    }
    let Fill { platform, visit, lookup, reply, lease, .. } = fill;
    Refresh::new(platform, visit, lookup, lease).run(reply).await;
}

/// A request on its way to a response.
struct Fill<P: Platform> {
    platform: P,
    visit: Visit,
    lookup: Lookup<P::Body>,
    reply: Reply<P>,
    arrived: Time,
    /// Until when it waits for the holder of the lease.
    patience: Time,
    lease: Option<Lease<P>>,
    /// Whether another request's response may still be for this one.
    waits: bool,
    /// The slot that the request was counted for.
    counted: Option<Slot>,
}

/// What comes after a round.
enum Step {
    Again,
    /// Another request's response came, and was not for this one. Such rounds do not count: all
    /// requests that wait would ask the origin at once otherwise.
    AgainAfterAResponse,
    /// Ask the origin.
    Ask,
    Answered,
}

/// What another request told of the response that it has stored.
#[derive(Clone, Copy)]
struct Told {
    fetched_at: Time,
    /// What this isolate had learned of purges before the other request asked.
    learn_count: LearnCount,
}

impl<P: Platform> Fill<P> {
    /// Takes the lease or waits for its end, and then looks again.
    async fn round(&mut self) -> Step {
        self.count();
        let slot = &self.lookup.slot;
        if let Some(held) = self.lease.take_if(|lease| lease.slot != *slot) {
            held.end(LeaseEnd::Abandoned).await;
        }
        if self.lease.is_some() || !self.waits_on() || !self.lookup.found.collapses() {
            return Step::Ask;
        }
        let mut told = None;
        let tags = self.tags();
        match lease::acquire(&self.platform, &self.lookup.slot, self.patience, &tags).await {
            Turn::Granted(granted) => {
                self.reply.detail = granted.detail();
                self.lease = Some(granted);
            }
            Turn::Ended(LeaseEnd::Stored { fetched_at, learn_count }) => {
                self.reply.waited();
                told = Some(Told { fetched_at, learn_count });
            }
            Turn::Ended(LeaseEnd::Abandoned) => self.reply.waited(),
            // It is not handed on: each asks for itself, in the light of what is there now.
            Turn::Ended(LeaseEnd::Uncacheable) => self.waits = false,
            Turn::Ended(LeaseEnd::Failed(status)) => {
                self.share_failure(status).await;
                return Step::Answered;
            }
            // Another request has taken over from the overdue holder.
            Turn::Overdue => self.patience = lease::patience(&self.platform),
            Turn::CacheUnavailable => {
                self.reply.detail = Some(Detail::CacheUnavailable);
                return Step::Ask;
            }
        }
        self.look_again(told).await
    }

    /// Counts the request for the variant that is looked for, once for each slot. The page passes where
    /// all places for variants are taken.
    fn count(&mut self) {
        if self.counted.as_ref() == Some(&self.lookup.slot) {
            return;
        }
        self.counted = Some(self.lookup.slot.clone());
        if variants::asked(&self.platform, &self.visit, &self.lookup) == Admission::Full {
            self.lookup.found = Found::NotForThem(NotShared::Variants);
        }
    }

    fn waits_on(&self) -> bool {
        let lease_life = self.platform.config().lease_life();
        self.waits && !has_waited_enough(self.arrived, lease_life, self.platform.now())
    }

    /// The tags by which a purge can be known to concern what is asked for: those of what is stored, or
    /// where nothing is, those that the URL alone gives it.
    fn tags(&self) -> Vec<Tag> {
        let stored = self.lookup.found.stored();
        all_tags(&self.visit, stored.map_or(&[], |stored| &stored.tags))
    }

    async fn share_failure(&mut self, status: u16) {
        self.reply.waited();
        let reason = self.lookup.forward_reason();
        let found = std::mem::replace(&mut self.lookup.found, Found::Nothing(reason));
        self.reply.told_of_failure(&self.platform, &self.visit, found, reason, status).await;
    }

    /// Sends what others have stored in the meantime, or keeps what was found.
    async fn look_again(&mut self, told: Option<Told>) -> Step {
        let missed = matches!(self.lookup.found, Found::Nothing(_));
        let reason = self.lookup.forward_reason();
        self.lookup = look(&self.platform, &self.visit).await;
        if self.show_stored(reason, told).await {
            return Step::Answered;
        }
        if told.is_some() && missed && matches!(self.lookup.found, Found::Nothing(_)) {
            self.platform.isolate().cache.doubt();
        }
        if told.is_some() { Step::AgainAfterAResponse } else { Step::Again }
    }

    /// Sends what is stored if the request may have it; returns whether it did.
    async fn show_stored(&mut self, reason: Forward, told: Option<Told>) -> bool {
        let (stored, verdict) = match &self.lookup.found {
            Found::Response(candidate) => (&candidate.stored, candidate.verdict),
            Found::Discarded(it) => (&it.stored, Verdict::Discard { detail: it.detail }),
            Found::Nothing(_) | Found::Pass(_) | Found::NotForThem(_) => return false,
        };
        let (awaited, now) = (self.awaited(stored, told), self.platform.now());
        let after = after_waiting(stored, verdict, awaited, self.arrived, now);
        let AfterWaiting::Show { ttl } = after else { return false };
        let found = std::mem::replace(&mut self.lookup.found, Found::Nothing(reason));
        let platform = &self.platform;
        let (stored, body) = match found {
            Found::Response(candidate) => (candidate.stored, Some(candidate.body)),
            // It was not to be shown, so a large body was not looked up.
            Found::Discarded(it) => {
                let body = whole_body(platform, &self.lookup.slot, &it.stored, it.inline).await;
                (it.stored, body)
            }
            Found::Nothing(_) | Found::Pass(_) | Found::NotForThem(_) => return false,
        };
        let Some(body) = body else { return false };
        let ttl = Some(ttl);
        let status = CacheStatus { collapsed: true, ttl, ..CacheStatus::forwarded(reason) };
        let response = answer::stored(platform, &self.visit, stored, body, status);
        self.reply.send(response);
        true
    }

    fn awaited(&self, stored: &StoredResponse, told: Option<Told>) -> Option<Awaited> {
        let Told { fetched_at, learn_count } = told?;
        let is_outdated = is_outdated_since(&self.platform, &self.visit, stored, learn_count);
        Some(Awaited { fetched_at, is_outdated })
    }

    /// Ends a lease that is not needed: other requests have stored the page meanwhile.
    async fn give_back(self) {
        if let Some(lease) = self.lease {
            lease.end(LeaseEnd::Abandoned).await;
        }
    }
}
