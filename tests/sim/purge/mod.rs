//! Purges, and what they outdate.

mod fence;
mod invalidate;
mod records;
mod stale_window;

use crate::world::origin::Page;
use crate::world::{At, World};

pub fn world(seed: u64) -> World {
    let world = World::new(seed);
    world.origin.set("/a", Page::new("old").fresh(600, 600).tags("a"));
    world
}

pub const OTHER_ISOLATE: At = At { centre: 0, isolate: 1 };

pub const OTHER_CENTRE: At = At { centre: 1, isolate: 0 };
