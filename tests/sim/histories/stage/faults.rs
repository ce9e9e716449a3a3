//! What goes wrong in a history.

use std::rc::Rc;
use std::time::Duration;

use super::Stage;

impl Stage {
    pub(super) fn isolate_dies(self: &Rc<Self>, centre: usize, isolate: usize) {
        let reborn = self.born(centre, isolate);
        let dead = std::mem::replace(&mut self.isolates.borrow_mut()[centre][isolate], reborn);
        let homes = self.homes.borrow();
        self.executor.end(|group| homes.get(&group) == Some(&dead.id));
        self.invariants.single_flight.forget_active(|fetch| fetch.isolate == dead.id);
    }

    pub(super) fn requests_die(&self, centre: usize, isolate: usize) {
        let living = self.isolates.borrow()[centre][isolate].id;
        let homes = self.homes.borrow();
        self.executor.end(|group| homes.get(&group) == Some(&living));
        self.invariants.single_flight.forget_active(|fetch| fetch.isolate == living);
    }

    pub(super) fn evict(&self, centre: usize, of_ten: u64) {
        self.caches[centre].evict(|_| self.executor.random() % 10 >= of_ten);
        self.invariants.evicted(centre);
    }

    pub(super) async fn kv_unreadable(&self, centre: usize, lasts: u64) {
        let bit = 1 << centre;
        self.kv.unreadable.set(self.kv.unreadable.get() | bit);
        self.invariants.outages.begins(centre);
        self.executor.sleep(Duration::from_millis(lasts)).await;
        self.kv.unreadable.set(self.kv.unreadable.get() & !bit);
        self.invariants.outages.ends(centre);
    }

    pub(super) async fn cache_refuses(&self, centre: usize, lasts: u64, silently: bool) {
        let cache = &self.caches[centre];
        let refuses = if silently { &cache.keeps_nothing } else { &cache.refuses };
        refuses.set(true);
        self.invariants.single_flight.uncoordinated(Duration::from_millis(lasts));
        self.invariants.evicted(centre);
        self.executor.sleep(Duration::from_millis(lasts)).await;
        refuses.set(false);
        self.invariants.evicted(centre);
    }

    pub(super) async fn coordinator_fails(&self, lasts: u64) {
        let Some(coordinator) = &self.coordinator else { return };
        let faults = [&coordinator.hangs, &coordinator.fails];
        let fault = faults[self.executor.random() as usize % 2];
        let lasts = Duration::from_millis(lasts);
        self.invariants.single_flight.uncoordinated(lasts);
        coordinator.evict();
        fault.set(true);
        self.executor.sleep(lasts).await;
        fault.set(false);
    }
}
