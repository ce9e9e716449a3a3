//! Metadata of stored responses that this isolate has read, by its text.
//!
//! Reading it is the greatest part of a hit's work, and most hits are of few pages. The text is
//! compared whole, so what is remembered is what reading it again would give.

use std::cell::RefCell;
use std::collections::VecDeque;

use crate::policy::stored::Stored;

/// The most texts that are remembered.
const MOST: usize = 64;
/// The longest text that is remembered, in bytes.
const LENGTH_MOST: usize = 8 * 1024;

/// The texts in the order in which they were first read, the latest first. Past [`MOST`] the oldest
/// is forgotten.
#[derive(Default)]
pub struct Heads {
    read: RefCell<VecDeque<(String, Stored)>>,
}

impl Heads {
    /// Reads metadata; `None` if it is damaged or of another version.
    pub fn read(&self, head: String) -> Option<Stored> {
        let mut read = self.read.borrow_mut();
        if let Some((_, stored)) = read.iter().find(|(text, _)| *text == head) {
            return Some(stored.clone());
        }
        let stored = Stored::from_head(&head)?;
        if head.len() <= LENGTH_MOST {
            read.truncate(MOST - 1);
            read.push_front((head, stored.clone()));
        }
        Some(stored)
    }
}
