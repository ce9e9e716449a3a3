//! The places of a page's variants, as this isolate counts them (`policy::sharing::variants`).
//!
//! Each visitor could bring a new variant and fill the cache. So requests are counted, and a
//! variant is stored only when enough requests want it.

use crate::fields::vary::Selecting;
use crate::page::found::{Found, Lookup};
use crate::page::visit::Visit;
use crate::platform::Platform;
use crate::policy::key::Slot;
use crate::policy::sharing::variants::{Admission, Places, VariantLimits, places};
use crate::policy::time::Time;

/// Counts a visitor's request for a variant that is not stored, and returns whether its response
/// gets a place.
///
/// A variant that is often requested on other pages of the host is admitted at its first request.
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

/// Counts a request whose response turned out to belong under another key. `visit` has that key
/// already.
pub fn asked_under_another_key<P: Platform>(platform: &P, visit: &Visit) {
    let Some(page) = counted_by(visit, None) else { return };
    let (slot, limits, now) = (visit.key.slot(), limits(platform), platform.now());
    platform.isolate().variants.with_mut(|variants| variants.asked(&page, &slot, limits, now));
}

/// Returns whether the response that is to be stored in `slot` gets a place. It counts nothing.
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

/// The slot that names the budget of a variant; `None` where variants are not counted.
///
/// `further` holds the selecting values of a variant that is not the page's first.
fn counted_by(visit: &Visit, further: Option<&Selecting>) -> Option<Slot> {
    match places(further, visit.key.foreign_origin().is_some()) {
        Places::Uncounted => None,
        Places::OfPage => Some(visit.key.slot()),
        Places::OfSites => Some(visit.key.clone().for_origin(None).slot().beside("origins")),
    }
}

/// Two slots for counting on the whole host: one for all its pages, one for this variant of any of
/// them.
fn on_host(visit: &Visit, selecting: &Selecting) -> (Slot, Slot) {
    let host = visit.key.of_host();
    (host.slot().beside("pages"), host.variant_slot(Time(0), selecting))
}

/// The limits that the settings give.
fn limits<P: Platform>(platform: &P) -> VariantLimits {
    let settings = platform.config().variants;
    VariantLimits { most: settings.most, stored_at_request: settings.after }
}
