//! Pure. The leases of this isolate: at most one holder for a slot, and the requests that wait for
//! it.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::lease::LeaseEnd;
use crate::platform::Signal;
use crate::policy::key::Slot;
use crate::policy::time::Time;

/// The leases that requests of this isolate hold, by slot.
///
/// All methods are synchronous. So no other request runs between a check and the change that
/// follows it.
#[derive(Default)]
pub struct Leases {
    /// By the slot's name.
    held: BTreeMap<String, Box<Held>>,
}

/// A lease, with the signals of the requests that wait for its end.
struct Held {
    token: u64,
    until: Time,
    outcome: Rc<Cell<Option<LeaseEnd>>>,
    waiters: Vec<Signal>,
}

/// Another request's lease, as a waiting request sees it.
pub struct Waiting {
    /// The time at which the lease expires.
    pub until: Time,
    /// The outcome, once the holder has ended the lease. The cell also tells two leases of a slot
    /// apart.
    pub outcome: Rc<Cell<Option<LeaseEnd>>>,
}

impl Leases {
    /// The number of leases above which the expired ones are dropped.
    const MOST: usize = 4096;

    /// Takes the lease for `token`, unless another request holds it. Returns whether it did.
    pub fn take(&mut self, slot: &Slot, token: u64, until: Time, now: Time) -> bool {
        if self.held.get(slot.name()).is_some_and(|held| now < held.until) {
            return false;
        }
        // Lost holders leave leases that no request has asked for since.
        if self.held.len() >= Self::MOST {
            self.held.retain(|_, held| now < held.until);
        }
        // A holder that never ended its lease is lost. Its waiting requests wake by their own
        // timers, and look again.
        let held = Held { token, until, outcome: Rc::default(), waiters: Vec::new() };
        self.held.insert(slot.name().to_owned(), Box::new(held));
        true
    }

    /// The lease that another request holds. `None` if it is free or expired.
    pub fn holder(&self, slot: &Slot, now: Time) -> Option<Waiting> {
        let held = self.held.get(slot.name()).filter(|held| now < held.until)?;
        Some(Waiting { until: held.until, outcome: held.outcome.clone() })
    }

    /// Prolongs a lease if the token still holds it: its holder is alive, and waits for the world's
    /// lease.
    pub fn prolong(&mut self, slot: &Slot, token: u64, until: Time) {
        if let Some(held) = self.held.get_mut(slot.name()).filter(|held| held.token == token) {
            held.until = held.until.max(until);
        }
    }

    /// Ends an overdue holder's lease, unless another request holds it by now. Call
    /// [`Leases::take`] next.
    pub fn end_overdue(&mut self, slot: &Slot, overdue: &Waiting) {
        if self
            .held
            .get(slot.name())
            .is_some_and(|held| Rc::ptr_eq(&held.outcome, &overdue.outcome))
        {
            self.held.remove(slot.name());
        }
    }

    /// Whether a request in this isolate waits for the holder of this token.
    pub fn is_awaited(&self, slot: &Slot, token: u64) -> bool {
        let held = self.held.get(slot.name()).filter(|held| held.token == token);
        held.is_some_and(|held| !held.waiters.is_empty())
    }

    /// Adds the signal that wakes a waiting request when the lease ends.
    pub fn wait(&mut self, slot: &Slot, signal: Signal) {
        if let Some(held) = self.held.get_mut(slot.name()) {
            held.waiters.push(signal);
        }
    }

    /// Ends a lease if the token still holds it, and returns the signals that the caller must call.
    pub fn end(&mut self, slot: &Slot, token: u64, outcome: LeaseEnd) -> Vec<Signal> {
        if self.held.get(slot.name()).is_none_or(|held| held.token != token) {
            return Vec::new();
        }
        let Some(held) = self.held.remove(slot.name()) else { return Vec::new() };
        held.outcome.set(Some(outcome));
        held.waiters
    }
}
