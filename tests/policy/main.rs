//! The rules by their sections: RFC 9110, 9111, 5861, 9211, 9213, 9875, and the house's own.
#![cfg(not(target_arch = "wasm32"))]

mod answers;
mod asked;
mod backoff;
mod bypass;
mod cache_control;
mod collapsing;
mod config;
mod config_plain;
mod config_rules;
mod cookies;
mod coordinator;
mod fence;
mod fields;
mod filing;
mod first;
mod found;
mod freshness;
mod fuzz;
mod graph_diff;
mod guess;
mod invalidation;
mod key;
mod meanings;
mod method;
mod overtaking;
mod part;
mod passing;
mod path;
mod plain;
mod pure;
mod purge_memory;
mod range;
mod reuse;
mod routes;
mod samples;
mod search;
mod sharing;
mod spelling;
mod stand_in;
mod status;
mod steps;
mod stored;
mod storing;
mod structured;
mod tag;
mod time;
mod validation;
mod variants;
mod vary;
mod visitors;
mod withholding;

use http::{HeaderMap, HeaderName, HeaderValue};

/// `"a: 1\nb: 2"` as header fields.
pub fn headers(lines: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines.lines().filter(|line| !line.trim().is_empty()) {
        let (name, value) = line.split_once(':').expect("a colon");
        let name: HeaderName = name.trim().parse().unwrap();
        headers.append(name, HeaderValue::from_bytes(value.trim().as_bytes()).unwrap());
    }
    headers
}
