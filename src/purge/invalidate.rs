//! Invalidation after an unsafe request: of its URLs (RFC 9111 §4.4), and of the cache groups that
//! the response names (RFC 9875 §3). A Django view can purge with its response to a POST.
//!
//! Invalidation needs no token, so it must stay cheap. The slots of the URLs are emptied in this
//! data centre before the visitor receives the response. A hard purge of the URLs and groups is
//! noted in this isolate. The setting `INVALIDATION` decides which tags other data centres are told
//! of: by default the groups alone. They receive a soft purge, within the budget of visitors'
//! writes.
//!
//! URLs that are neither stored here nor were fetched by this isolate lately are left alone.

use std::iter;

use http::{HeaderMap, StatusCode};

use crate::durable;
use crate::isolate::complaints::Complaint;
use crate::journal::append::Sender;
use crate::page::visit::Visit;
use crate::platform::Platform;
use crate::platform::complain::complain;
use crate::policy::fence::PurgeMode;
use crate::policy::key::CacheKey;
use crate::policy::key::part::PartKind;
use crate::policy::tag::Tag;
use crate::policy::timing::ASKED_LATELY;
use crate::purge::batches::Limit;
use crate::purge::targets::{groups, invalidates, targets, told, url_tag};
use crate::purge::{Order, new_request, note_here, purge};

/// Invalidates what an unsafe request may have changed. Call it once the origin has responded.
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
        let key = platform.config().rules().key_for(&key, &*visit.fields).unwrap_or(key);
        // A page has one slot for all visitors, or one for those with the same parts in its key, and
        // one for scripts of the requesting site.
        let of_origin = visit.key.foreign_origin().map(str::to_owned);
        let as_shown = of_origin.map(|origin| key.clone().for_origin(Some(origin)));
        let mut is_wanted = false;
        for page in iter::once(&key).chain(&as_shown) {
            let was_asked_for = was_asked_for(platform, page);
            is_wanted |= empty(platform, page).await == SlotWas::Filled || was_asked_for;
        }
        // The tier may have a page that this data centre has never seen.
        durable::forget(platform, &key).await;
        if is_wanted {
            urls.push(url_tag(&key));
        } else if platform.has_tier()
            || key.parts().iter().any(|part| part.kind != PartKind::Prefix)
        {
            // The slots for visitors with other parts are not known. The cache may drop the note that
            // keeps the tier's page away.
            note_here(platform, &url_tag(&key));
        }
    }
    groups.iter().chain(&urls).for_each(|tag| note_here(platform, tag));
    tell(platform, told(platform.config().invalidation, groups, urls));
}

/// Purges as many tags in all data centres as the budget allows.
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
        let order = Order {
            mode: PurgeMode::Soft,
            sender: Sender::Visitor,
            request: new_request(&platform),
            receipt: None,
        };
        let outcome = purge(&platform, tags, order).await;
        if outcome.limit == Some(Limit::Day) {
            platform.isolate().visitor_writes.rest(platform.now());
        }
        if let Some(tag) = outcome.failed.first() {
            complain_of(
                &platform,
                &format!("the purge of {} was not confirmed", tag.without_values()),
            );
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
    if platform.cache_match(&slot).await.is_none() {
        return SlotWas::Empty;
    }
    platform.cache_delete(&slot).await;
    SlotWas::Filled
}

/// Tells whether this isolate asked the origin for the page lately. A response that is still on its
/// way may predate the change.
///
/// A flood of other pages pushes a page out of the memory, but not a lease. A page that passes is
/// fetched without a lease. So this checks both.
fn was_asked_for<P: Platform>(platform: &P, key: &CacheKey) -> bool {
    let (isolate, slot, now) = (platform.isolate(), key.slot(), platform.now());
    let is_held = || isolate.leases.with(|leases| leases.holder(&slot, now)).is_some();
    isolate.asked.get(&slot).is_some_and(|at| now < at + ASKED_LATELY) || is_held()
}
