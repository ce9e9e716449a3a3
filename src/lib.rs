//! edge-isr: incremental static revalidation at Cloudflare's edge, for any origin.
//!
//! Start at [`policy`]: its module documentation holds the decision table. [`page`] follows a
//! visitor's request, [`page::refresh`] a request to the origin, and [`purge`] a purge.
//! [`platform`] holds the traits between these flows and the runtime. Only [`workers`] names the
//! runtime.

#![cfg_attr(not(target_arch = "wasm32"), warn(missing_docs, unreachable_pub))]

// The modules are open to the tests that run natively, and closed in the Worker, so that the
// compiler warns of dead code there. (The formatter finds files by the first list alone.)

#[cfg(not(target_arch = "wasm32"))]
pub mod config;
#[cfg(not(target_arch = "wasm32"))]
pub mod control;
#[cfg(not(target_arch = "wasm32"))]
pub mod coordinator;
#[cfg(not(target_arch = "wasm32"))]
pub mod durable;
#[cfg(not(target_arch = "wasm32"))]
pub mod edge;
#[cfg(not(target_arch = "wasm32"))]
pub mod fields;
#[cfg(not(target_arch = "wasm32"))]
pub mod graph;
#[cfg(not(target_arch = "wasm32"))]
pub mod isolate;
#[cfg(not(target_arch = "wasm32"))]
pub mod journal;
#[cfg(not(target_arch = "wasm32"))]
pub mod json;
#[cfg(not(target_arch = "wasm32"))]
pub mod lease;
#[cfg(not(target_arch = "wasm32"))]
pub mod page;
#[cfg(not(target_arch = "wasm32"))]
pub mod platform;
#[cfg(not(target_arch = "wasm32"))]
pub mod policy;
#[cfg(not(target_arch = "wasm32"))]
pub mod purge;
#[cfg(not(target_arch = "wasm32"))]
pub mod routes;
#[cfg(not(target_arch = "wasm32"))]
pub mod rules;
#[cfg(not(target_arch = "wasm32"))]
pub mod warmup;
#[cfg(not(target_arch = "wasm32"))]
pub mod workers;

#[cfg(target_arch = "wasm32")]
macro_rules! closed {
    ($($name:ident)*) => { $(mod $name;)* };
}

#[cfg(target_arch = "wasm32")]
closed!(
    config control coordinator durable edge fields graph isolate journal json lease page platform policy purge routes rules warmup workers
);

/// The parts of the runtime's side that `tests/wasm.rs` tests in the runtime.
#[cfg(target_arch = "wasm32")]
pub mod runtime_tests {
    pub use crate::fields::request::RequestFields;
    pub use crate::isolate::metadata::SharedFields;
    pub use crate::page::hit::{Answer, Hit};
    pub use crate::platform::{ReadError, Response, Unsettled};
    pub use crate::workers::body::{Body, BodyRead, Settling, read, settle};
    pub use crate::workers::headers::{Native, from_js, to_js};
    pub use crate::workers::response::to_js_response;
}

use js_sys::Promise;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::{Context, Env, event, worker_sys};

// The runtime calls this once for each isolate: a panic is written to the console.
#[event(start)]
fn start() {
    console_error_panic_hook::set_once();
}

/// The runtime calls this for each request. It hands over at once, so that all else is free of
/// Cloudflare's types. `event(fetch)` would do the same in more steps (`workers::js::promise`).
#[wasm_bindgen]
pub fn fetch(request: web_sys::Request, env: Env, context: worker_sys::Context) -> Promise {
    workers::js::promise::promise(workers::request::respond(request, env, Context::new(context)))
}

/// The runtime calls this at the times that `[triggers]` in wrangler.toml names.
#[wasm_bindgen]
pub fn scheduled(_event: wasm_bindgen::JsValue, env: Env, context: worker_sys::Context) -> Promise {
    let work = workers::warmups::on_schedule(env, Context::new(context));
    workers::js::promise::promise(work)
}
