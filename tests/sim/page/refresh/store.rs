//! Which bodies are stored, and which stored response they replace.

use http::Method;

use super::BROWSER;
use crate::page::PLAIN_FIRST;
use crate::seeds;
use crate::world::origin::Page;
use crate::world::{At, Pending, World};

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

#[test]
fn a_redirect_with_a_lifetime_is_stored() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("").status(301).with("location", "/b").fresh(60, 60));
    world.get("/a");
    let seen = world.get("/a");
    assert_eq!((seen.status, seen.header("location"), seen.cache()), (301, "/b", "hit; ttl=59"));
}

#[test]
fn a_visitor_with_cookies_gets_their_own_response_where_the_page_varies_by_cookie() {
    let world = World::with(1, &[PLAIN_FIRST]);
    let page = |text| Page::new(text).fresh(60, 60).with("vary", "cookie");
    world.origin.set("/a", page("all").but_where("cookie", "theme=dark", page("dark")));
    let seen = world.get_with("/a", &[("cookie", "theme=dark")]);
    let said = "fwd=uri-miss; fwd-status=200; detail=cookie";
    assert_eq!((seen.text.as_str(), seen.cache()), ("dark", said));
    assert_eq!(world.get("/a").text, "all");
}

#[test]
fn a_body_that_breaks_off_is_one_failure_for_all_requests_that_wait_for_it() {
    seeds(|seed| {
        let world = World::new(seed);
        let broken = Page { breaks_off: true, ..Page::new("half").fresh(60, 60) };
        world.origin.set("/a", broken.renders_in(300));
        let asked: Vec<Pending> = (0..20).map(|_| world.start("/a")).collect();
        world.wait(5_000);
        let failed = asked.iter().filter(|asked| asked.seen().status == 502).count();
        assert_eq!((failed, world.origin.take("/a")), (19, 1));
    });
}

#[test]
fn a_body_that_breaks_off_is_no_failure_where_the_visitors_own_request_succeeded() {
    seeds(|seed| {
        let world = World::new(seed);
        let page = || Page::new("good").fresh(60, 60).renders_in(300);
        let broken = Page { breaks_off: true, ..page() };
        world.origin.set("/a", broken.but_where("user-agent", "Mozilla", page()));
        let ask = || world.ask(At::default(), Method::GET, "/a", &[BROWSER], None);
        let asked: Vec<Pending> = (0..20).map(|_| ask()).collect();
        world.wait(5_000);
        assert!(asked.iter().all(|asked| asked.seen().status == 200));
    });
}
