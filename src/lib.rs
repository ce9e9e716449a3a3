//! edge-isr: incremental static revalidation at Cloudflare's edge, for any origin.
//!
//! Start at [`policy`], whose module docs hold the decision table; [`serve`] is the life of a
//! request, [`revalidate`] of a revalidation, [`purge`] of a purge; [`platform`] is the seam
//! between them and the world.

pub mod admin;
pub mod answer;
pub mod config;
pub mod coordinator;
pub mod edge;
pub mod fence;
pub mod fill;
pub mod forward;
pub mod graph;
pub mod invalidate;
pub mod isolate;
pub mod kv;
pub mod lease;
pub mod lookup;
pub mod not_modified;
pub mod platform;
pub mod policy;
pub mod purge;
pub mod purge_batch;
pub mod purge_memory;
pub mod reading;
pub mod revalidate;
pub mod routes;
pub mod search;
pub mod serve;
pub mod store;
pub mod trace;
pub mod variants;
pub mod visit;
pub mod visitor;
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
