//! The boundary between the flows and everything outside them: a trait for each capability, and
//! [`Platform`] as their sum. The Worker implements it over the Cache API, KV and `fetch`; the
//! simulator implements it in memory, where each await lets another task run.

pub mod body;
pub mod cache;
pub mod clock;
pub mod complain;
pub mod coordinator;
pub mod durable_tier;
pub mod journal;
pub mod journal_object;
pub mod kv;
pub mod kv_error;
pub mod kv_key;
pub mod origin;
pub mod rows;
pub mod tasks;
pub mod warmups;

use crate::config::Config;
use crate::isolate::Isolate;

pub use body::{Bodies, ReadError, Settled, Unsettled};
pub use cache::{Cache, CacheError, Document};
pub use clock::Clock;
pub use coordinator::{Coordinator, CoordinatorError};
pub use durable_tier::DurableTier;
pub use journal::{Journal, JournalError};
pub use kv::Kv;
pub use origin::{Origin, OriginError, Request, Response};
pub use tasks::{Signal, Tasks};
pub use warmups::Warmups;

/// The context of a request: the settings, this isolate's memory and its log.
pub trait Context {
    /// Returns the settings.
    fn config(&self) -> &Config;
    /// Returns the memory of this isolate between requests.
    fn isolate(&self) -> &Isolate;
    /// Writes a line to the log.
    fn log(&self, line: &str);
    /// Writes a JSON object to the log, which can be filtered by its fields.
    fn log_object(&self, json: &str);
}

/// Everything outside the flows. Clone it for work that outlives its caller: it stays the same
/// platform.
pub trait Platform:
    Context
    + Clock
    + Tasks
    + Bodies
    + Cache
    + Origin
    + Kv
    + DurableTier
    + Coordinator
    + Journal
    + Warmups
    + Clone
    + 'static
{
}

impl<P> Platform for P where
    P: Context
        + Clock
        + Tasks
        + Bodies
        + Cache
        + Origin
        + Kv
        + DurableTier
        + Coordinator
        + Journal
        + Warmups
        + Clone
        + 'static
{
}
