//! `LOG_REQUESTS`: a line for each request of a visitor, with what the cache did in a word.

use http::Method;

use crate::world::origin::Page;
use crate::world::{At, World};

/// A world with a log, in which `/a` is fresh for a minute and stale for another.
fn world() -> World {
    let world = World::with(1, &[("LOG_REQUESTS", "true")]);
    world.origin.set("/a", Page::new("one").fresh(60, 60));
    world.origin.set("/a?x=1", Page::new("one").fresh(60, 60));
    world.origin.set("/own", Page::new("own").with("cache-control", "private"));
    world
}

fn lines(world: &World) -> Vec<String> {
    world.log.take()
}

#[test]
fn a_page_is_missed_then_hit_then_stale() {
    let world = world();
    world.get("/a?x=1");
    world.get("/a?x=1");
    world.wait(61_000);
    world.get("/a?x=1");
    let words: Vec<String> = lines(&world)
        .iter()
        .map(|line| line.split(' ').take(4).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(words, ["GET /a?x=1 200 miss", "GET /a?x=1 200 hit", "GET /a?x=1 200 stale"]);
}

#[test]
fn requests_that_wait_for_another_are_misses_too() {
    let world = world();
    world.origin.set("/a", Page::new("one").fresh(60, 60).renders_in(100));
    let asked: Vec<_> = (0..3).map(|_| world.start("/a")).collect();
    asked.into_iter().for_each(|pending| drop(world.finish(pending)));
    let lines = lines(&world);
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines.iter().all(|line| line.starts_with("GET /a 200 miss (fwd=")), "{lines:?}");
}

#[test]
fn a_page_past_its_windows_is_a_miss_though_it_is_asked_for_anew() {
    let world = world();
    world.origin.set("/a", Page::new("one").fresh(60, 0).etag("\"1\""));
    world.get("/a");
    world.wait(61_000);
    world.log.take();
    world.get("/a");
    let lines = lines(&world);
    assert!(lines[0].starts_with("GET /a 200 miss (fwd=stale"), "{lines:?}");
}

#[test]
fn what_goes_past_the_cache_passes() {
    let world = world();
    world.finish(world.ask(At::default(), Method::POST, "/a", &[], Some("x")));
    world.get("/own");
    let lines = lines(&world);
    assert!(lines[0].starts_with("POST /a 200 pass (fwd=method"), "{lines:?}");
    assert!(lines[1].starts_with("GET /own 200 pass (fwd="), "{lines:?}");
}

#[test]
fn a_page_that_becomes_cacheable_again_is_a_miss_though_it_passed() {
    let world = world();
    world.get("/own");
    world.origin.set("/own", Page::new("ours").fresh(60, 60));
    world.log.take();
    world.get("/own");
    let lines = lines(&world);
    assert!(lines[0].starts_with("GET /own 200 miss (fwd=uri-miss"), "{lines:?}");
    assert!(lines[0].ends_with("stored; detail=private)"), "{lines:?}");
}

#[test]
fn a_head_for_a_page_that_is_not_stored_is_a_miss() {
    let world = world();
    world.finish(world.ask(At::default(), Method::HEAD, "/a", &[], None));
    assert_eq!(lines(&world), ["HEAD /a 200 miss (fwd=uri-miss)"]);
}

#[test]
fn a_page_that_is_not_there_is_a_miss_with_its_status() {
    let world = world();
    world.origin.set("/gone", Page::new("gone").status(404).fresh(60, 0));
    world.get("/gone");
    assert!(lines(&world)[0].starts_with("GET /gone 404 miss (fwd=uri-miss"));
}

#[test]
fn without_the_setting_there_is_no_line() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("one").fresh(60, 60));
    world.get("/a");
    assert!(world.log.take().is_empty());
}
