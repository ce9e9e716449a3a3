//! Whether the Cache API keeps what it is given.

use std::cell::Cell;
use std::time::Duration;

use crate::isolate::recent::Recent;
use crate::policy::key::Slot;
use crate::policy::time::Time;

/// Whether what is put into the cache can be looked up. On workers.dev it cannot, and a host, a URL
/// or a body can be such that it is refused: collapsing would make visitors wait in vain.
#[derive(Default)]
pub struct CacheHealth {
    /// Until when each slot is not collapsed.
    broken: Recent<Time>,
    proven: Cell<bool>,
}

impl CacheHealth {
    const MISTRUST: Duration = Duration::from_secs(60);

    pub fn is_broken(&self, slot: &Slot, now: Time) -> bool {
        self.broken.get(slot).is_some_and(|until| now < until)
    }

    /// Whether the next store should be looked up to see.
    pub fn is_unproven(&self) -> bool {
        !self.proven.get()
    }

    pub fn found(&self, slot: &Slot) {
        self.proven.set(true);
        self.broken.forget(slot);
    }

    pub fn lost(&self, slot: &Slot, now: Time) {
        self.proven.set(false);
        self.broken.note(slot, now + Self::MISTRUST, now);
    }

    /// A request was told that it is stored, and did not find it.
    pub fn doubt(&self) {
        self.proven.set(false);
    }
}
