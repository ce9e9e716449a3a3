//! The Worker: the flows' [`Platform`](crate::platform::Platform) over Cloudflare's runtime. No
//! other code depends on that runtime.

pub mod bindings;
pub mod body;
pub mod cache;
pub mod clock;
pub mod coordinator;
pub mod coordinator_object;
mod durable_tier;
pub mod headers;
pub mod journal;
pub mod js;
pub mod kv;
pub mod origin;
pub mod request;
pub mod response;
pub mod runtime;
pub mod tasks;
pub mod warmups;
