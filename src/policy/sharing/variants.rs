//! Which variants of a page get a place: so many a page, and each only when it is asked for again.
//! Anyone can send a field with a new value each time.
//!
//! What visitors ask for again on a host (its languages) need not be asked for twice on each page.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::fields::vary::Selecting;
use crate::policy::key::Slot;
use crate::policy::time::{Time, median};

/// Pages whose variants an isolate counts.
const PAGES_MOST: usize = 1024;
/// A variant that was not asked for again for so long gives up its place in the count.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(60 * 60);

/// How many variants of a page are kept, and at which request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VariantLimits {
    pub most: usize,
    pub stored_at_request: u32,
}

/// Whose places a variant takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Places {
    /// There are few of its kind by nature: it is stored without a count.
    Uncounted,
    OfPage,
    /// Pages for scripts of other sites have places of their own: anyone can name any number of sites.
    OfSites,
}

/// Whose places a variant takes. `further`: what selects it, where it is not the page's first one.
/// `is_of_site`: it is for scripts of another site.
pub fn places(further: Option<&Selecting>, is_of_site: bool) -> Places {
    match further {
        None if is_of_site => Places::OfSites,
        Some(selecting) if !is_bounded(selecting) => Places::OfPage,
        None | Some(_) => Places::Uncounted,
    }
}

/// Content codings come in three classes: such variants need no counting.
fn is_bounded(selecting: &Selecting) -> bool {
    selecting.iter().all(|(name, value)| name == "accept-encoding" || value == "absent")
}

/// What becomes of a variant that is not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    Stored,
    /// It was not asked for often enough: its answer is for the one visitor.
    NotYet,
    /// Others have all places.
    Full,
}

/// The variants of pages that were asked for and not found.
#[derive(Default)]
pub struct Variants {
    pages: BTreeMap<Slot, Vec<VariantRequests>>,
}

struct VariantRequests {
    variant: u64,
    times: u32,
    last: Time,
}

impl Variants {
    /// Counts a request for a variant that is not stored. `page` is where the first one is.
    pub fn asked(&mut self, page: &Slot, variant: &Slot, limits: VariantLimits, now: Time) {
        self.count(page, variant, 1, limits, now);
    }

    /// The same for a variant whose like was asked for again on other pages: this request is enough.
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
        if self.pages.len() >= PAGES_MOST && !self.pages.contains_key(page) {
            self.forget_older_half();
        }
        let variant = variant.number();
        let asked = self.pages.entry(page.clone()).or_default();
        asked.retain(|asked| now < asked.last + FORGOTTEN_AFTER);
        if let Some(known) = asked.iter_mut().find(|asked| asked.variant == variant) {
            known.times = known.times.saturating_add(times);
            known.last = now;
            return;
        }
        if asked.len() >= 2 * limits.most {
            // Of those that have no place yet, the oldest gives way.
            let waiting = |asked: &VariantRequests| asked.times < limits.stored_at_request;
            let Some(oldest) = asked.iter().position(waiting) else { return };
            asked.remove(oldest);
        }
        asked.push(VariantRequests { variant, times, last: now });
    }

    pub fn admission(&self, page: &Slot, variant: &Slot, limits: VariantLimits) -> Admission {
        let asked = self.pages.get(page).map_or(&[][..], Vec::as_slice);
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
        let last = |asked: &Vec<VariantRequests>| asked.iter().map(|asked| asked.last).max();
        let median = median(self.pages.values().map(last));
        self.pages.retain(|_, asked| last(asked) > median);
    }
}
