//! A request that waits for others, looks again, and asks the origin where that is still needed.

use http::Method;

use crate::world::origin::Page;
use crate::world::{At, Pending, World};

fn crowd(world: &World, headers: &[(&str, &str)]) -> Vec<Pending> {
    (0..20).map(|_| world.ask(At::default(), Method::GET, "/a", headers, None)).collect()
}

#[test]
fn a_request_that_has_lost_eight_rounds_asks_the_origin_itself() {
    let world = World::with(1, &[("SHARE_AUTHORIZED", "true")]);
    let page = Page::new("one").with("cache-control", "max-age=60").etag("\"1\"");
    world.origin.set("/a", page.renders_in(300));
    world.get("/a");
    world.wait(61_000);
    // The validated response may be stored for none of these visitors, and so ends no waiting.
    let asked = crowd(&world, &[("authorization", "Basic eA==")]);
    world.wait(10_000);
    assert!(asked.iter().all(|asked| asked.seen().text == "one"));
    assert_eq!(world.origin.most_at_once.get(), 20 - 8);
}

#[test]
fn requests_that_waited_for_a_response_that_is_for_no_other_visitor_ask_all_at_once() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("no").status(403).renders_in(300));
    let start = world.executor.now();
    let asked = crowd(&world, &[]);
    world.wait(10_000);
    let longest = asked.iter().map(|asked| asked.seen().at.since(start).as_millis()).max();
    assert_eq!((longest, world.origin.take("/a")), (Some(600), 20));
}

#[test]
fn a_response_that_was_waited_for_tells_how_long_it_is_fresh() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("one").fresh(60, 60).renders_in(300));
    let asked = [world.start("/a"), world.start("/a")].map(|asked| world.finish(asked));
    assert!(asked.iter().any(|asked| asked.cache() == "fwd=uri-miss; collapsed; ttl=59"));
}

#[test]
fn the_cache_is_read_back_after_the_first_write_of_an_isolate_alone() {
    let world = World::new(1);
    let looks = |path| {
        world.origin.set(path, Page::new("one").fresh(60, 60));
        world.get(path);
        world.cache(0).matches.take()
    };
    let first = looks("/a");
    assert_eq!([looks("/b"), looks("/c")], [first - 1; 2]);
}
