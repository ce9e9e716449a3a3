//! The memory of an isolate between requests.

mod cache_health;
mod complaints;
mod memo;
mod metadata;
mod recent;
mod rest;

use edge_isr::policy::key::{CacheKey, Slot};

fn slot(path: &str) -> Slot {
    CacheKey::parse(&format!("https://a/{path}")).unwrap().slot()
}
