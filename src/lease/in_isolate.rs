//! Pure. The leases of this isolate: at most one leader for a slot, and the requests that wait for it.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::lease::LeaseEnd;
use crate::platform::Signal;
use crate::policy::key::Slot;
use crate::policy::time::Time;

/// At most one leader per slot, and those who wait for it.
#[derive(Default)]
pub struct Leases {
    held: BTreeMap<Slot, Held>,
}

struct Held {
    token: u64,
    until: Time,
    outcome: Rc<Cell<Option<LeaseEnd>>>,
    waiters: Vec<Signal>,
}

/// The state of another request's lease.
pub struct Waiting {
    pub until: Time,
    pub outcome: Rc<Cell<Option<LeaseEnd>>>,
}

impl Leases {
    const MOST: usize = 4096;

    /// Takes the lease, unless it is held.
    pub fn take(&mut self, slot: &Slot, token: u64, until: Time, now: Time) -> bool {
        if self.held.get(slot).is_some_and(|held| now < held.until) {
            return false;
        }
        // Leases of lost holders that no request has asked for since.
        if self.held.len() >= Self::MOST {
            self.held.retain(|_, held| now < held.until);
        }
        // A holder that never ended it is gone; its waiters wake by themselves, and look again.
        let held = Held { token, until, outcome: Rc::default(), waiters: Vec::new() };
        self.held.insert(slot.clone(), held);
        true
    }

    /// The lease that another request holds.
    pub fn holder(&self, slot: &Slot, now: Time) -> Option<Waiting> {
        let held = self.held.get(slot).filter(|held| now < held.until)?;
        Some(Waiting { until: held.until, outcome: held.outcome.clone() })
    }

    /// Prolongs a lease, if it is still this one: its holder lives, and waits for the world's.
    pub fn prolong(&mut self, slot: &Slot, token: u64, until: Time) {
        if let Some(held) = self.held.get_mut(slot).filter(|held| held.token == token) {
            held.until = held.until.max(until);
        }
    }

    /// Ends an overdue holder's lease, unless another request holds it by now.
    pub fn end_overdue(&mut self, slot: &Slot, overdue: &Waiting) {
        if self.held.get(slot).is_some_and(|held| Rc::ptr_eq(&held.outcome, &overdue.outcome)) {
            self.held.remove(slot);
        }
    }

    /// Whether a request in this isolate waits for the holder of this token.
    pub fn is_awaited(&self, slot: &Slot, token: u64) -> bool {
        let held = self.held.get(slot).filter(|held| held.token == token);
        held.is_some_and(|held| !held.waiters.is_empty())
    }

    pub fn wait(&mut self, slot: &Slot, signal: Signal) {
        if let Some(held) = self.held.get_mut(slot) {
            held.waiters.push(signal);
        }
    }

    /// Ends a lease, if it is still this one, and returns whom to wake.
    pub fn end(&mut self, slot: &Slot, token: u64, outcome: LeaseEnd) -> Vec<Signal> {
        if self.held.get(slot).is_none_or(|held| held.token != token) {
            return Vec::new();
        }
        let Some(held) = self.held.remove(slot) else { return Vec::new() };
        held.outcome.set(Some(outcome));
        held.waiters
    }
}
