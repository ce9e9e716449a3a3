//! The last value that is known for each of the slots that were used most recently.

use std::collections::BTreeMap;

use crate::policy::key::Slot;
use crate::policy::time::Time;

/// The last thing that is known of each of the slots used most recently.
pub struct Recent<T> {
    by_slot: BTreeMap<Slot, (Time, T)>,
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Recent { by_slot: BTreeMap::new() }
    }
}

impl<T: Copy> Recent<T> {
    const MOST: usize = 4096;

    pub fn note(&mut self, slot: &Slot, value: T, now: Time) {
        if self.by_slot.len() >= Self::MOST && !self.by_slot.contains_key(slot) {
            self.forget_older_half();
        }
        self.by_slot.insert(slot.clone(), (now, value));
    }

    pub fn get(&self, slot: &Slot) -> Option<T> {
        self.by_slot.get(slot).map(|(_, value)| *value)
    }

    pub fn forget(&mut self, slot: &Slot) {
        self.by_slot.remove(slot);
    }

    fn forget_older_half(&mut self) {
        let mut times: Vec<Time> = self.by_slot.values().map(|(at, _)| *at).collect();
        times.sort_unstable();
        let median = times[times.len() / 2];
        self.by_slot.retain(|_, (at, _)| *at > median);
    }
}
