//! What a visitor is told that waited for another visitor's request.

use crate::world::World;
use crate::world::origin::Page;

#[test]
fn a_failure_that_was_waited_for_is_reported_as_collapsed() {
    let world = World::new(1);
    world.origin.set("/a", Page { renders_in: 300, ..Page::unreachable() });
    let asked = [world.start("/a"), world.start("/a")].map(|asked| world.finish(asked));
    let mut told = asked.each_ref().map(|asked| asked.cache());
    told.sort_unstable();
    assert_eq!(told, ["fwd=uri-miss; fwd-status=502", "fwd=uri-miss; fwd-status=502; collapsed"]);
}
