//! The Worker: the flows' [`Platform`](crate::platform::Platform) over Cloudflare's runtime. The
//! only code that knows of it.

pub mod body;
pub mod cache;
pub mod coordinator;
pub mod headers;
pub mod kv;
pub mod origin;
pub mod request;
pub mod runtime;
