//! The one seam between the flows and the world: a trait for each capability, and [`Platform`] as
//! their sum. The Worker implements it over the Cache API, KV and `fetch`; the simulator implements
//! it in memory, where each await lets another task run.

pub mod body;
pub mod cache;
pub mod clock;
pub mod complain;
pub mod coordinator;
pub mod kv;
pub mod kv_error;
pub mod kv_key;
pub mod origin;
pub mod tasks;

use crate::config::Config;
use crate::isolate::Isolate;

pub use body::{Bodies, ReadError, Settled, Unsettled};
pub use cache::{Cache, CacheError, Document};
pub use clock::Clock;
pub use coordinator::{Coordinator, CoordinatorError};
pub use kv::Kv;
pub use origin::{Origin, OriginError, Request, Response};
pub use tasks::{Signal, Tasks};

/// What a request runs in: the settings, this isolate's memory and its log.
pub trait Context {
    fn config(&self) -> &Config;
    /// What this isolate remembers between requests.
    fn isolate(&self) -> &Isolate;
    fn log(&self, line: &str);
}

/// Everything outside of the flows. A clone is the same platform, for work that outlives its caller.
pub trait Platform:
    Context + Clock + Tasks + Bodies + Cache + Origin + Kv + Coordinator + Clone + 'static
{
}

impl<P> Platform for P where
    P: Context + Clock + Tasks + Bodies + Cache + Origin + Kv + Coordinator + Clone + 'static
{
}
