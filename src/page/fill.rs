//! Filling the cache: a visitor's request that no stored response serves.
//!
//! The request takes the lease, or waits for the holder. Then it looks the page up again, and asks
//! the origin only if that is still needed.

use crate::durable::serve::restore;
use crate::fields::cache_status::{CacheStatus, Detail, Forward};
use crate::lease::LeaseEnd;
use crate::lease::{self, Lease, Turn};
use crate::page::answer;
use crate::page::found::{Candidate, Found, Lookup};
use crate::page::lookup::{look, whole_body};
use crate::page::refresh::Refresh;
use crate::page::reply::Reply;
use crate::page::variants;
use crate::page::visit::Visit;
use crate::platform::Platform;
use crate::policy::fence::Purged;
use crate::policy::key::Slot;
use crate::policy::reuse::Verdict;
use crate::policy::sharing::NotShared;
use crate::policy::sharing::collapsing::{AfterWaiting, Awaited, after_waiting, has_waited_enough};
use crate::policy::sharing::variants::Admission;
use crate::policy::stored::StoredResponse;
use crate::policy::time::Time;
use crate::purge::knowledge::Knowledge;
use crate::purge::records::purged_since;

/// The number of rounds without another request's response after which a request asks the origin by
/// itself.
const ROUNDS: u32 = 8;

/// Sends the visitor a response: one that another request fetches, or one that this request
/// fetches.
///
/// `arrived` is when the visitor's request came. A response that was requested before then is not
/// used if a purge concerns it.
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
    // The rounds are over, or one of them decided so: the request asks the origin, with the lease
    // if it has one.
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
    /// The time until which the request waits for the holder of the lease.
    patience: Time,
    lease: Option<Lease<P>>,
    /// Whether another request's response may still be for this one.
    waits: bool,
    /// The slot that the request was counted for.
    counted: Option<Slot>,
}

/// The next step after a round.
enum Step {
    /// Look again. The round counts towards [`ROUNDS`].
    Again,
    /// Look again, because another request's response came and was not for this one.
    ///
    /// Such rounds do not count. Otherwise all waiting requests would ask the origin at once.
    AgainAfterAResponse,
    /// Ask the origin.
    Ask,
    /// The visitor has the response.
    Answered,
}

/// The message of another request about the response that it has stored.
#[derive(Clone, Copy)]
struct Told {
    /// The time before the other request was sent to the origin.
    fetched_at: Time,
    /// The purges that this isolate knew of before the other request was sent.
    knowledge: Knowledge,
}

impl<P: Platform> Fill<P> {
    /// Takes the lease or waits for its end, and then looks again.
    ///
    /// The request keeps its lease from round to round. The first round that has a lease and no
    /// response asks the origin.
    async fn round(&mut self) -> Step {
        self.count();
        let slot = &self.lookup.slot;
        // The last lookup led to another slot: the lease of the old one is of no use.
        if let Some(held) = self.lease.take_if(|lease| lease.slot != *slot) {
            held.end(LeaseEnd::Abandoned).await;
        }
        if self.lease.is_some() || !self.waits_on() || !self.lookup.found.collapses() {
            return Step::Ask;
        }
        let (mut told, mut came) = (None, false);
        match lease::acquire(&self.platform, &self.lookup.slot, self.patience).await {
            Turn::Granted(granted) => {
                self.reply.detail = granted.detail();
                self.lease = Some(granted);
                if let Some(step) = self.restore().await {
                    return step;
                }
            }
            Turn::Ended(LeaseEnd::Stored { fetched_at, knowledge }) => {
                self.reply.waited();
                (told, came) = (Some(Told { fetched_at, knowledge }), true);
            }
            Turn::Ended(LeaseEnd::Purged) => {
                self.reply.waited();
                came = true;
            }
            Turn::Ended(LeaseEnd::Abandoned) => self.reply.waited(),
            // The response was for the holder alone. The request looks once more, and then asks the
            // origin for itself.
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
        match self.look_again(told).await {
            Step::Again if came => Step::AgainAfterAResponse,
            step => step,
        }
    }

    /// Restores the page from the durable tier, and sends it if it may be shown. A stale page is
    /// revalidated then, while no visitor waits.
    async fn restore(&mut self) -> Option<Step> {
        let Fill { platform, visit, lookup, reply, .. } = self;
        self.lookup = restore(platform, visit, lookup, reply).await?;
        let Found::Response(candidate) = &self.lookup.found else { return None };
        let (ttl, step) = match candidate.verdict {
            Verdict::Serve { ttl } => (ttl, Step::Answered),
            Verdict::ServeStale { ttl } => (ttl, Step::Ask),
            Verdict::Revalidate { .. } | Verdict::Discard { .. } => return None,
        };
        let status = CacheStatus::hit(ttl).detail(Detail::Durable);
        let found = std::mem::replace(&mut self.lookup.found, Found::Nothing(Forward::UriMiss));
        let Found::Response(candidate) = found else { return None };
        let Candidate { stored, derived, body, verdict, detail } = *candidate;
        let platform = &self.platform;
        self.reply.send(answer::stored(platform, &self.visit, &stored, body, status));
        let body = platform.empty_body();
        let candidate = Candidate { stored, derived, body, verdict, detail };
        self.lookup.found = Found::Response(Box::new(candidate));
        Some(step)
    }

    /// Counts the request for the requested variant, once for each slot. If all places for variants
    /// are taken, the request goes to the origin by itself.
    fn count(&mut self) {
        if self.counted.as_ref() == Some(&self.lookup.slot) {
            return;
        }
        self.counted = Some(self.lookup.slot.clone());
        if variants::asked(&self.platform, &self.visit, &self.lookup) == Admission::Full {
            self.lookup.found = Found::NotForVisitor(NotShared::Variants);
        }
    }

    /// Tells whether the request may go on waiting. After the lives of two leases it asks the
    /// origin, whatever others do.
    fn waits_on(&self) -> bool {
        let lease_life = self.platform.config().lease_life();
        self.waits && !has_waited_enough(self.arrived, lease_life, self.platform.now())
    }

    /// Responds with the failure of the request that this one waited for.
    async fn share_failure(&mut self, status: u16) {
        self.reply.waited();
        let reason = self.lookup.forward_reason();
        let found = std::mem::replace(&mut self.lookup.found, Found::Nothing(reason));
        self.reply.told_of_failure(&self.platform, &self.visit, found, reason, status).await;
    }

    /// Looks the page up after a wait, and sends the stored response if this request may have it.
    ///
    /// A response that was reported as stored, and cannot be found, casts doubt on the cache
    /// itself.
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
        Step::Again
    }

    /// Sends the stored response if the request may have it. Returns whether it did.
    ///
    /// A response that is stale at once is still good for the requests that waited for it.
    /// Otherwise such a page would cost the origin one request a visitor.
    async fn show_stored(&mut self, reason: Forward, told: Option<Told>) -> bool {
        let (stored, verdict) = match &self.lookup.found {
            Found::Response(candidate) => (&candidate.stored, candidate.verdict),
            Found::Discarded(it) => (&it.stored, Verdict::Discard { detail: it.detail }),
            Found::Nothing(_) | Found::Pass(_) | Found::NotForVisitor(_) => return false,
        };
        if self.visit.warming.is_some() {
            // Nobody is shown a stale page: it is to be fetched.
            return matches!(verdict, Verdict::Serve { .. });
        }
        let (awaited, now) = (self.awaited(stored, told), self.platform.now());
        let after = after_waiting(stored, verdict, awaited, self.arrived, now);
        let AfterWaiting::Show { ttl } = after else { return false };
        let found = std::mem::replace(&mut self.lookup.found, Found::Nothing(reason));
        let platform = &self.platform;
        let (stored, body) = match found {
            Found::Response(candidate) => (candidate.stored, Some(candidate.body)),
            // A large body was not looked up before, because no later request may have this
            // response.
            Found::Discarded(it) => {
                let body = whole_body(platform, &self.lookup.slot, &it.stored, it.inline).await;
                (it.stored, body)
            }
            Found::Nothing(_) | Found::Pass(_) | Found::NotForVisitor(_) => return false,
        };
        let Some(body) = body else { return false };
        let ttl = Some(ttl);
        let status = CacheStatus { collapsed: true, ttl, ..CacheStatus::forwarded(reason) };
        let response = answer::stored(platform, &self.visit, &stored, body, status);
        self.reply.send(response);
        true
    }

    /// Compares the stored response with the message of the other request, for the policy to judge.
    fn awaited(&self, stored: &StoredResponse, told: Option<Told>) -> Option<Awaited> {
        let Told { fetched_at, knowledge } = told?;
        let purged = purged_since(&self.platform, &self.visit, stored, knowledge);
        Some(Awaited { fetched_at, is_outdated: purged != Purged::No })
    }

    /// Ends a lease that is not needed: another request has stored the page.
    async fn give_back(self) {
        if let Some(lease) = self.lease {
            lease.end(LeaseEnd::Abandoned).await;
        }
    }
}
