//! The flows over a simulated world, with a hand-driven clock. Each test runs under several seeds:
//! a seed is one order in which tasks take turns.
#![cfg(not(target_arch = "wasm32"))]

mod attacks;
mod control;
mod coordinator;
mod durable;

mod failures;
mod field_names;
mod fuzz;
mod graph;
mod hanging;
mod histories;
mod hits;
mod journal;
mod lease;
mod origin_requests;
mod page;
mod purge;
mod reflecting;
mod representations;
mod request_log;
mod suspicion;
mod visitors;
mod warmups;
mod world;

/// Runs a test under many seeds, and says which one failed.
fn seeds(test: impl Fn(u64) + std::panic::RefUnwindSafe) {
    for seed in 0..40 {
        if let Err(cause) = std::panic::catch_unwind(|| test(seed)) {
            eprintln!("it failed with seed {seed}");
            std::panic::resume_unwind(cause);
        }
    }
}
