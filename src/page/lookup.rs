//! Looking a page up: the stored response that this data centre has for a request, and its verdict.
//!
//! The first variant of a page has the page's own slot, and names the fields that select. Any other
//! variant has a slot derived from the values of these fields. So the common variant costs one
//! lookup, and every other variant two, however many there are.

use std::rc::Rc;

use crate::config::Config;
use crate::fields::cache_status::{Detail, Forward};
use crate::isolate::metadata::Derived;
use crate::journal::refresh;
use crate::page::found::{Candidate, Discarded, Found, Lookup, SlotContent};
use crate::page::visit::Visit;
use crate::platform::{Document, Platform};
use crate::policy::key::{CacheKey, Slot};
use crate::policy::reuse::{PurgeState, Verdict, decide};
use crate::policy::sharing::{self, NotShared, not_comparable, not_comparable_unseen};
use crate::policy::stored::{BodyAt, PassMarker, Stored, StoredResponse, Variant};
use crate::policy::storing::ruled::OldBuild;
use crate::policy::time::Time;
use crate::purge::records;

/// Looks up the stored response for `visit`, and judges it by the purges that this isolate knows.
///
/// [`Found`] says what the caller may do next: show the response, ask the origin, or let the
/// request pass. The lookup also names the slot that a new response would take.
pub async fn look<P: Platform>(platform: &P, visit: &Visit) -> Lookup<P::Body> {
    let slot = platform.isolate().slots.of(&visit.key, CacheKey::slot);
    refresh::begin(platform, visit.key.host());
    let first = visit.timed(platform, "cache", read_slot(platform, &visit.key, &slot)).await;
    match first {
        None => nothing(platform, visit, slot, None, Forward::UriMiss),
        Some(SlotContent { stored: Stored::Pass(marker), .. }) => {
            look_at_marker(platform, visit, slot, marker).await
        }
        Some(SlotContent { stored: Stored::Response(first), body, derived }) => {
            // Sharing comes before selecting: a page that is not shared with this visitor has no
            // variant for them.
            if let Some(reason) = not_shared(visit, &first) {
                return Lookup::new(slot, None, Found::NotForVisitor(reason));
            }
            if selects(&first.variant, visit) {
                let content = SlotContent { stored: first, body, derived };
                return candidate(platform, visit, slot, None, content).await;
            }
            look_beside(platform, visit, first.variant.clone()).await
        }
    }
}

/// Looks further from a pass marker: the whole page passes, or its first variant does.
///
/// A marker that has expired counts as a miss. It still names the first variant, so that the others
/// can be found.
async fn look_at_marker<P: Platform>(
    platform: &P,
    visit: &Visit,
    slot: Slot,
    marker: PassMarker,
) -> Lookup<P::Body> {
    if let Some(first) = &marker.first {
        if let Some(reason) = not_comparable(&first.variant, &*visit.fields) {
            return Lookup::new(slot, None, Found::NotForVisitor(reason));
        }
        if !selects(&first.variant, visit) {
            return look_beside(platform, visit, first.variant.clone()).await;
        }
    }
    let lookup = if platform.now() < marker.until {
        Lookup::new(slot, None, Found::Pass(marker.pass))
    } else {
        nothing(platform, visit, slot, None, Forward::UriMiss)
    };
    Lookup { passing: marker.first.map(Box::new), ..lookup }
}

/// Looks for a further variant, in the slot that the visitor's values of the selecting fields lead
/// to.
async fn look_beside<P: Platform>(platform: &P, visit: &Visit, first: Variant) -> Lookup<P::Body> {
    let wanted = visit.selecting(first.names());
    let slot = visit.key.variant_slot(first.era, &wanted);
    match read_slot(platform, &visit.key, &slot).await {
        Some(SlotContent { stored: Stored::Response(variant), body, derived })
            if selects(&variant.variant, visit) =>
        {
            let content = SlotContent { stored: variant, body, derived };
            candidate(platform, visit, slot, Some(first), content).await
        }
        Some(SlotContent { stored: Stored::Pass(marker), .. }) if platform.now() < marker.until => {
            Lookup::new(slot, Some(first), Found::Pass(marker.pass))
        }
        _ => nothing(platform, visit, slot, Some(first), Forward::VaryMiss),
    }
}

/// Reports that the cache holds no response.
///
/// This isolate may still know that the page passes. It may also know from similar pages that this
/// visitor's request cannot be compared with others.
fn nothing<P: Platform>(
    platform: &P,
    visit: &Visit,
    slot: Slot,
    beside: Option<Variant>,
    reason: Forward,
) -> Lookup<P::Body> {
    let pass = platform.isolate().passes.get(&slot);
    let pass = pass.filter(|(until, _)| platform.now() < *until);
    let found = match pass {
        Some((_, pass)) => Found::Pass(pass),
        None if beside.is_some() => Found::Nothing(reason),
        None => {
            let not_comparable = platform.isolate().sections.with(|sections| {
                not_comparable_unseen(sections.varies(&visit.key), &*visit.fields)
            });
            not_comparable.map_or(Found::Nothing(reason), Found::NotForVisitor)
        }
    };
    Lookup::new(slot, beside, found)
}

/// Returns why the page of this variant is not shared with a visitor, if it is not.
fn not_shared(visit: &Visit, variant: &StoredResponse) -> Option<NotShared> {
    let by_cookie = visit.config.variants.by_cookie;
    sharing::not_shared(variant, &*visit.fields, by_cookie, || visit.cookies().is_some())
}

/// Tells whether a variant is the one that a visitor's fields select.
fn selects(variant: &Variant, visit: &Visit) -> bool {
    sharing::selects(&variant.selecting, &visit.selecting(variant.names()))
}

/// Judges a stored response that the visitor's fields select, and looks up its body.
///
/// A discarded response keeps the body of its slot alone: a large body would be read for nothing.
async fn candidate<P: Platform>(
    platform: &P,
    visit: &Visit,
    slot: Slot,
    beside: Option<Variant>,
    content: SlotContent<Rc<StoredResponse>, P::Body>,
) -> Lookup<P::Body> {
    let SlotContent { stored, body, derived } = content;
    // Further variants may state fewer restrictions than the first, so each is checked for itself.
    if let Some(reason) = beside.as_ref().and_then(|_| not_shared(visit, &stored)) {
        return Lookup::new(slot, beside, Found::NotForVisitor(reason));
    }
    let Judgement { verdict, detail: unavailable } =
        judge(platform, visit, &stored, &derived).await;
    if let Verdict::Discard { detail } = verdict {
        let discarded = Discarded { stored, inline: body, detail };
        return Lookup::new(slot, beside, Found::Discarded(Box::new(discarded)));
    }
    // The cache may have evicted the large body alone. The page counts as not stored then.
    let Some(body) = whole_body(platform, &slot, &stored, body).await else {
        return nothing(platform, visit, slot, beside, Forward::UriMiss);
    };
    let candidate = Candidate { stored, derived, body, verdict, detail: unavailable };
    Lookup::new(slot, beside, Found::Response(Box::new(candidate)))
}

/// A verdict on a stored response.
pub struct Judgement {
    /// The use that may be made of the response now.
    pub verdict: Verdict,
    /// The detail for `Cache-Status`, if the journal's object does not reply.
    pub detail: Option<Detail>,
}

/// Decides whether a stored response may be used now: as fresh, as stale, after validation, or not
/// at all.
///
/// Purges count first. The visitor's own `Cache-Control` may demand a validation, or
/// allow a stale response.
pub async fn judge<P: Platform>(
    platform: &P,
    visit: &Visit,
    stored: &StoredResponse,
    derived: &Derived,
) -> Judgement {
    let records = records::state(platform, visit, stored, derived);
    let fence: PurgeState = visit.timed(platform, "records", records).await;
    if let Some(log) = &visit.log {
        log.tags(&stored.tags);
        if let Some(tag) = records::outdating(platform, visit, stored) {
            log.purged_by(tag);
        }
    }
    let (config, now) = (platform.config(), platform.now());
    let verdict = decide(stored, fence, config.terms(platform.has_journal()), now);
    let verdict = match config.request_directives.then(|| visit.directives()).flatten() {
        Some(asked) => asked.apply_to(verdict, stored.age(now), stored.lifetimes.never_stale),
        None => verdict,
    };
    let detail = fence.journal_unavailable.then_some(Detail::JournalUnavailable);
    Judgement { verdict, detail }
}

/// Returns the body of a stored response. `inline` is the body that came with the slot itself.
///
/// `None` means that a body with a slot of its own has been evicted.
pub async fn whole_body<P: Platform>(
    platform: &P,
    slot: &Slot,
    stored: &StoredResponse,
    inline: P::Body,
) -> Option<P::Body> {
    match &stored.body {
        BodyAt::Apart(token) => Some(platform.cache_match(&slot.beside(token)).await?.body),
        BodyAt::Inline => Some(inline),
    }
}

/// Reads a slot of the page `key`. `None` means that it is empty, that this version cannot read it,
/// or that the rules of today would not store the response.
pub async fn read_slot<P: Platform>(
    platform: &P,
    key: &CacheKey,
    slot: &Slot,
) -> Option<SlotContent<Stored, P::Body>> {
    let Document { metadata, body } = platform.cache_match(slot).await?;
    let as_ruled = |stored| as_ruled(platform.config(), key, stored, platform.now());
    let (stored, derived) = platform.isolate().metadata.read(slot, metadata, as_ruled)?;
    Some(SlotContent { stored, body, derived })
}

/// Applies the rules of today to what was stored before, so that a deployment of new rules, or of a
/// new build of the site, reaches it.
fn as_ruled(config: &Config, key: &CacheKey, stored: Stored, now: Time) -> Option<Stored> {
    let Stored::Response(response) = stored else { return Some(stored) };
    let ruled = config.rules().ruled(key, response.status, &response.headers);
    let harmless = config.rules().harmless(key, response.status, &response.headers);
    let harmless = harmless.filter(|_| !response.stripped.is_empty());
    let of_old_build = ruled.of_old_build.filter(|_| response.build != config.build);
    if of_old_build == Some(OldBuild::Unusable) {
        return None;
    }
    // broken: rules-of-before
    let mut response = ruled.applied_to(response, harmless, config.storing)?;
    if of_old_build.is_some() {
        Rc::make_mut(&mut response).expire(now);
    }
    Some(Stored::Response(response))
}
