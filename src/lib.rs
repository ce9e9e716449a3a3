//! edge-isr: incremental static revalidation at Cloudflare's edge, for any origin.
//!
//! Start at [`policy`]: its module documentation holds the decision table. [`page`] follows a
//! visitor's request, [`page::refresh`] a request to the origin, and [`purge`] a purge.
//! [`platform`] is the trait between these flows and the runtime. Only [`workers`] names the
//! runtime.

#![cfg_attr(not(target_arch = "wasm32"), warn(missing_docs, unreachable_pub))]

/// Declares modules that the host's tests see and the Worker keeps to itself. In the Worker's build the
/// compiler then names what nothing uses.
macro_rules! modules {
    ($($name:ident),*) => {
        $(
            #[cfg(not(target_arch = "wasm32"))]
            pub mod $name;
            #[cfg(target_arch = "wasm32")]
            mod $name;
        )*
    };
}

modules!(
    config,
    control,
    coordinator,
    edge,
    fields,
    graph,
    isolate,
    lease,
    page,
    platform,
    policy,
    purge,
    routes,
    rules,
    workers
);

/// The parts of the runtime's side that `tests/wasm.rs` tests in the runtime.
#[cfg(target_arch = "wasm32")]
pub mod runtime_tests {
    pub use crate::fields::request::RequestFields;
    pub use crate::platform::{ReadError, Response, Unsettled};
    pub use crate::workers::body::{Body, BodyRead, Settling, read, settle};
    pub use crate::workers::headers::{Native, from_js, to_js};
    pub use crate::workers::response::to_js_response;
}

use worker::{Context, Env, Result, event};

// The runtime calls this once for each isolate: a panic is written to the console.
#[event(start)]
fn start() {
    console_error_panic_hook::set_once();
}

// The runtime calls this for each request. It hands over at once, so that all else is free of
// Cloudflare's types.
#[event(fetch)]
async fn fetch(request: web_sys::Request, env: Env, context: Context) -> Result<web_sys::Response> {
    workers::request::respond(request, env, context).await
}
