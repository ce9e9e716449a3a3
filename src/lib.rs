//! edge-isr: incremental static revalidation at Cloudflare's edge, for any origin.
//!
//! Start at [`policy`]: its module documentation holds the decision table. [`page`] follows a
//! visitor's request, [`page::refresh`] a request to the origin, and [`purge`] a purge.
//! [`platform`] is the trait between these flows and the runtime. Only [`workers`] names the
//! runtime.

pub mod config;
pub mod control;
pub mod coordinator;
pub mod edge;
pub mod fields;
pub mod graph;
pub mod isolate;
pub mod lease;
pub mod page;
pub mod platform;
pub mod policy;
pub mod purge;
pub mod routes;
pub mod rules;
pub mod workers;

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
