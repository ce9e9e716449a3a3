//! The control routes.

mod auth;
mod purge;
mod receipts;
mod routes;
mod status;

use http::Method;
use serde_json::Value;

use crate::world::{At, Seen, TOKEN, World};

/// Sends a request to a control route; a POST purges the tag `a`.
fn send(world: &World, method: Method, path: &str, token: &str) -> Seen {
    let authorization = format!("Bearer {token}");
    let headers = [("authorization", authorization.as_str())];
    let body = (method == Method::POST).then_some(r#"{"tags":["a"]}"#);
    let path = format!("/edge-isr/{path}");
    world.finish(world.ask(At::default(), method, &path, &headers, body))
}

fn get(world: &World, path: &str) -> Seen {
    send(world, Method::GET, path, TOKEN)
}

fn told(seen: &Seen) -> Value {
    serde_json::from_str(&seen.text).unwrap()
}
