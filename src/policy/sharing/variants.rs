//! Places for the variants of a page: a limited number, each given only when the variant is
//! requested again. Any client can send a field with a new value each time.
//!
//! Values that visitors repeat on a host (its languages) need not be requested twice on each page.

use std::collections::BTreeMap;

use crate::fields::vary::Selecting;
use crate::policy::key::Slot;
use crate::policy::time::{Time, median};
use crate::policy::timing::VARIANT_FORGOTTEN_AFTER;

/// The largest number of pages whose variants an isolate counts.
const PAGES_MOST: usize = 1024;

/// The limits on the variants of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VariantLimits {
    /// The largest number of variants of a page that are kept.
    pub most: usize,
    /// The number of requests at which a variant is stored.
    pub stored_at_request: u32,
}

/// The kind of place that a variant takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Places {
    /// No place: variants of this kind are few by nature, and stored without a count.
    Uncounted,
    /// A place among the variants of its page.
    OfPage,
    /// A place among the pages for scripts of other sites. They are counted apart, because any
    /// client can name any number of sites.
    OfSites,
}

/// Decides the kind of place. `further` holds the fields that select a variant other than the
/// page's first. `is_of_site` is set if it is for scripts of another site.
pub fn places(further: Option<&Selecting>, is_of_site: bool) -> Places {
    match further {
        None if is_of_site => Places::OfSites,
        Some(selecting) if !is_bounded(selecting) => Places::OfPage,
        None | Some(_) => Places::Uncounted,
    }
}

/// Tells whether only content codings select. They come in three classes, and need no counting.
fn is_bounded(selecting: &Selecting) -> bool {
    selecting.iter().all(|(name, value)| name == "accept-encoding" || value == "absent")
}

/// The decision about a variant that is not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// The variant may be stored.
    Stored,
    /// The variant was not requested often enough: its response is for one visitor.
    NotYet,
    /// Other variants have all places.
    Full,
}

/// The variants of pages that were requested and not found.
#[derive(Default)]
pub struct Variants {
    /// By the name of the slot of the page's first variant.
    pages: BTreeMap<String, Box<PageVariants>>,
}

/// The variants of a page, in the order in which they were first requested.
#[derive(Default)]
struct PageVariants(Vec<VariantRequests>);

struct VariantRequests {
    variant: u64,
    times: u32,
    last: Time,
}

impl Variants {
    /// Counts a request for a variant that is not stored. `page` is the slot of the first variant.
    pub fn asked(&mut self, page: &Slot, variant: &Slot, limits: VariantLimits, now: Time) {
        self.count(page, variant, 1, limits, now);
    }

    /// Counts a request for a variant whose like was requested again on other pages: it is enough.
    pub fn asked_as_elsewhere(
        &mut self,
        page: &Slot,
        variant: &Slot,
        limits: VariantLimits,
        now: Time,
    ) {
        self.count(page, variant, limits.stored_at_request, limits, now);
    }

    fn count(&mut self, page: &Slot, variant: &Slot, times: u32, limits: VariantLimits, now: Time) {
        if self.pages.len() >= PAGES_MOST && !self.pages.contains_key(page.name()) {
            self.forget_older_half();
        }
        let variant = variant.number();
        let PageVariants(asked) = &mut **self.pages.entry(page.name().to_owned()).or_default();
        asked.retain(|asked| now < asked.last + VARIANT_FORGOTTEN_AFTER);
        if let Some(known) = asked.iter_mut().find(|asked| asked.variant == variant) {
            known.times = known.times.saturating_add(times);
            known.last = now;
            return;
        }
        if asked.len() >= 2 * limits.most {
            // The oldest variant without a place gives way.
            let waiting = |asked: &VariantRequests| asked.times < limits.stored_at_request;
            let Some(oldest) = asked.iter().position(waiting) else { return };
            asked.remove(oldest);
        }
        asked.push(VariantRequests { variant, times, last: now });
    }

    /// Decides whether the response for a variant may be stored.
    pub fn admission(&self, page: &Slot, variant: &Slot, limits: VariantLimits) -> Admission {
        let asked = self.pages.get(page.name()).map_or(&[][..], |page| &page.0);
        let has_place = |asked: &&VariantRequests| asked.times >= limits.stored_at_request;
        let mut placed = asked.iter().filter(has_place).take(limits.most);
        if placed.any(|asked| asked.variant == variant.number()) {
            return Admission::Stored;
        }
        if asked.iter().filter(has_place).count() >= limits.most {
            Admission::Full
        } else if limits.stored_at_request <= 1 {
            Admission::Stored
        } else {
            Admission::NotYet
        }
    }

    fn forget_older_half(&mut self) {
        let last = |page: &PageVariants| page.0.iter().map(|asked| asked.last).max();
        let median = median(self.pages.values().map(|page| last(page)));
        self.pages.retain(|_, page| last(page) > median);
    }
}
