//! The last known value of each slot that was noted lately.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::policy::key::Slot;
use crate::policy::time::{Time, median};

/// Remembers one value for each slot that was noted lately.
pub struct Recent<T> {
    /// By the slot's name. All maps of an isolate have such keys and boxed values: the code of a map
    /// is 8 kB for each pair of sizes.
    by_slot: RefCell<BTreeMap<String, Box<(Time, T)>>>,
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Recent { by_slot: RefCell::default() }
    }
}

impl<T: Copy> Recent<T> {
    const MOST: usize = 4096;

    /// Remembers `value` for `slot`. If the memory is full, the older half is forgotten.
    pub fn note(&self, slot: &Slot, value: T, now: Time) {
        let mut by_slot = self.by_slot.borrow_mut();
        if by_slot.len() >= Self::MOST && !by_slot.contains_key(slot.name()) {
            forget_older_half(&mut by_slot);
        }
        by_slot.insert(slot.name().to_owned(), Box::new((now, value)));
    }

    /// Returns the value of `slot`, if it is remembered.
    pub fn get(&self, slot: &Slot) -> Option<T> {
        self.by_slot.borrow().get(slot.name()).map(|noted| noted.1)
    }

    /// Forgets the value of `slot`.
    pub fn forget(&self, slot: &Slot) {
        self.by_slot.borrow_mut().remove(slot.name());
    }
}

fn forget_older_half<T>(by_slot: &mut BTreeMap<String, Box<(Time, T)>>) {
    let median = median(by_slot.values().map(|noted| Some(noted.0)));
    by_slot.retain(|_, noted| Some(noted.0) > median);
}
