//! The health of the Cache API: whether it keeps the responses that it is given.

use std::cell::Cell;

use crate::isolate::recent::Recent;
use crate::policy::key::Slot;
use crate::policy::time::Time;
use crate::policy::timing::CACHE_MISTRUSTED;

/// Tracks whether a response put into the cache can be found again. On workers.dev it cannot, and
/// the cache may refuse some hosts, URLs or bodies. Collapsing would then make visitors wait in
/// vain.
#[derive(Default)]
pub struct CacheHealth {
    /// The time until which requests for each slot are not collapsed.
    broken: Recent<Time>,
    proven: Cell<bool>,
}

impl CacheHealth {
    /// Tells whether the cache lost this slot a short time ago. Do not collapse requests then.
    pub fn is_broken(&self, slot: &Slot, now: Time) -> bool {
        self.broken.get(slot).is_some_and(|until| now < until)
    }

    /// Tells whether to look up the next stored response, to see whether the cache kept it.
    pub fn is_unproven(&self) -> bool {
        !self.proven.get()
    }

    /// Notes that a stored response was found: the cache works.
    pub fn found(&self, slot: &Slot) {
        self.proven.set(true);
        self.broken.forget(slot);
    }

    /// Notes that a stored response was not found: the slot counts as broken for a minute.
    pub fn lost(&self, slot: &Slot, now: Time) {
        self.proven.set(false);
        self.broken.note(slot, now + CACHE_MISTRUSTED, now);
    }

    /// Notes that a request did not find a response that another request had stored.
    pub fn doubt(&self) {
        self.proven.set(false);
    }
}
