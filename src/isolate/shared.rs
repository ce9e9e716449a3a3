//! Values that the requests of an isolate share.

use std::cell::RefCell;

/// A value that any request of the isolate may read or change. Access is through a closure, which
/// cannot await. So a request never holds the value while another request runs.
#[derive(Default)]
pub struct Shared<T>(RefCell<T>);

impl<T> Shared<T> {
    /// Calls `read` with the value.
    pub fn with<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        read(&self.0.borrow())
    }

    /// Calls `change` with the value.
    pub fn with_mut<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        change(&mut self.0.borrow_mut())
    }
}
