//! One data centre's cache, and what a test sees of its writes.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use edge_isr::platform::Document;
use edge_isr::policy::key::Slot;
use edge_isr::policy::time::Time;

use crate::world::counter::Counter;
use crate::world::executor::Group;

use super::Body;

/// One data centre's cache.
#[derive(Default)]
pub struct SimCache {
    slots: RefCell<BTreeMap<Slot, (String, String, Time)>>,
    /// It resolves and keeps nothing, as on workers.dev.
    pub keeps_nothing: Cell<bool>,
    pub refuses: Cell<bool>,
    /// An operation takes up to so many milliseconds.
    pub takes: Cell<u64>,
    pub put_takes: Cell<u64>,
    pub matches: Counter,
    pub puts: Counter,
    /// The writes of each slot.
    pub written: RefCell<BTreeMap<Slot, Vec<Written>>>,
    /// The requests that deleted a response.
    pub deleted_by: RefCell<Vec<Group>>,
}

/// A write of a slot, from its writer's last look at it to its end.
#[derive(Clone, Debug)]
pub struct Written {
    pub by: Group,
    pub looked_at: Time,
    pub at: Time,
    pub metadata: String,
    /// It is a marker in the place of a response that its writer had seen, or could have.
    pub replaced_page: bool,
}

impl Written {
    /// Whether it is what the origin said in answer to the request `number`.
    pub fn is_of(&self, number: usize) -> bool {
        self.metadata.contains(&format!("\"x-fetch\",\"{number}\""))
    }
}

impl SimCache {
    pub fn evict_all(&self) {
        self.slots.borrow_mut().clear();
    }

    /// Keeps only what `keep` says.
    pub fn evict(&self, keep: impl Fn(&Slot) -> bool) {
        self.slots.borrow_mut().retain(|slot, _| keep(slot));
    }

    /// Whether a slot holds a response.
    pub fn holds_page(&self, slot: &Slot, now: Time) -> bool {
        let slots = self.slots.borrow();
        slots.get(slot).is_some_and(|(metadata, _, until)| now < *until && is_page(metadata))
    }

    /// Whether a slot has held a response since a moment, and holds it now.
    fn held_page(&self, slot: &Slot, since: Time, now: Time) -> bool {
        let (slots, written) = (self.slots.borrow(), self.written.borrow());
        let Some((metadata, _, until)) = slots.get(slot) else { return false };
        let last = written.get(slot).and_then(|written| written.last());
        now < *until
            && is_page(metadata)
            && last.is_some_and(|last| last.metadata == *metadata && last.at < since)
    }

    /// The metadata and the body that a slot holds.
    pub fn held(&self, slot: &Slot, now: Time) -> Option<(String, String)> {
        let slots = self.slots.borrow();
        let (metadata, body, until) = slots.get(slot)?;
        (now < *until).then(|| (metadata.clone(), body.clone()))
    }

    pub fn keep(&self, slot: &Slot, document: Document<Body>, until: Time) {
        let kept = (document.metadata, document.body.text, until);
        self.slots.borrow_mut().insert(slot.clone(), kept);
    }

    pub fn forget(&self, slot: &Slot) {
        self.slots.borrow_mut().remove(slot);
    }

    /// Notes a write, and whether it is a marker in the place of a response.
    pub fn note_write(&self, slot: &Slot, by: Group, looked_at: Time, at: Time, metadata: &str) {
        let replaced_page = is_pass(metadata) && self.held_page(slot, looked_at, at);
        let written = Written { by, looked_at, at, metadata: metadata.to_owned(), replaced_page };
        self.written.borrow_mut().entry(slot.clone()).or_default().push(written);
    }

    pub fn metadata(&self) -> Vec<String> {
        self.slots.borrow().values().map(|(metadata, _, _)| metadata.clone()).collect()
    }

    pub fn bodies(&self) -> Vec<String> {
        self.slots.borrow().values().map(|(_, body, _)| body.clone()).collect()
    }
}

fn is_page(metadata: &str) -> bool {
    metadata.contains("\"response\":")
}

/// Whether what is put into a slot says that its page passes.
fn is_pass(metadata: &str) -> bool {
    metadata.contains("\"pass\":")
}
