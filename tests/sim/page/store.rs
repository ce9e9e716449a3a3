//! Which bodies are stored, and which stored response they replace.

use crate::world::World;
use crate::world::origin::Page;

#[test]
fn a_large_body_is_stored_apart_and_freshened_without_a_copy() {
    let world = World::new(1);
    let large = "x".repeat(5000);
    world.origin.set("/a", Page::new(&large).fresh(60, 10).etag("\"1\""));
    world.get("/a");
    assert_eq!(world.get("/a").text, large);
    world.wait(71_000);
    assert_eq!(world.get("/a").cache(), "fwd=stale; fwd-status=304; stored");
    let seen = world.get("/a");
    assert_eq!((seen.text.len(), seen.cache()), (5000, "hit; ttl=59"));
    let copies = world.cache(0).bodies().iter().filter(|body| body.len() == 5000).count();
    assert_eq!(copies, 1);
}

#[test]
fn a_body_that_broke_off_never_takes_a_key_and_never_replaces_a_good_body() {
    for text in ["short".to_owned(), "long".repeat(1000)] {
        let world = World::new(1);
        let broken = Page { breaks_off: true, ..Page::new(&text).fresh(60, 600) };
        world.origin.set("/a", broken.clone());
        world.get("/a");
        assert!(!world.cache(0).bodies().contains(&text));
        world.wait(2000);
        world.origin.set("/a", Page::new("good").fresh(60, 600));
        world.get("/a");
        world.wait(61_000);
        world.origin.set("/a", broken);
        world.get("/a");
        world.wait(1000);
        assert_eq!(world.get("/a").text, "good");
    }
}

#[test]
fn a_response_fetched_earlier_does_not_replace_a_response_fetched_later() {
    let world = World::new(1);
    // The first body takes so long that its lease ends before it is stored.
    let slow = Page { body_takes: 100_000, ..Page::new("old").fresh(6000, 600) };
    world.origin.set("/a", slow);
    world.start("/a");
    world.wait(60_000);
    world.origin.set("/a", Page::new("new").fresh(6000, 600));
    assert_eq!(world.get("/a").text, "new");
    world.wait(60_000);
    assert_eq!(world.get("/a").text, "new");
}
