//! Which variants of a page get a place in this isolate's data centre (`policy::sharing::variants`).

use crate::fields::vary::Selecting;
use crate::page::found::{Found, Lookup};
use crate::page::visit::Visit;
use crate::platform::Platform;
use crate::policy::key::Slot;
use crate::policy::sharing::variants::{Admission, Places, VariantLimits, places};
use crate::policy::time::Time;

/// Counts a visitor's request for a variant that is not stored, and says what becomes of it.
pub fn asked<P: Platform>(platform: &P, visit: &Visit, lookup: &Lookup<P::Body>) -> Admission {
    if !matches!(lookup.found, Found::Nothing(_)) {
        return Admission::Stored;
    }
    let selecting = lookup.beside.as_ref().map(|first| visit.selecting(first.names()));
    let Some(page) = counted_by(visit, selecting.as_ref()) else { return Admission::Stored };
    let (limits, now) = (limits(platform), platform.now());
    let on_host = selecting.map(|selecting| on_host(visit, &selecting));
    platform.isolate().variants.with_mut(|variants| {
        let is_wanted_elsewhere = on_host.is_some_and(|(host, alike)| {
            variants.asked(&host, &alike, limits, now);
            variants.admission(&host, &alike, limits) == Admission::Stored
        });
        if is_wanted_elsewhere {
            variants.asked_as_elsewhere(&page, &lookup.slot, limits, now);
        } else {
            variants.asked(&page, &lookup.slot, limits, now);
        }
        variants.admission(&page, &lookup.slot, limits)
    })
}

/// Counts a request whose answer turned out to belong under another key than the one it was looked up
/// by: `visit` has that one now.
pub fn asked_under_another_key<P: Platform>(platform: &P, visit: &Visit) {
    let Some(page) = counted_by(visit, None) else { return };
    let (slot, limits, now) = (visit.key.slot(), limits(platform), platform.now());
    platform.isolate().variants.with_mut(|variants| variants.asked(&page, &slot, limits, now));
}

/// What becomes of the response that is to be stored in `slot`.
pub fn admission<P: Platform>(
    platform: &P,
    visit: &Visit,
    slot: &Slot,
    selecting: &Selecting,
) -> Admission {
    let is_first = *slot == visit.key.slot();
    let further = (!is_first).then_some(selecting);
    let Some(page) = counted_by(visit, further) else { return Admission::Stored };
    let limits = limits(platform);
    platform.isolate().variants.with(|variants| variants.admission(&page, slot, limits))
}

/// What stands for the places that a variant takes; `None` where it is not counted. `further`: what
/// selects a variant beside the page's first one.
fn counted_by(visit: &Visit, further: Option<&Selecting>) -> Option<Slot> {
    match places(further, visit.key.foreign_origin().is_some()) {
        Places::Uncounted => None,
        Places::OfPage => Some(visit.key.slot()),
        Places::OfSites => Some(visit.key.clone().for_origin(None).slot().beside("origins")),
    }
}

/// What stands for all pages of the host, and for this variant of any of them.
fn on_host(visit: &Visit, selecting: &Selecting) -> (Slot, Slot) {
    let host = visit.key.of_host();
    (host.slot().beside("pages"), host.variant_slot(Time(0), selecting))
}

fn limits<P: Platform>(platform: &P) -> VariantLimits {
    let settings = platform.config().variants;
    VariantLimits { most: settings.most, stored_at_request: settings.after }
}
