//! What the requests of an isolate share.

use std::cell::RefCell;

/// A value that any request of the isolate may read or change. A closure sees it, and no await can
/// stand in a closure: so a request never holds it while another one runs.
#[derive(Default)]
pub struct Shared<T>(RefCell<T>);

impl<T> Shared<T> {
    pub fn with<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        read(&self.0.borrow())
    }

    pub fn with_mut<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        change(&mut self.0.borrow_mut())
    }
}
