//! Looking a page up: what this data centre holds for a request, and what may be done with it.
//!
//! The first variant of a page stands in the page's own slot and names the fields that select; any
//! other stands in a slot derived from their values. So the common variant costs one lookup and
//! every other two, however many there are.

use crate::fields::cache_status::Forward;
use crate::page::found::{Candidate, Discarded, Found, Lookup};
use crate::page::visit::Visit;
use crate::platform::{Document, Platform};
use crate::policy::key::Slot;
use crate::policy::reuse::{PurgeState, Verdict, decide};
use crate::policy::sharing::{self, NotShared, not_comparable, not_comparable_unseen};
use crate::policy::stored::{BodyAt, PassMarker, Stored, StoredResponse, Variant};
use crate::purge::records;

/// Looks up what answers `visit`, and reads the purge records of its tags.
pub async fn look<P: Platform>(platform: &P, visit: &Visit) -> Lookup<P::Body> {
    let slot = visit.key.slot();
    let first = visit.timed(platform, "cache", read_slot(platform, &slot)).await;
    match first {
        None => nothing(platform, visit, slot, None, Forward::UriMiss),
        Some((Stored::Pass(marker), _)) => look_at_marker(platform, visit, slot, marker).await,
        Some((Stored::Response(first), body)) => {
            if let Some(reason) = not_shared(visit, &first) {
                return Lookup::new(slot, None, Found::NotForThem(reason));
            }
            if selects(&first.variant, visit) {
                return candidate(platform, visit, slot, None, *first, body).await;
            }
            look_beside(platform, visit, first.variant).await
        }
    }
}

/// The page passes, or its first variant does.
async fn look_at_marker<P: Platform>(
    platform: &P,
    visit: &Visit,
    slot: Slot,
    marker: PassMarker,
) -> Lookup<P::Body> {
    if let Some(first) = &marker.first {
        if let Some(reason) = not_comparable(&first.variant, &*visit.fields) {
            return Lookup::new(slot, None, Found::NotForThem(reason));
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

async fn look_beside<P: Platform>(platform: &P, visit: &Visit, first: Variant) -> Lookup<P::Body> {
    let wanted = visit.selecting(first.names());
    let slot = visit.key.variant_slot(first.era, &wanted);
    match read_slot(platform, &slot).await {
        Some((Stored::Response(variant), body)) if selects(&variant.variant, visit) => {
            candidate(platform, visit, slot, Some(first), *variant, body).await
        }
        Some((Stored::Pass(marker), _)) if platform.now() < marker.until => {
            Lookup::new(slot, Some(first), Found::Pass(marker.pass))
        }
        _ => nothing(platform, visit, slot, Some(first), Forward::VaryMiss),
    }
}

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
            not_comparable.map_or(Found::Nothing(reason), Found::NotForThem)
        }
    };
    Lookup::new(slot, beside, found)
}

/// Why the page whose variant this is is not shared with a visitor.
fn not_shared(visit: &Visit, variant: &StoredResponse) -> Option<NotShared> {
    let by_cookie = visit.config.variants.by_cookie;
    sharing::not_shared(variant, &*visit.fields, by_cookie, || visit.cookies().is_some())
}

/// Whether a variant is the one that a visitor's fields select.
fn selects(variant: &Variant, visit: &Visit) -> bool {
    sharing::selects(&variant.selecting, &visit.selecting(variant.names()))
}

async fn candidate<P: Platform>(
    platform: &P,
    visit: &Visit,
    slot: Slot,
    beside: Option<Variant>,
    stored: StoredResponse,
    body: P::Body,
) -> Lookup<P::Body> {
    // Another variant than the first may say less of whom it is for.
    if let Some(reason) = beside.as_ref().and_then(|_| not_shared(visit, &stored)) {
        return Lookup::new(slot, beside, Found::NotForThem(reason));
    }
    let verdict = judge(platform, visit, &stored).await;
    if let Verdict::Discard { detail } = verdict {
        let discarded = Discarded { stored, inline: body, detail };
        return Lookup::new(slot, beside, Found::Discarded(Box::new(discarded)));
    }
    let Some(body) = whole_body(platform, &slot, &stored, body).await else {
        return nothing(platform, visit, slot, beside, Forward::UriMiss);
    };
    Lookup::new(slot, beside, Found::Response(Box::new(Candidate { stored, body, verdict })))
}

/// What may be done now with a stored response.
pub async fn judge<P: Platform>(platform: &P, visit: &Visit, stored: &StoredResponse) -> Verdict {
    let records = records::state(platform, visit, stored);
    let fence: PurgeState = visit.timed(platform, "records", records).await;
    let (config, now) = (platform.config(), platform.now());
    let verdict = decide(stored, fence, config.terms(), now);
    match config.request_directives.then(|| visit.directives()).flatten() {
        Some(asked) => asked.narrow(verdict, stored.age(now), stored.lifetimes.never_stale),
        None => verdict,
    }
}

/// The body of what `slot` holds, which has `inline` in it.
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

/// What a slot holds, if this version can read it.
pub async fn read_slot<P: Platform>(platform: &P, slot: &Slot) -> Option<(Stored, P::Body)> {
    let Document { head, body } = platform.cache_match(slot).await?;
    Some((Stored::from_head(&head)?, body))
}
