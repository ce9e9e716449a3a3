//! A visitor's request that what is stored does not answer: it takes the lease or waits for another
//! request that has it, looks again, and asks the origin if need be.

use crate::fields::cache_status::{CacheStatus, Detail, Forward};
use crate::lease::in_isolate::Outcome;
use crate::lease::{self, Grant, Lease};
use crate::page::answer;
use crate::page::lookup::{Found, Sight, Usable, look, whole_body};
use crate::page::refresh::Refresh;
use crate::page::reply::Visitor;
use crate::page::variants;
use crate::page::visit::Visit;
use crate::platform::Platform;
use crate::policy::key::Slot;
use crate::policy::reuse::Verdict;
use crate::policy::sharing::NotShared;
use crate::policy::tag::Tag;
use crate::policy::time::Time;
use crate::policy::variants::Admission;
use crate::purge::memory::Moment;
use crate::purge::records::{all_tags, is_outdated_since};

/// How often a request looks again before it asks the origin by itself. After another request's
/// response, which it may not be shown, it waits on: all that wait would ask at once otherwise.
const ROUNDS: u32 = 8;

/// Answers the visitor with what others fetch meanwhile, or with what this request fetches.
pub async fn fill<P: Platform>(
    platform: P,
    visit: Visit,
    mut sight: Sight<P::Body>,
    mut visitor: Visitor<P>,
) {
    let mut lease: Option<Lease<P>> = None;
    let mut patience = lease::patience(&platform);
    let mut alone = false;
    let mut counted = None;
    let mut rounds = 0;
    while rounds < ROUNDS {
        count(&platform, &visit, &mut sight, &mut counted);
        if let Some(held) = lease.take_if(|lease| lease.slot != sight.slot) {
            held.end(Outcome::Abandoned).await;
        }
        let is_done = alone || lease.is_some() || has_waited_enough(&platform, &visitor);
        if is_done || !collapses(&sight) {
            break;
        }
        let mut waited_for = None;
        let tags = tags_of(&visit, &sight);
        match lease::acquire(&platform, &sight.slot, patience, &tags).await {
            Grant::Granted(granted) => {
                visitor.detail = granted.detail();
                lease = Some(granted);
            }
            Grant::Ended(Outcome::Stored { fetched_at, moment }) => {
                visitor.waited();
                waited_for = Some((fetched_at, moment));
            }
            Grant::Ended(Outcome::Abandoned) => visitor.waited(),
            // It is not handed on: each asks for themselves, in the light of what is there now.
            Grant::Ended(Outcome::Uncacheable) => alone = true,
            Grant::Ended(Outcome::Failed(status)) => {
                visitor.waited();
                return visitor.told_of_failure(&platform, &visit, sight, status).await;
            }
            // Another request has taken over from the overdue holder.
            Grant::Overdue => patience = lease::patience(&platform),
            Grant::CacheUnavailable => {
                visitor.detail = Some(Detail::CacheUnavailable);
                break;
            }
        }
        rounds += u32::from(waited_for.is_none());
        let missed = matches!(sight.found, Found::Nothing(_));
        let reason = sight.forward_reason();
        let again = look(&platform, &visit).await;
        let answered = answer_again(&platform, &visit, again, reason, waited_for, &mut visitor);
        let Some(next) = answered.await else { return give_back(lease).await };
        sight = next;
        if waited_for.is_some() && missed && matches!(sight.found, Found::Nothing(_)) {
            platform.isolate().cache.doubt();
        }
    }
    Refresh::new(platform, visit, sight, lease).run(visitor).await;
}

/// Counts the request for the variant that is looked for, once for each slot. The page passes where
/// all places for variants are taken.
fn count<P: Platform>(
    platform: &P,
    visit: &Visit,
    sight: &mut Sight<P::Body>,
    counted: &mut Option<Slot>,
) {
    if counted.as_ref() == Some(&sight.slot) {
        return;
    }
    *counted = Some(sight.slot.clone());
    if variants::asked(platform, visit, sight) == Admission::Full {
        sight.found = Found::NotForThem(NotShared::Variants);
    }
}

/// Ends a lease that is not needed: other requests have stored the page meanwhile.
async fn give_back<P: Platform>(lease: Option<Lease<P>>) {
    if let Some(lease) = lease {
        lease.end(Outcome::Abandoned).await;
    }
}

/// One holder after the other may have been lost: no request waits for more than two.
fn has_waited_enough<P: Platform>(platform: &P, visitor: &Visitor<P>) -> bool {
    platform.now() >= visitor.arrived + platform.config().lease_life() * 2
}

/// Whether one request can answer for others: not for a page that passes, and not for a response
/// that has to be validated at each use.
fn collapses<B>(sight: &Sight<B>) -> bool {
    match &sight.found {
        Found::Nothing(_) => true,
        Found::Pass(_) | Found::NotForThem(_) => false,
        Found::Response(usable) => !usable.stored.lifetimes.validates_each_use(),
    }
}

/// The tags by which a purge can be known to concern what is asked for: those of what is stored, or
/// where nothing is, those that the URL alone gives it.
fn tags_of<B>(visit: &Visit, sight: &Sight<B>) -> Vec<Tag> {
    match &sight.found {
        Found::Response(usable) => all_tags(visit, &usable.stored.tags),
        _ => all_tags(visit, &[]),
    }
}

/// Sends what others have stored in the meantime, or gives the sight back.
async fn answer_again<P: Platform>(
    platform: &P,
    visit: &Visit,
    sight: Sight<P::Body>,
    reason: Forward,
    waited_for: Option<(Time, Moment)>,
    visitor: &mut Visitor<P>,
) -> Option<Sight<P::Body>> {
    let Found::Response(usable) = sight.found else { return Some(sight) };
    let awaited = is_what_was_waited_for(platform, visit, &usable, waited_for, visitor.arrived);
    let ttl = match usable.verdict {
        Verdict::Serve { ttl } | Verdict::ServeStale { ttl } => ttl,
        _ if awaited => platform.now().seconds_until(usable.stored.expires_at()),
        _ => return Some(Sight { found: Found::Response(usable), ..sight }),
    };
    let Usable { stored, body, verdict } = *usable;
    let body = match verdict {
        // It was not to be shown, so a large body was not looked up.
        Verdict::Discard { .. } => whole_body(platform, &sight.slot, &stored, body).await,
        _ => Some(body),
    };
    let Some(body) = body else { return Some(Sight { found: Found::Nothing(reason), ..sight }) };
    let ttl = Some(ttl);
    let status = CacheStatus { collapsed: true, ttl, ..CacheStatus::forwarded(reason) };
    visitor.send(platform, answer::stored(platform, visit, stored, body, status));
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
    usable: &Usable<P::Body>,
    waited_for: Option<(Time, Moment)>,
    arrived: Time,
) -> bool {
    let Some((fetched_at, moment)) = waited_for else { return false };
    // Not a later one: where clocks differ, later is not newer.
    usable.stored.fetched_at == fetched_at
        && !usable.stored.lifetimes.validates_each_use()
        // broken: waiting-gets-what-was-purged
        && (fetched_at > arrived || !is_outdated_since(platform, visit, &usable.stored, moment))
}
