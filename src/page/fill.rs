//! A visitor's request that what is stored does not answer: it takes the lease or waits for another
//! request that has it, looks again, and asks the origin if need be.

use crate::fields::cache_status::{CacheStatus, Detail, Forward};
use crate::lease::LeaseEnd;
use crate::lease::{self, Lease, Turn};
use crate::page::answer;
use crate::page::lookup::{Candidate, Found, Lookup, look, whole_body};
use crate::page::refresh::Refresh;
use crate::page::reply::Reply;
use crate::page::variants;
use crate::page::visit::Visit;
use crate::platform::Platform;
use crate::policy::key::Slot;
use crate::policy::reuse::Verdict;
use crate::policy::sharing::NotShared;
use crate::policy::sharing::variants::Admission;
use crate::policy::tag::Tag;
use crate::policy::time::Time;
use crate::purge::memory::LearnCount;
use crate::purge::records::{all_tags, is_outdated_since};

/// How often a request looks again after waiting for others, before it asks the origin by itself.
const ROUNDS: u32 = 8;

/// Answers the visitor with what others fetch meanwhile, or with what this request fetches.
pub async fn fill<P: Platform>(
    platform: P,
    visit: Visit,
    mut lookup: Lookup<P::Body>,
    mut reply: Reply<P>,
) {
    let mut lease: Option<Lease<P>> = None;
    let mut patience = lease::patience(&platform);
    let mut alone = false;
    let mut counted = None;
    for _ in 0..ROUNDS {
        count(&platform, &visit, &mut lookup, &mut counted);
        if let Some(held) = lease.take_if(|lease| lease.slot != lookup.slot) {
            held.end(LeaseEnd::Abandoned).await;
        }
        let is_done = alone || lease.is_some() || has_waited_enough(&platform, &reply);
        if is_done || !collapses(&lookup) {
            break;
        }
        let mut waited_for = None;
        let tags = tags_of(&visit, &lookup);
        match lease::acquire(&platform, &lookup.slot, patience, &tags).await {
            Turn::Granted(granted) => {
                reply.detail = granted.detail();
                lease = Some(granted);
            }
            Turn::Ended(LeaseEnd::Stored { fetched_at, learn_count }) => {
                reply.waited();
                waited_for = Some((fetched_at, learn_count));
            }
            Turn::Ended(LeaseEnd::Abandoned) => reply.waited(),
            // It is not handed on: each asks for themselves, in the light of what is there now.
            Turn::Ended(LeaseEnd::Uncacheable) => alone = true,
            Turn::Ended(LeaseEnd::Failed(status)) => {
                reply.waited();
                return reply.told_of_failure(&platform, &visit, lookup, status).await;
            }
            // Another request has taken over from the overdue holder.
            Turn::Overdue => patience = lease::patience(&platform),
            Turn::CacheUnavailable => {
                reply.detail = Some(Detail::CacheUnavailable);
                break;
            }
        }
        let missed = matches!(lookup.found, Found::Nothing(_));
        let reason = lookup.forward_reason();
        let again = look(&platform, &visit).await;
        let answered = answer_again(&platform, &visit, again, reason, waited_for, &mut reply);
        let Some(next) = answered.await else { return give_back(lease).await };
        lookup = next;
        if waited_for.is_some() && missed && matches!(lookup.found, Found::Nothing(_)) {
            platform.isolate().cache.doubt();
        }
    }
    Refresh::new(platform, visit, lookup, lease).run(reply).await;
}

/// Counts the request for the variant that is looked for, once for each slot. The page passes where
/// all places for variants are taken.
fn count<P: Platform>(
    platform: &P,
    visit: &Visit,
    lookup: &mut Lookup<P::Body>,
    counted: &mut Option<Slot>,
) {
    if counted.as_ref() == Some(&lookup.slot) {
        return;
    }
    *counted = Some(lookup.slot.clone());
    if variants::asked(platform, visit, lookup) == Admission::Full {
        lookup.found = Found::NotForThem(NotShared::Variants);
    }
}

/// Ends a lease that is not needed: other requests have stored the page meanwhile.
async fn give_back<P: Platform>(lease: Option<Lease<P>>) {
    if let Some(lease) = lease {
        lease.end(LeaseEnd::Abandoned).await;
    }
}

/// One holder after the other may have been lost: no request waits for more than two.
fn has_waited_enough<P: Platform>(platform: &P, reply: &Reply<P>) -> bool {
    platform.now() >= reply.arrived + platform.config().lease_life() * 2
}

/// Whether one request can answer for others: not for a page that passes, and not for a response
/// that has to be validated at each use.
fn collapses<B>(lookup: &Lookup<B>) -> bool {
    match &lookup.found {
        Found::Nothing(_) => true,
        Found::Pass(_) | Found::NotForThem(_) => false,
        Found::Response(candidate) => !candidate.stored.lifetimes.validates_each_use(),
    }
}

/// The tags by which a purge can be known to concern what is asked for: those of what is stored, or
/// where nothing is, those that the URL alone gives it.
fn tags_of<B>(visit: &Visit, lookup: &Lookup<B>) -> Vec<Tag> {
    match &lookup.found {
        Found::Response(candidate) => all_tags(visit, &candidate.stored.tags),
        _ => all_tags(visit, &[]),
    }
}

/// Sends what others have stored in the meantime, or gives the lookup back.
async fn answer_again<P: Platform>(
    platform: &P,
    visit: &Visit,
    lookup: Lookup<P::Body>,
    reason: Forward,
    waited_for: Option<(Time, LearnCount)>,
    reply: &mut Reply<P>,
) -> Option<Lookup<P::Body>> {
    let Found::Response(candidate) = lookup.found else { return Some(lookup) };
    let awaited = is_what_was_waited_for(platform, visit, &candidate, waited_for, reply.arrived);
    let ttl = match candidate.verdict {
        Verdict::Serve { ttl } | Verdict::ServeStale { ttl } => ttl,
        _ if awaited => platform.now().seconds_until(candidate.stored.expires_at()),
        _ => return Some(Lookup { found: Found::Response(candidate), ..lookup }),
    };
    let Candidate { stored, body, verdict } = *candidate;
    let body = match verdict {
        // It was not to be shown, so a large body was not looked up.
        Verdict::Discard { .. } => whole_body(platform, &lookup.slot, &stored, body).await,
        _ => Some(body),
    };
    let Some(body) = body else { return Some(Lookup { found: Found::Nothing(reason), ..lookup }) };
    let ttl = Some(ttl);
    let status = CacheStatus { collapsed: true, ttl, ..CacheStatus::forwarded(reason) };
    reply.send(platform, answer::stored(platform, visit, stored, body, status));
    None
}

/// A request that waited for another's answer may have it although it is not fresh for those who
/// come later: a page that is stale at once must not cost the origin one request a visitor. If the
/// origin was asked after this visitor had come, it is as good as an answer of their own; else a
/// purge that was seen since forbids it. What has to be validated at each use is never handed on
/// (RFC 9111 §5.2.2.4).
fn is_what_was_waited_for<P: Platform>(
    platform: &P,
    visit: &Visit,
    candidate: &Candidate<P::Body>,
    waited_for: Option<(Time, LearnCount)>,
    arrived: Time,
) -> bool {
    let Some((fetched_at, learn_count)) = waited_for else { return false };
    // Not a later one: where clocks differ, later is not newer.
    candidate.stored.provenance.fetched_at == fetched_at
        && !candidate.stored.lifetimes.validates_each_use()
        // broken: waiting-gets-what-was-purged
        && (fetched_at > arrived || !is_outdated_since(platform, visit, &candidate.stored, learn_count))
}
