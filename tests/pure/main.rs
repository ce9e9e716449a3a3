//! Tests of the pure code: a file here tests the file of the same path in `src`.
//!
//! A number at the end of a test's name is a section of the RFC that the test is about: 9110, 9111,
//! 5861, 9211, 9213, 9651 or 9875.
#![cfg(not(target_arch = "wasm32"))]

mod config;
mod coordinator;
mod fields;
mod fuzz;
mod graph;
mod held;
mod isolate;
mod journal;
mod json;
mod lease;
mod page;
mod platform;
mod policy;
mod pure;
mod purge;
mod routes;
mod rules;
mod samples;
mod warmup;

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
