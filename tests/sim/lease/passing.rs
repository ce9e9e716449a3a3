//! A page that is not stored, and requests that wait for it.

use http::Method;

use crate::seeds;
use crate::world::origin::Page;
use crate::world::{At, Pending, World};

use super::all;

#[test]
fn no_request_waits_longer_than_the_first_for_a_page_that_turns_out_uncacheable() {
    seeds(|seed| {
        let world = World::new(seed);
        let page = Page::new("mine").with("cache-control", "private").renders_in(300);
        world.origin.set("/a", page);
        let start = world.executor.now();
        let asked = all(&world, "/a", 1, 200);
        world.wait(5000);
        let longest = asked.iter().map(|asked| asked.seen().at.since(start).as_millis()).max();
        assert!(longest <= Some(600), "the first took 300 ms, the slowest {longest:?} ms");
        world.origin.take("/a");
        // And for a while no request waits for another.
        let start = world.executor.now();
        let asked = all(&world, "/a", 2, 50);
        world.wait(5000);
        assert!(asked.iter().all(|asked| asked.seen().at.since(start).as_millis() == 300));
        assert_eq!(world.origin.take("/a"), 50);
    });
}

#[test]
fn no_request_waits_for_the_marker_of_an_uncacheable_page_to_be_written() {
    seeds(|seed| {
        let world = World::new(seed);
        let page = Page::new("mine").with("cache-control", "private").renders_in(300);
        world.origin.set("/a", page);
        let start = world.executor.now();
        let asked = all(&world, "/a", 1, 50);
        world.wait(200);
        world.cache(0).put_takes.set(5_000);
        world.wait(10_000);
        let longest = asked.iter().map(|asked| asked.seen().at.since(start).as_millis()).max();
        assert!(longest <= Some(600), "the first took 300 ms, the slowest {longest:?} ms");
    });
}

#[test]
fn an_isolate_remembers_an_uncacheable_page_whose_marker_was_evicted() {
    let world = World::new(1);
    let page = Page::new("mine").with("cache-control", "private").renders_in(300);
    world.origin.set("/a", page);
    world.get("/a");
    world.cache(0).evict_all();
    let start = world.executor.now();
    let asked = all(&world, "/a", 1, 50);
    world.wait(5000);
    assert!(asked.iter().all(|asked| asked.seen().at.since(start).as_millis() == 300));
}

#[test]
fn a_page_that_becomes_cacheable_again_is_stored() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("mine").with("cache-control", "private"));
    world.get("/a");
    world.origin.set("/a", Page::new("ours").fresh(60, 600));
    assert_eq!(world.get("/a").cache(), "fwd=uri-miss; fwd-status=200; stored; detail=private");
    assert_eq!(world.get("/a").cache(), "hit; ttl=59");
}

#[test]
fn a_cache_that_keeps_nothing_makes_no_request_wait_in_vain() {
    seeds(|seed| {
        let world = World::new(seed);
        world.cache(0).keeps_nothing.set(true);
        world.origin.set("/a", Page::new("one").fresh(60, 600).renders_in(300));
        let start = world.executor.now();
        let asked = all(&world, "/a", 1, 50);
        world.wait(30_000);
        let longest = asked.iter().map(|asked| asked.seen().at.since(start).as_millis()).max();
        assert!(longest <= Some(600), "the slowest took {longest:?} ms");
        assert!(world.log.borrow().len() == 1, "said once: {:?}", world.log.borrow());
        let seen = world.get("/a");
        assert_eq!(seen.cache(), "fwd=uri-miss; fwd-status=200; stored; detail=cache-unavailable");
    });
}

#[test]
fn a_leader_that_may_not_have_the_page_ends_no_collapsing() {
    seeds(|seed| {
        let world = World::new(seed);
        let page = Page::new("one").with("cache-control", "max-age=0, stale-while-revalidate=9");
        world.origin.set("/a", page.etag("\"1\"").renders_in(1_000));
        let other = At { centre: 0, isolate: 1 };
        world.start("/a");
        world.wait(100);
        // This request has the lease of its isolate when the first has stored the page.
        let cookie = [("cookie", "sid=1")];
        let known = world.ask(other, Method::GET, "/a", &cookie, None);
        world.wait(10);
        let waiting: Vec<Pending> =
            (0..20).map(|_| world.ask(other, Method::GET, "/a", &[], None)).collect();
        world.wait(500);
        // What is stored by then is stale, and has to be asked for anew.
        world.start_control(other, r#"{"everything":true,"mode":"hard"}"#);
        world.wait(20_000);
        assert!(waiting.iter().all(|asked| asked.seen().text == "one"));
        assert_eq!(known.seen().cache(), "fwd=bypass; fwd-status=200; detail=cookie");
        let requests = world.origin.requests.borrow();
        let plain = |headers: &http::HeaderMap| !headers.contains_key("cookie");
        assert_eq!(requests.iter().filter(|request| plain(&request.headers)).count(), 2);
    });
}
