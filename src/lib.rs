//! edge-isr: incremental static revalidation at Cloudflare's edge, for any origin.
//!
//! Start at [`policy`]: its module docs hold the decision table. [`page`] is the life of a visitor's
//! request, [`page::refresh`] that of a request to the origin, and [`purge`] that of a purge.
//! [`platform`] is the seam between them and the runtime, which [`workers`] alone names.

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

#[event(start)]
fn start() {
    console_error_panic_hook::set_once();
}

#[event(fetch)]
async fn fetch(request: web_sys::Request, env: Env, context: Context) -> Result<web_sys::Response> {
    workers::request::respond(request, env, context).await
}
