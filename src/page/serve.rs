//! A visitor's request, from the lookup to the response.
//!
//! The order matters. Loops and bypasses need no lookup, a hit needs no lease, and only the rest
//! waits or asks the origin.

use std::rc::Rc;

use http::{Method, StatusCode};

use crate::durable::serve::restored;
use crate::fields::cache_status::{CacheStatus, Detail, Forward};
use crate::fields::range::Part;
use crate::isolate::metadata::Derived;
use crate::lease::{self, LeaseEnd};
use crate::page::answer;
use crate::page::fill::fill;
use crate::page::forward;
use crate::page::found::{Candidate, Found, Lookup, Unanswered};
use crate::page::hit::{Answer, hit};
use crate::page::lookup::look;
use crate::page::refresh::Refresh;
use crate::page::reply::Reply;
use crate::page::shared_key;
use crate::page::visit::Visit;
use crate::platform::tasks::detached_until_sent;
use crate::platform::{Platform, Response};
use crate::policy::bypass::{self, Bypass, BypassSettings, URL_MOST};
use crate::policy::key::Slot;
use crate::policy::part::{Sent, sent};
use crate::policy::reuse::Verdict;
use crate::policy::stored::StoredResponse;
use crate::purge::knowledge::Knowledge;
use crate::rules::facts::Facts;

/// Responds to a visitor's request for a page.
pub async fn serve<P: Platform>(
    platform: P,
    visit: Visit,
    body: Option<P::Body>,
) -> Answer<P::Body> {
    if loops(&platform, &visit) {
        return forward::loop_detected(&platform).into();
    }
    // A bypassed request never reads the cache. Only it may have a body.
    if let Some(reason) = bypassed(&platform, &visit) {
        let status = forward::bypass_status(reason);
        return forward::bypass(&platform, &visit, body, status).await.into();
    }
    let (visit, lookup) = look_up(&platform, visit).await;
    if let Some(log) = &visit.log {
        log.key(&visit.key, platform.config().rules());
    }
    match shown(&platform, &visit, lookup) {
        Ok(shown) => show(&platform, &visit, shown).await,
        Err(lookup) => answer_from_origin(platform, visit, lookup).await.into(),
    }
}

/// Looks a page up under the key that rules, or the page itself, give it.
pub(crate) async fn look_up<P: Platform>(platform: &P, visit: Visit) -> (Visit, Lookup<P::Body>) {
    let mut visit = visit.keyed_by_rules();
    let mut lookup = look(platform, &visit).await;
    // Only a miss pays for the second lookup, under a key that several URLs share.
    if matches!(lookup.found, Found::Nothing(Forward::UriMiss))
        && let Some(shared) = shared_key::shared_key(platform, &visit.key).await
    {
        visit.key = shared;
        lookup = look(platform, &visit).await;
    }
    (visit, lookup)
}

/// Tells whether the edge would forward the request to itself.
pub(crate) fn loops<P: Platform>(platform: &P, visit: &Visit) -> bool {
    let origin = platform.config().origin.as_ref().map(|origin| origin.host.as_str());
    bypass::loops(origin, visit.key.host(), &*visit.fields)
}

/// Returns why a request must go past the cache, if it must: its method, a login cookie, a rule.
pub(crate) fn bypassed<P: Platform>(platform: &P, visit: &Visit) -> Option<Bypass> {
    let config = platform.config();
    let facts = Facts::of_request(&visit.method, &visit.key, &*visit.fields);
    let mut by_rule = None;
    let settings = BypassSettings {
        login_cookies: &config.login_cookies,
        share_authorized: config.share_authorized,
        request_directives: config.request_directives,
        by_rule: match &config.rules {
            // Such a request bypasses anyway.
            Ok(_) if visit.url.len() > URL_MOST => None,
            Ok(rules) => {
                by_rule = rules.bypass(&facts);
                by_rule.map(|_| Bypass::Rule)
            }
            Err(_) => Some(Bypass::RulesInvalid),
        },
    };
    let reason = bypass::bypass(&visit.method, &visit.url, &*visit.fields, settings);
    if let (Some(Bypass::Rule), Some(index), Some(log)) = (reason, by_rule, &visit.log) {
        log.rule(index);
    }
    reason
}

/// A stored response that may be shown at once, and its `Cache-Status`.
struct Shown<B> {
    slot: Slot,
    stored: Rc<StoredResponse>,
    derived: Rc<Derived>,
    body: B,
    status: CacheStatus,
}

/// Returns the stored response if its verdict allows showing it at once. `Err` gives the lookup
/// back for the next step.
///
/// A stale response starts a revalidation in the background here.
fn shown<P: Platform>(
    platform: &P,
    visit: &Visit,
    lookup: Lookup<P::Body>,
) -> Result<Shown<P::Body>, Lookup<P::Body>> {
    let Found::Response(candidate) = lookup.found else { return Err(lookup) };
    let status = match candidate.verdict {
        Verdict::Serve { ttl } => CacheStatus { detail: candidate.detail, ..CacheStatus::hit(ttl) },
        Verdict::ServeStale { ttl } => {
            let detail = revalidate_in_background(platform, visit, &lookup.slot, &candidate);
            CacheStatus::hit(ttl).detail(detail)
        }
        _ => return Err(Lookup { found: Found::Response(candidate), ..lookup }),
    };
    let Candidate { stored, derived, body, .. } = *candidate;
    Ok(Shown { slot: lookup.slot, stored, derived, body, status })
}

/// Sends the whole stored response, or the range that the visitor wants.
///
/// A range is read from the cache by itself. If that fails, the whole response is a valid response
/// too (RFC 9110 §14.2).
async fn show<P: Platform>(platform: &P, visit: &Visit, shown: Shown<P::Body>) -> Answer<P::Body> {
    let Shown { slot, stored, derived, body, status } = shown;
    let sent = sent(&visit.method, &*visit.fields, stored.status, &stored.headers);
    let Sent::Part(part, length) = sent else {
        return hit(platform, visit, &stored, &derived, body, status);
    };
    let read = match part {
        Part::Bytes { first, last } => {
            platform.cache_match_part(&stored.body_slot(&slot), first, last).await
        }
        _ => Some(platform.empty_body()),
    };
    match read {
        Some(read) => answer::part(platform, visit, &stored, read, status, part, length).into(),
        None => hit(platform, visit, &stored, &derived, body, status),
    }
}

/// Starts a revalidation in the background, and returns the detail for `Cache-Status`.
///
/// It starts none while another is under way, nor too soon after one that failed.
fn revalidate_in_background<P: Platform>(
    platform: &P,
    visit: &Visit,
    slot: &Slot,
    candidate: &Candidate<P::Body>,
) -> Detail {
    let failure = platform.isolate().failures.get(slot);
    if let Some(failure) = failure.filter(|failure| failure.backs_off(platform.now())) {
        return failure.cause.detail();
    }
    // The isolate's lease is taken without an await, so one request of many starts the refresh.
    if let Some(lease) = lease::take(platform, slot) {
        let (platform, visit) = (platform.clone(), visit.clone());
        let seen = candidate.stored.provenance.fetched_at;
        platform.clone().defer(async move {
            if let Err(outcome) = lease.claim().await {
                return lease.end(outcome).await;
            }
            // A purge or another isolate's refresh may have come meanwhile: look again.
            let lookup = look(&platform, &visit).await;
            if lookup.found.is_newer(seen) || lookup.slot != lease.slot {
                return lease.end(LeaseEnd::Abandoned).await;
            }
            // Another data centre may have stored a newer version in the tier.
            let lookup = match restored(&platform, &visit, lookup).await {
                Ok(fetched_at) => {
                    let knowledge = Knowledge::now(&platform);
                    return lease.end(LeaseEnd::Stored { fetched_at, knowledge }).await;
                }
                Err(lookup) => lookup,
            };
            Refresh::new(platform, visit, lookup, Some(lease)).run(Reply::absent()).await;
        });
    }
    Detail::Revalidating
}

/// Gets the response from the origin, or from a request that is asking it.
///
/// A fill goes on after the visitor has hung up, because other requests may be waiting for it. A
/// request that serves this visitor alone does not.
async fn answer_from_origin<P: Platform>(
    platform: P,
    visit: Visit,
    lookup: Lookup<P::Body>,
) -> Response<P::Body> {
    // A page that is cached until it is purged is worth a whole request, also to a HEAD.
    let fills = visit.is_head() && platform.config().rules().caches_forever(&visit.key);
    let method = if fills { &Method::GET } else { &visit.method };
    match lookup.found.unanswered(method, &*visit.fields) {
        Unanswered::Fills => {}
        Unanswered::OnlyIfCached => return answer::only_if_cached(&platform),
        Unanswered::GoesAlone(detail) => {
            let status = CacheStatus { detail, ..CacheStatus::forwarded(lookup.forward_reason()) };
            return forward::bypass(&platform, &visit, None, status).await;
        }
    }
    // The fill sends the response through a channel and goes on, detached from this request.
    let (then, arrived) = (platform.clone(), platform.now());
    let work = |sender| fill(then, visit, lookup, Reply::waiting(sender), arrived);
    detached_until_sent(&platform, work).await.unwrap_or_else(|| {
        answer::own_problem(
            &platform,
            Detail::Internal,
            StatusCode::INTERNAL_SERVER_ERROR,
            "Internal error",
            "The request ended without a response. The Worker's log may say why.",
        )
    })
}
