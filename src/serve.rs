//! A visitor's request, from the lookup to the answer.

use futures::channel::oneshot;
use http::{Method, StatusCode};

use crate::answer;
use crate::fence::{all_tags, is_outdated_since};
use crate::forward;
use crate::isolate::Outcome;
use crate::lease::{self, Grant, Lease};
use crate::lookup::{Found, Sight, Usable, look, whole_body};
use crate::platform::{Platform, Response};
use crate::policy::key::Slot;
use crate::policy::range::{self, Part};
use crate::policy::reuse::{Bypass, Verdict, bypass};
use crate::policy::status::{CacheStatus, Forward};
use crate::policy::stored::StoredResponse;
use crate::policy::tag::Tag;
use crate::policy::time::Time;
use crate::policy::validation::is_not_modified;
use crate::purge_memory::Moment;
use crate::revalidate::Refresh;
use crate::search;
use crate::visit::Visit;
use crate::visitor::Visitor;

/// How often a request looks again after waiting for others, before it asks the origin by itself.
const ROUNDS: u32 = 8;

/// Answers a visitor.
pub async fn serve<P: Platform>(
    platform: P,
    visit: Visit,
    body: Option<P::Body>,
) -> Response<P::Body> {
    if forward::loops(&platform, &visit) {
        return forward::loop_detected(&platform);
    }
    if let Some(reason) = bypassed(&platform, &visit) {
        let status = forward::bypass_status(reason);
        return forward::bypass(&platform, &visit, body, status).await;
    }
    let mut visit = visit;
    let mut sight = look(&platform, &visit).await;
    if matches!(sight.found, Found::Nothing(Forward::UriMiss))
        && let Some(shared) = search::shared_key(&platform, &visit.key).await
    {
        visit.key = shared;
        sight = look(&platform, &visit).await;
    }
    match shown(&platform, &visit, sight) {
        Ok(shown) => show(&platform, &visit, shown).await,
        Err(sight) => answer_from_origin(platform, visit, sight).await,
    }
}

fn bypassed<P: Platform>(platform: &P, visit: &Visit) -> Option<Bypass> {
    let config = platform.config();
    let by_request =
        bypass(&visit.method, &*visit.fields, &config.login_cookies, config.share_authorized);
    if by_request.is_some() {
        return by_request;
    }
    if config.rules_for(visit.key.path()).iter().any(|rule| rule.bypass) {
        return Some(Bypass::Rule);
    }
    let no_store = config.request_directives && visit.asked().is_some_and(|asked| asked.no_store);
    no_store.then_some(Bypass::NoStore)
}

/// What was found and may be shown at once, with what is said of it.
struct Shown<B> {
    slot: Slot,
    stored: StoredResponse,
    body: B,
    status: CacheStatus,
}

/// What the sight allows to be shown at once, if anything.
fn shown<P: Platform>(
    platform: &P,
    visit: &Visit,
    sight: Sight<P::Body>,
) -> Result<Shown<P::Body>, Sight<P::Body>> {
    let Found::Response(usable) = sight.found else { return Err(sight) };
    let status = match usable.verdict {
        Verdict::Serve { ttl } => CacheStatus::hit(ttl),
        Verdict::ServeStale { ttl } => {
            let detail = revalidate_behind(platform, visit, &sight.slot, &usable);
            CacheStatus::hit(ttl).detail(detail)
        }
        _ => return Err(Sight { found: Found::Response(usable), ..sight }),
    };
    let Usable { stored, body, .. } = *usable;
    Ok(Shown { slot: sight.slot, stored, body, status })
}

/// The whole of it, or the part that the visitor asked for.
async fn show<P: Platform>(
    platform: &P,
    visit: &Visit,
    shown: Shown<P::Body>,
) -> Response<P::Body> {
    let Shown { slot, stored, body, status } = shown;
    let Some((part, length)) = part_of(visit, &stored) else {
        return answer::stored(platform, visit, stored, body, status);
    };
    let read = match part {
        Part::Bytes { first, last } => {
            platform.cache_match_part(&stored.body_slot(&slot), first, last).await
        }
        _ => Some(platform.empty_body()),
    };
    match read {
        Some(read) => {
            platform.discard(body);
            answer::part(platform, visit, stored, read, status, part, length)
        }
        None => answer::stored(platform, visit, stored, body, status),
    }
}

/// Conditions go before ranges (RFC 9110 §13.2.2), and only a 200 has parts.
fn part_of(visit: &Visit, stored: &StoredResponse) -> Option<(Part, u64)> {
    let fields = &*visit.fields;
    if visit.method != Method::GET || stored.status != StatusCode::OK || !fields.has("range") {
        return None;
    }
    if is_not_modified(&visit.method, fields, stored.status, &stored.headers) {
        return None;
    }
    let length = range::length(&stored.headers)?;
    let part = range::part(fields, &stored.headers, length);
    (part != Part::Whole).then_some((part, length))
}

/// Starts a revalidation behind the visitor's back, unless one is under way or it would be too soon
/// after one that failed.
fn revalidate_behind<P: Platform>(
    platform: &P,
    visit: &Visit,
    slot: &Slot,
    usable: &Usable<P::Body>,
) -> &'static str {
    let failure = platform.isolate().failures.borrow().of(slot);
    if failure.is_some_and(|failure| failure.backs_off(platform.now())) {
        return "origin-failed";
    }
    if let Some(lease) = lease::take(platform, slot) {
        let (platform, visit) = (platform.clone(), visit.clone());
        let (seen, tags) = (usable.stored.fetched_at, all_tags(&visit, &usable.stored.tags));
        platform.clone().defer(async move {
            if let Err(outcome) = lease.claim(&tags).await {
                return lease.end(outcome).await;
            }
            let sight = look(&platform, &visit).await;
            let is_newer = match &sight.found {
                Found::Response(usable) => usable.stored.fetched_at > seen,
                _ => false,
            };
            if is_newer || sight.slot != lease.slot {
                return lease.end(Outcome::Abandoned).await;
            }
            Refresh::new(platform, visit, sight, Some(lease)).run(Visitor::nobody()).await;
        });
    }
    "revalidating"
}

/// Everything that asks the origin, or waits for who does, goes on when the visitor hangs up:
/// others may be waiting for it.
async fn answer_from_origin<P: Platform>(
    platform: P,
    visit: Visit,
    sight: Sight<P::Body>,
) -> Response<P::Body> {
    if visit.asked().is_some_and(|asked| asked.only_if_cached) {
        return answer::only_if_cached(&platform);
    }
    if let (Found::Nothing(_) | Found::Pass, Some(detail)) = (&sight.found, not_for_all(&visit)) {
        let status = CacheStatus::forwarded(sight.forward_reason());
        let status = if detail.is_empty() { status } else { status.detail(detail) };
        return forward::bypass(&platform, &visit, None, status).await;
    }
    let (sender, answer) = oneshot::channel();
    let arrived = platform.now();
    let work = fill(platform.clone(), visit, sight, Visitor::waiting(arrived, sender));
    platform.defer(work);
    match answer.await {
        Ok(response) => response,
        Err(_) => answer::problem(
            &platform,
            StatusCode::INTERNAL_SERVER_ERROR,
            "The edge failed",
            "The request ended without an answer; the log may say why.",
        ),
    }
}

/// A request whose answer is of no use to others, where nothing is stored: a HEAD has no body, and
/// a range is a part.
fn not_for_all(visit: &Visit) -> Option<&'static str> {
    if visit.method == Method::HEAD {
        return Some("");
    }
    visit.fields.has("range").then_some("range")
}

/// Takes the lease or waits for who has it, looks again, and asks the origin if need be.
async fn fill<P: Platform>(
    platform: P,
    visit: Visit,
    mut sight: Sight<P::Body>,
    mut visitor: Visitor<P>,
) {
    let mut lease: Option<Lease<P>> = None;
    let mut patience = lease::patience(&platform);
    for _ in 0..ROUNDS {
        if let Some(held) = lease.take_if(|lease| lease.slot != sight.slot) {
            held.end(Outcome::Abandoned).await;
        }
        if matches!(sight.found, Found::Pass) || lease.is_some() {
            break;
        }
        // One holder after the other may have been lost: nobody waits for more than two.
        if platform.now() >= visitor.arrived + platform.config().lease_life() * 2 {
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
            Grant::Ended(Outcome::Uncacheable) => break,
            Grant::Ended(Outcome::Failed(status)) => {
                visitor.waited();
                return visitor.told_of_failure(&platform, &visit, sight, status).await;
            }
            // Somebody else has taken over from who was overdue.
            Grant::Overdue => patience = lease::patience(&platform),
            Grant::CacheUnavailable => {
                visitor.detail = Some("cache-unavailable");
                break;
            }
        }
        let missed = matches!(sight.found, Found::Nothing(_));
        let reason = sight.forward_reason();
        let again = look(&platform, &visit).await;
        let answered = answer_again(&platform, &visit, again, reason, waited_for, &mut visitor);
        sight = match answered.await {
            None => {
                if let Some(lease) = lease {
                    lease.end(Outcome::Abandoned).await;
                }
                return;
            }
            Some(sight) => sight,
        };
        if waited_for.is_some() && missed && matches!(sight.found, Found::Nothing(_)) {
            platform.isolate().cache.doubt();
        }
    }
    Refresh::new(platform, visit, sight, lease).run(visitor).await;
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
    visitor.send(answer::stored(platform, visit, stored, body, status));
    None
}

/// A request that waited for another's answer may have it although it is not fresh for those who
/// come later: a page that is stale at once must not cost the origin one request a visitor. If the
/// origin was asked after this visitor had come, it is as good as an answer of their own; else a
/// purge that was seen since forbids it.
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
        && (fetched_at > arrived || !is_outdated_since(platform, visit, &usable.stored, moment))
}
