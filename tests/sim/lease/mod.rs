//! Requests for one page at the same time: what they cost the origin, and how long they wait.

mod crowds;
mod holders;
mod passing;

use http::Method;

use crate::world::{At, Pending, World};

pub fn all(world: &World, path: &str, isolates: usize, count: usize) -> Vec<Pending> {
    (0..count)
        .map(|number| {
            let at = At { centre: 0, isolate: number % isolates };
            world.ask(at, Method::GET, path, &[], None)
        })
        .collect()
}
