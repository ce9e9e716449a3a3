//! The coordinator, and data centres that it holds together.

mod failures;
mod leases;

use std::rc::Rc;

use http::Method;

use crate::world::coordinator::SimCoordinator;
use crate::world::{At, Pending, World};

pub const FAR: At = At { centre: 1, isolate: 0 };

pub fn world(seed: u64) -> World {
    with(seed, &[])
}

pub fn with(seed: u64, settings: &[(&str, &str)]) -> World {
    let mut world = World::with(seed, settings);
    world.coordinator = Some(SimCoordinator::new(&world.executor));
    world
}

pub fn coordinator(world: &World) -> Rc<SimCoordinator> {
    world.coordinator.clone().unwrap()
}

pub fn crowd(world: &World, path: &str, count: usize) -> Vec<Pending> {
    let at = |number| At { centre: number % 2, isolate: number / 2 % 2 };
    (0..count).map(|number| world.ask(at(number), Method::GET, path, &[], None)).collect()
}
