//! Looking a page up: what this data centre holds for a request, and what may be done with it.
//!
//! The first variant of a page stands in the page's own slot and names the fields that select; any
//! other stands in a slot derived from their values. So the common variant costs one lookup and
//! every other two, however many there are.

use http::HeaderName;

use crate::fields::cache_status::Forward;
use crate::fields::forwarding::asks_for_another_representation;
use crate::fields::vary::Selecting;
use crate::page::visit::Visit;
use crate::platform::{Document, Platform};
use crate::policy::key::Slot;
use crate::policy::reuse::{PurgeState, Verdict, decide};
use crate::policy::sharing::NotShared;
use crate::policy::stored::{
    BodyAt, Pass, PassMarker, PassingFirst, Stored, StoredResponse, Variant,
};
use crate::purge::records;

/// What a request found, and where its answer would be stored.
pub struct Lookup<B> {
    pub slot: Slot,
    /// Set where the page's own slot holds another variant: the fields that one is selected by.
    pub beside: Option<Variant>,
    /// Where the page's first variant is the one that is asked for, and passes or did: what it says of
    /// the others.
    pub passing: Option<Box<PassingFirst>>,
    pub found: Found<B>,
}

pub enum Found<B> {
    Nothing(Forward),
    /// It turned out uncacheable a short while ago.
    Pass(Pass),
    /// What is stored, if anything, is not for this visitor.
    NotForThem(NotShared),
    Response(Box<Candidate<B>>),
}

/// A stored response and what may be done with it.
pub struct Candidate<B> {
    pub stored: StoredResponse,
    pub body: B,
    pub verdict: Verdict,
}

/// Looks up what answers `visit`, and reads the purge records of its tags.
pub async fn look<P: Platform>(platform: &P, visit: &Visit) -> Lookup<P::Body> {
    let slot = visit.key.slot();
    let first = visit.timed(platform, "cache", read_slot(platform, &slot)).await;
    match first {
        None => nothing(platform, visit, slot, None, Forward::UriMiss),
        Some((Stored::Pass(marker), _)) => look_at_marker(platform, visit, slot, marker).await,
        Some((Stored::Response(first), body)) => {
            if let Some(reason) = not_shared(visit, &first) {
                platform.discard(body);
                return Lookup::new(slot, None, Found::NotForThem(reason));
            }
            if selects(&first.variant.selecting, visit) {
                return candidate(platform, visit, slot, None, *first, body).await;
            }
            platform.discard(body);
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
        let selecting = &first.variant.selecting;
        if let Some(reason) = not_comparable(visit, selecting) {
            return Lookup::new(slot, None, Found::NotForThem(reason));
        }
        if !selects(selecting, visit) {
            return look_beside(platform, visit, first.variant.clone()).await;
        }
    }
    let lookup = match platform.now() < marker.until {
        true => Lookup::new(slot, None, Found::Pass(marker.pass)),
        false => nothing(platform, visit, slot, None, Forward::UriMiss),
    };
    Lookup { passing: marker.first.map(Box::new), ..lookup }
}

async fn look_beside<P: Platform>(platform: &P, visit: &Visit, first: Variant) -> Lookup<P::Body> {
    let wanted = visit.selecting(names(&first.selecting));
    let slot = visit.key.variant_slot(first.era, &wanted);
    match read_slot(platform, &slot).await {
        Some((Stored::Response(variant), body)) if selects(&variant.variant.selecting, visit) => {
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
    let pass = platform.isolate().passes.borrow().get(&slot);
    let pass = pass.filter(|(until, _)| platform.now() < *until);
    let found = match pass {
        Some((_, pass)) => Found::Pass(pass),
        None if beside.is_none() && asks_for_unknown_representation(platform, visit) => {
            Found::NotForThem(NotShared::Representation)
        }
        None => Found::Nothing(reason),
    };
    Lookup::new(slot, beside, found)
}

/// Whether a request for a page that is not stored asks for a representation by a field that pages
/// like it are not known to vary by.
fn asks_for_unknown_representation<P: Platform>(platform: &P, visit: &Visit) -> bool {
    let sections = platform.isolate().sections.borrow();
    let suspected = sections.varies(&visit.key);
    visit.fields.any_name(&|name| {
        asks_for_another_representation(name) && !suspected.iter().any(|known| known == name)
    })
}

/// Why no variant of a page is for a visitor whose first variant this one selects.
fn not_comparable(visit: &Visit, selecting: &Selecting) -> Option<NotShared> {
    let named = |name: &str| names(selecting).any(|named| named == name);
    let is_foreign = |name: &str| asks_for_another_representation(name) && !named(name);
    if visit.fields.any_name(&is_foreign) {
        return Some(NotShared::Representation);
    }
    let is_incomparable = names(selecting).any(|name| visit.fields.is_incomparable(name));
    is_incomparable.then_some(NotShared::Oversized)
}

/// Why the page whose first variant this is is not shared with a visitor.
fn not_shared(visit: &Visit, first: &StoredResponse) -> Option<NotShared> {
    if let Some(reason) = not_comparable(visit, &first.variant.selecting) {
        return Some(reason);
    }
    let named = |name: &str| names(&first.variant.selecting).any(|named| named == name);
    let has_variants = visit.config.variants.by_cookie && named("cookie");
    let is_theirs = first.for_all || has_variants || visit.cookies().is_none();
    (!is_theirs).then_some(NotShared::Cookie)
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
        platform.discard(body);
        return Lookup::new(slot, beside, Found::NotForThem(reason));
    }
    let verdict = judge(platform, visit, &stored).await;
    let Some(body) = body_of(platform, &slot, &stored, body, verdict).await else {
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

/// The body where it is, or none if it has been evicted from a slot of its own.
async fn body_of<P: Platform>(
    platform: &P,
    slot: &Slot,
    stored: &StoredResponse,
    inline: P::Body,
    verdict: Verdict,
) -> Option<P::Body> {
    match verdict {
        Verdict::Discard { .. } => Some(inline),
        _ => whole_body(platform, slot, stored, inline).await,
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

/// Whether a variant is the one that a visitor's fields select.
fn selects(selecting: &Selecting, visit: &Visit) -> bool {
    if selecting.is_empty() {
        return true;
    }
    let wanted = visit.selecting(names(selecting));
    // Bytes that the runtime could not decode look alike and need not be.
    wanted == *selecting && !wanted.iter().any(|(_, value)| value.contains('\u{fffd}'))
}

pub(super) fn names(selecting: &Selecting) -> impl Iterator<Item = &str> {
    selecting.iter().map(|(name, _)| name.as_str())
}

impl<B> Lookup<B> {
    fn new(slot: Slot, beside: Option<Variant>, found: Found<B>) -> Lookup<B> {
        Lookup { slot, beside, passing: None, found }
    }

    /// Why what was seen is not enough (RFC 9211 §2.2).
    pub fn forward_reason(&self) -> Forward {
        match &self.found {
            Found::Nothing(reason) => *reason,
            Found::Pass(_) => Forward::UriMiss,
            Found::NotForThem(_) => Forward::Bypass,
            Found::Response(candidate) => match candidate.verdict {
                Verdict::Discard { .. } => Forward::Miss,
                _ => Forward::Stale,
            },
        }
    }

    /// The fields that the page is known to vary by, if any of it is stored.
    pub fn varies_by(&self) -> Vec<HeaderName> {
        let selecting = match (&self.beside, &self.found) {
            (Some(first), _) => &first.selecting,
            (None, Found::Response(candidate)) => &candidate.stored.variant.selecting,
            _ => return Vec::new(),
        };
        names(selecting).filter_map(|name| name.parse().ok()).collect()
    }
}
