//! A visitor's request, from the lookup to the answer.

use futures::channel::oneshot;
use http::{Method, StatusCode};

use crate::fields::cache_status::{CacheStatus, Detail, Forward};
use crate::fields::conditional::is_not_modified;
use crate::fields::range::{self, Part};
use crate::lease::{self, LeaseEnd};
use crate::page::answer;
use crate::page::fill::fill;
use crate::page::forward;
use crate::page::lookup::{Candidate, Found, Lookup, look};
use crate::page::refresh::Refresh;
use crate::page::reply::Reply;
use crate::page::shared_key;
use crate::page::visit::Visit;
use crate::platform::{Platform, Response};
use crate::policy::key::Slot;
use crate::policy::reuse::{Bypass, Verdict, bypass};
use crate::policy::sharing::{FillsNothing, fills_nothing};
use crate::policy::stored::StoredResponse;
use crate::purge::records::all_tags;

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
    let mut lookup = look(&platform, &visit).await;
    if matches!(lookup.found, Found::Nothing(Forward::UriMiss))
        && let Some(shared) = shared_key::shared_key(&platform, &visit.key).await
    {
        visit.key = shared;
        lookup = look(&platform, &visit).await;
    }
    match shown(&platform, &visit, lookup) {
        Ok(shown) => show(&platform, &visit, shown).await,
        Err(lookup) => answer_from_origin(platform, visit, lookup).await,
    }
}

/// A URL beyond this length is passed on: it is no page's, and its tags would fill the memory.
const URL_MOST: usize = 4096;

fn bypassed<P: Platform>(platform: &P, visit: &Visit) -> Option<Bypass> {
    let config = platform.config();
    let by_request =
        bypass(&visit.method, &*visit.fields, &config.login_cookies, config.share_authorized);
    if by_request.is_some() {
        return by_request;
    }
    if visit.url.len() > URL_MOST {
        return Some(Bypass::LongUrl);
    }
    if ["cookie", "authorization", "origin"].iter().any(|name| visit.fields.is_oversized(name)) {
        return Some(Bypass::Oversized);
    }
    if config.rules_for(visit.key.path()).iter().any(|rule| rule.bypass) {
        return Some(Bypass::Rule);
    }
    let no_store =
        config.request_directives && visit.directives().is_some_and(|asked| asked.no_store);
    no_store.then_some(Bypass::NoStore)
}

/// What was found and may be shown at once, with what is said of it.
struct Shown<B> {
    slot: Slot,
    stored: StoredResponse,
    body: B,
    status: CacheStatus,
}

/// What the lookup allows to be shown at once, if anything.
fn shown<P: Platform>(
    platform: &P,
    visit: &Visit,
    lookup: Lookup<P::Body>,
) -> Result<Shown<P::Body>, Lookup<P::Body>> {
    let Found::Response(candidate) = lookup.found else { return Err(lookup) };
    let status = match candidate.verdict {
        Verdict::Serve { ttl } => CacheStatus::hit(ttl),
        Verdict::ServeStale { ttl } => {
            let detail = revalidate_behind(platform, visit, &lookup.slot, &candidate);
            CacheStatus::hit(ttl).detail(detail)
        }
        _ => return Err(Lookup { found: Found::Response(candidate), ..lookup }),
    };
    let Candidate { stored, body, .. } = *candidate;
    Ok(Shown { slot: lookup.slot, stored, body, status })
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
    candidate: &Candidate<P::Body>,
) -> Detail {
    let failure = platform.isolate().failures.get(slot);
    if let Some(failure) = failure.filter(|failure| failure.backs_off(platform.now())) {
        return failure.cause.detail();
    }
    if let Some(lease) = lease::take(platform, slot) {
        let (platform, visit) = (platform.clone(), visit.clone());
        let (seen, tags) =
            (candidate.stored.provenance.fetched_at, all_tags(&visit, &candidate.stored.tags));
        platform.clone().defer(async move {
            if let Err(outcome) = lease.claim(&tags).await {
                return lease.end(outcome).await;
            }
            let lookup = look(&platform, &visit).await;
            let is_newer = match &lookup.found {
                Found::Response(candidate) => candidate.stored.provenance.fetched_at > seen,
                _ => false,
            };
            if is_newer || lookup.slot != lease.slot {
                return lease.end(LeaseEnd::Abandoned).await;
            }
            Refresh::new(platform, visit, lookup, Some(lease)).run(Reply::absent()).await;
        });
    }
    Detail::Revalidating
}

/// Everything that asks the origin, or waits for a request that does, goes on when the visitor hangs
/// up: others may be waiting for it. Not so what is for this visitor alone.
async fn answer_from_origin<P: Platform>(
    platform: P,
    visit: Visit,
    lookup: Lookup<P::Body>,
) -> Response<P::Body> {
    if visit.directives().is_some_and(|asked| asked.only_if_cached) {
        return answer::only_if_cached(&platform);
    }
    if let Some(status) = theirs_alone::<P>(&visit, &lookup) {
        return forward::bypass(&platform, &visit, None, status).await;
    }
    let (sender, answer) = oneshot::channel();
    let arrived = platform.now();
    let work = fill(platform.clone(), visit, lookup, Reply::waiting(arrived, sender));
    platform.defer(work);
    match answer.await {
        Ok(response) => response,
        Err(_) => answer::own_problem(
            &platform,
            Detail::Internal,
            StatusCode::INTERNAL_SERVER_ERROR,
            "Internal error",
            "The request ended without a response. The Worker's log may say why.",
        ),
    }
}

/// How a request is reported that can fill nothing, and whose answer is of no use to others; `None`
/// for one that may.
fn theirs_alone<P: Platform>(visit: &Visit, lookup: &Lookup<P::Body>) -> Option<CacheStatus> {
    let status = CacheStatus::forwarded(lookup.forward_reason());
    match &lookup.found {
        Found::NotForThem(reason) => return Some(status.detail(reason.detail())),
        Found::Response(_) => return None,
        Found::Nothing(_) | Found::Pass(_) => {}
    }
    match fills_nothing(&visit.method, &*visit.fields) {
        Some(FillsNothing::Head) => Some(status),
        Some(FillsNothing::Range) => Some(status.detail(Detail::Range)),
        None => None,
    }
}
