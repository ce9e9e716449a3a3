//! The object that keeps warmups: the way to it, and its runtime.

use std::future::Future;

use crate::platform::CoordinatorError;
use crate::platform::journal_object::ObjectRuntime;
use crate::warmup::WarmSettings;

/// The way to the object.
pub trait Warmups {
    /// Sends a request to the object, and returns its reply. Set a time limit: it may never reply.
    fn ask_warmups(
        &self,
        request: String,
    ) -> impl Future<Output = Result<String, CoordinatorError>>;
}

/// The runtime of the object.
pub trait WarmupRuntime: ObjectRuntime {
    /// Returns the settings.
    fn settings(&self) -> WarmSettings;
    /// Tells whether the durable tier is bound.
    fn has_tier(&self) -> bool;
    /// Calls the Worker with an [`Ask`](crate::warmup::ask::Ask), and returns its reply.
    fn call_worker(&self, ask: String) -> impl Future<Output = Result<String, CoordinatorError>>;
}
