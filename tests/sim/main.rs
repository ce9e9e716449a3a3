//! The flows over a simulated world, with a hand-driven clock. Each test runs under several seeds:
//! a seed is one order in which tasks take turns.
#![cfg(not(target_arch = "wasm32"))]

mod counter;
mod executor;
mod field_names;
mod kv;
mod origin;
mod platform;
mod world;

mod attacks;
mod collapsing;
mod coordinator;
mod failures;
mod fence;
mod fuzz;
mod graph;
mod histories;
mod origin_requests;
mod receipts;
mod reflecting;
mod representations;
mod semantics;
mod serving;
mod stale_window;
mod suspicion;
mod visitors;

/// Runs a test under many seeds, and says which one failed.
fn seeds(test: impl Fn(u64) + std::panic::RefUnwindSafe) {
    for seed in 0..40 {
        if let Err(cause) = std::panic::catch_unwind(|| test(seed)) {
            eprintln!("it failed with seed {seed}");
            std::panic::resume_unwind(cause);
        }
    }
}
