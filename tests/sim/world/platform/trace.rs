use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use edge_isr::policy::key::Slot;
use edge_isr::policy::time::Time;

use crate::world::executor::Group;

/// What one request did.
pub struct Trace {
    pub group: Group,
    pub began: Time,
    /// When it last saw a stored response.
    pub looked_at: Cell<Option<Time>>,
    /// When it last looked at each slot.
    looks: RefCell<BTreeMap<Slot, Time>>,
    pub body_read_at: Cell<Option<Time>>,
    /// How often it read each key of KV.
    pub kv_reads: RefCell<BTreeMap<String, u32>>,
    pub kv_writes: RefCell<Vec<String>>,
    /// Writes that KV took after the request had given them up.
    pub kv_late: RefCell<Vec<String>>,
}

impl Trace {
    pub fn new(group: Group, began: Time) -> Rc<Trace> {
        Rc::new(Trace {
            group,
            began,
            looked_at: Cell::default(),
            looks: RefCell::default(),
            body_read_at: Cell::default(),
            kv_reads: RefCell::default(),
            kv_writes: RefCell::default(),
            kv_late: RefCell::default(),
        })
    }

    pub fn looks_at(&self, slot: &Slot, now: Time) {
        self.looks.borrow_mut().insert(slot.clone(), now);
    }

    /// When it last looked at a slot.
    pub fn last_look(&self, slot: &Slot) -> Option<Time> {
        self.looks.borrow().get(slot).copied()
    }
}
