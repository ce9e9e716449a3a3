//! Metadata of stored responses that this isolate has read, and what was computed from it.
//!
//! Reading it is the greatest part of a hit's work, and most hits are of few pages. The text is
//! compared whole, so what is remembered is what reading it again would give.

use std::any::Any;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use http::HeaderMap;

use crate::policy::key::Slot;
use crate::policy::stored::Stored;
use crate::purge::knowledge::Knowledge;

/// The most texts that are remembered.
const MOST: usize = 64;
/// The longest text that is remembered, in bytes.
const LENGTH_MOST: usize = 8 * 1024;

/// What is computed once from a response's metadata. Other metadata, or another slot, has its own.
/// Metadata that is not remembered has a new one each time.
#[derive(Debug, Default)]
pub struct Derived {
    /// What the isolate knew of purges when it last judged the response, and found it not outdated.
    /// While the isolate knows the same, the response is not outdated.
    pub clear_as_of: Cell<Option<Knowledge>>,
    /// The header fields that all hits of the response have.
    pub shared_fields: OnceCell<Rc<SharedFields>>,
}

/// Header fields that all hits of a stored response have: without `Age`, and without the edge's own
/// lines.
#[derive(Debug)]
pub struct SharedFields {
    /// The fields.
    pub headers: HeaderMap,
    /// The same fields in the platform's own form, once it needed them.
    pub prepared: OnceCell<Box<dyn Any>>,
}

impl From<HeaderMap> for SharedFields {
    fn from(headers: HeaderMap) -> Self {
        SharedFields { headers, prepared: OnceCell::new() }
    }
}

/// The texts in the order in which they were first read, the latest first. Past [`MOST`] the oldest
/// is forgotten.
#[derive(Default)]
pub struct MetadataMemory {
    remembered: RefCell<VecDeque<Remembered>>,
}

struct Remembered {
    slot: Slot,
    text: String,
    stored: Stored,
    derived: Rc<Derived>,
}

impl MetadataMemory {
    /// Reads the metadata in a slot; `None` if it is damaged or of another version. `as_ruled` applies
    /// the rules to what was read for the first time.
    pub fn read(
        &self,
        slot: &Slot,
        text: String,
        as_ruled: impl FnOnce(Stored) -> Option<Stored>,
    ) -> Option<(Stored, Rc<Derived>)> {
        let mut remembered = self.remembered.borrow_mut();
        if let Some(known) =
            remembered.iter().find(|known| known.text == text && known.slot == *slot)
        {
            return Some((known.stored.clone(), known.derived.clone()));
        }
        let (stored, derived) = (as_ruled(Stored::of_text(&text)?)?, Rc::<Derived>::default());
        if text.len() <= LENGTH_MOST {
            remembered.truncate(MOST - 1);
            let (slot, stored, derived) = (slot.clone(), stored.clone(), derived.clone());
            remembered.push_front(Remembered { slot, text, stored, derived });
        }
        Some((stored, derived))
    }
}
