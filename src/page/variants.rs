//! Which variants of a page get a place in this isolate's data centre (`policy::sharing::variants`).

use crate::fields::vary::Selecting;
use crate::page::found::{Found, Lookup};
use crate::page::visit::Visit;
use crate::platform::Platform;
use crate::policy::key::Slot;
use crate::policy::sharing::variants::{Admission, VariantLimits};
use crate::policy::time::Time;

/// Counts a visitor's request for a variant that is not stored, and says what becomes of it.
pub fn asked<P: Platform>(platform: &P, visit: &Visit, lookup: &Lookup<P::Body>) -> Admission {
    let is_counted = match (&lookup.found, &lookup.beside) {
        (Found::Nothing(_), Some(first)) => !is_bounded(&visit.selecting(first.names())),
        (Found::Nothing(_), None) => visit.key.foreign_origin().is_some(),
        _ => false,
    };
    if !is_counted {
        return Admission::Stored;
    }
    let limits = limits(platform);
    let mut variants = platform.isolate().variants.borrow_mut();
    let (page, now) = (counted_by(visit, &lookup.slot), platform.now());
    let Some(first) = &lookup.beside else {
        variants.asked(&page, &lookup.slot, limits, now);
        return variants.admission(&page, &lookup.slot, limits);
    };
    let (host, alike) = on_host(visit, &visit.selecting(first.names()));
    variants.asked(&host, &alike, limits, now);
    match variants.admission(&host, &alike, limits) {
        Admission::Stored => variants.asked_as_elsewhere(&page, &lookup.slot, limits, now),
        Admission::NotYet | Admission::Full => variants.asked(&page, &lookup.slot, limits, now),
    }
    variants.admission(&page, &lookup.slot, limits)
}

/// Counts a request whose answer turned out to belong under another key than the one it was looked up
/// by: `visit` has that one now.
pub fn asked_under_another_key<P: Platform>(platform: &P, visit: &Visit) {
    if visit.key.foreign_origin().is_some() {
        let (slot, limits, now) = (visit.key.slot(), limits(platform), platform.now());
        let page = counted_by(visit, &slot);
        platform.isolate().variants.borrow_mut().asked(&page, &slot, limits, now);
    }
}

/// What becomes of the answer that is to be stored in `slot`.
pub fn admission<P: Platform>(
    platform: &P,
    visit: &Visit,
    slot: &Slot,
    selecting: &Selecting,
) -> Admission {
    let is_counted = match *slot == visit.key.slot() {
        true => visit.key.foreign_origin().is_some(),
        false => !is_bounded(selecting),
    };
    if !is_counted {
        return Admission::Stored;
    }
    let page = counted_by(visit, slot);
    let limits = limits(platform);
    platform.isolate().variants.borrow().admission(&page, slot, limits)
}

/// Whose places a variant takes. Pages for scripts of other sites have places of their own: anyone can
/// name any number of sites.
fn counted_by(visit: &Visit, slot: &Slot) -> Slot {
    let page = visit.key.slot();
    match *slot == page {
        true => visit.key.clone().for_origin(None).slot().beside("origins"),
        false => page,
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

/// Content codings come in three classes: such variants need no counting.
fn is_bounded(selecting: &Selecting) -> bool {
    selecting.iter().all(|(name, value)| name == "accept-encoding" || value == "absent")
}
