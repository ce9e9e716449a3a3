//! What an unsafe request invalidates (RFC 9111 §4.4), and the cache groups that its answer names
//! (RFC 9875 §3): a Django view can purge by answering its own POST.
//!
//! No token is needed for it, so the standard's duty is met where it costs nothing: the slots of the
//! URLs are emptied in this data centre before the visitor has the answer, and a hard purge of them and
//! of the groups is noted in this isolate. What the world is told (`INVALIDATION`) is a soft purge, of
//! groups alone unless the owner asks for more, and within the budget of visitors' writes.
//!
//! URLs that are neither stored here nor being fetched by this isolate are left alone.

use std::iter;

use http::{HeaderMap, StatusCode};

use crate::isolate::complaints::Complaint;
use crate::page::lookup::read_slot;
use crate::page::visit::Visit;
use crate::platform::Platform;
use crate::platform::complain::complain;
use crate::policy::fence::PurgeMode;
use crate::policy::key::CacheKey;
use crate::policy::tag::Tag;
use crate::purge::batches::Limit;
use crate::purge::targets::{groups, invalidates, targets, told, url_tag};
use crate::purge::{note, purge};

/// Sees to it, once the origin has answered.
pub async fn after<P: Platform>(
    platform: &P,
    visit: &Visit,
    status: StatusCode,
    response: &HeaderMap,
) {
    if !invalidates(&visit.method, status) {
        return;
    }
    let groups = groups(visit.key.host(), response);
    let mut urls = Vec::new();
    for key in targets(&visit.key.clone().for_origin(None), response) {
        // As it is for all, and as it is for scripts of the site that asks.
        let of_origin = visit.key.foreign_origin().map(str::to_owned);
        let as_shown = of_origin.map(|origin| key.clone().for_origin(Some(origin)));
        let mut is_wanted = false;
        for page in iter::once(&key).chain(&as_shown) {
            let is_asked_for = is_asked_for(platform, page);
            is_wanted |= empty(platform, page).await == SlotWas::Filled || is_asked_for;
        }
        if is_wanted {
            urls.push(url_tag(&key));
        }
    }
    groups.iter().chain(&urls).for_each(|tag| note(platform, tag, PurgeMode::Hard));
    tell(platform, told(platform.config().invalidation, groups, urls));
}

/// Tells the world of as many as the budget allows.
fn tell<P: Platform>(platform: &P, mut tags: Vec<Tag>) {
    let budget = &platform.isolate().visitor_writes;
    let left = budget.left(platform.config().visitor_writes, platform.now());
    if tags.len() > left as usize {
        complain_of(platform, "GRAPH_WRITES_PER_MINUTE or VISITOR_WRITES_PER_DAY is spent");
        tags.truncate(left as usize);
    }
    if tags.is_empty() {
        return;
    }
    budget.spend(tags.len() as u32);
    let platform = platform.clone();
    platform.clone().defer(async move {
        let outcome = purge(&platform, tags, PurgeMode::Soft).await;
        if outcome.limit == Some(Limit::Day) {
            platform.isolate().visitor_writes.rest(platform.now());
        }
        if let Some(tag) = outcome.failed.first() {
            complain_of(&platform, &format!("no purge record of {tag} could be written"));
        }
    });
}

fn complain_of<P: Platform>(platform: &P, reason: &str) {
    complain(platform, Complaint::Invalidation, || {
        format!(
            "{reason}: what visitors' unsafe requests invalidate holds in this isolate and, for \
             URLs, in this data centre only"
        )
    });
}

/// A page's slot before it was emptied.
#[derive(PartialEq, Eq)]
enum SlotWas {
    Filled,
    Empty,
}

/// Empties a page's slot; returns what it was before.
async fn empty<P: Platform>(platform: &P, key: &CacheKey) -> SlotWas {
    let slot = key.slot();
    if read_slot(platform, &slot).await.is_none() {
        return SlotWas::Empty;
    }
    platform.cache_delete(&slot).await;
    SlotWas::Filled
}

/// Whether the page is on its way from the origin to this isolate, perhaps as it was before. One that
/// passes may be, without a lease.
fn is_asked_for<P: Platform>(platform: &P, key: &CacheKey) -> bool {
    let (isolate, slot, now) = (platform.isolate(), key.slot(), platform.now());
    let passes = isolate.passes.get(&slot).is_some_and(|(until, _)| now < until);
    passes || isolate.leases.with(|leases| leases.holder(&slot, now)).is_some()
}
