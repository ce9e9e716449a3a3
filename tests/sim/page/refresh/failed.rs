//! An origin that fails, or that refuses requests without a visitor's fields.

use http::Method;

use super::{BROWSER, GERMAN};
use crate::page::PLAIN_FIRST;
use crate::world::origin::Page;
use crate::world::{At, Pending, World};

/// A world in which `/a` is stored, and may not be shown any more.
fn past_every_window(page: Page) -> World {
    let world = World::new(1);
    world.origin.set("/a", page);
    world.get_with("/a", &[GERMAN]);
    world.wait(61_000);
    world.origin.take("/a");
    world
}

#[test]
fn a_page_that_needs_credentials_is_refused_to_a_visitor_without_any_and_to_no_other() {
    let world = World::with(1, &[("SHARE_AUTHORIZED", "true")]);
    let good = Page::new("good").with("cache-control", "public, max-age=60");
    let refused = Page::new("log in").status(401).with("www-authenticate", "Basic");
    world.origin.set("/a", refused.but_where("authorization", "Basic", good));
    let seen = world.get("/a");
    assert_eq!((seen.status, seen.header("www-authenticate")), (401, "Basic"));
    assert_eq!(seen.cache(), "fwd=uri-miss; fwd-status=401");
    assert_eq!(world.origin.take("/a"), 1, "the plain request was the visitor's own");
    let authorization = [("authorization", "Basic eA==")];
    assert_eq!(world.get_with("/a", &authorization).text, "good");
    assert_eq!(world.get_with("/a", &authorization).cache(), "hit; ttl=59");
}

#[test]
fn a_refusal_of_one_visitors_credentials_is_not_for_a_browser_without_them() {
    let world = World::with(1, &[("SHARE_AUTHORIZED", "true"), PLAIN_FIRST]);
    let welcome = Page::new("welcome");
    world
        .origin
        .set("/a", Page::new("log in").status(401).but_where("user-agent", "Mozilla", welcome));
    let seen = world.get_with("/a", &[BROWSER]);
    assert_eq!((seen.status, seen.text.as_str()), (200, "welcome"));
}

#[test]
fn a_visitor_whose_own_request_succeeds_gets_its_response_where_no_stored_one_may_stand_in() {
    let page = || Page::new("good").fresh(60, 0).etag("\"1\"");
    let world = past_every_window(page());
    let down = Page::new("down").status(503);
    world.origin.set("/a", down.clone().but_where("user-agent", "Mozilla", page()));
    let seen = world.get_with("/a", &[BROWSER]);
    assert_eq!((seen.status, seen.text.as_str()), (200, "good"));
    assert_eq!(seen.cache(), "fwd=stale; fwd-status=200; detail=plain-refused");
    // A request that fails as well is no better.
    let theirs = Page::new("theirs").status(500);
    world.origin.set("/a", down.but_where("user-agent", "Mozilla", theirs));
    let seen = world.get_with("/a", &[BROWSER]);
    assert_eq!((seen.status, seen.text.as_str()), (503, "down"));
    assert_eq!(seen.cache(), "fwd=stale; fwd-status=503");
}

#[test]
fn a_failure_of_a_stored_variant_is_shared_by_all_requests_that_waited_for_it() {
    let world = past_every_window(
        Page::new("good").fresh(60, 0).with("vary", "accept-language").etag("\"1\""),
    );
    world.origin.set("/a", Page { renders_in: 300, ..Page::unreachable() });
    let ask = || world.ask(At::default(), Method::GET, "/a", &[GERMAN], None);
    let asked: Vec<Pending> = (0..20).map(|_| ask()).collect();
    world.wait(5_000);
    assert!(asked.iter().all(|asked| asked.seen().status == 502));
    assert_eq!(world.origin.take("/a"), 1);
}

/// Visitors with fields of their own, which a plain request does not carry.
fn crowd(world: &World) -> Vec<Pending> {
    let ask = |_| world.ask(At::default(), Method::GET, "/a", &[BROWSER, GERMAN], None);
    (0..50).map(ask).collect()
}

#[test]
fn a_single_failure_does_not_end_collapsing() {
    for failure in [Page::new("down").status(503), Page::new("slow down").status(429)] {
        let world = World::with(1, &[PLAIN_FIRST]);
        world.origin.set("/a", failure.but_where("user-agent", "Mozilla", Page::new("good")));
        assert_eq!(world.get_with("/a", &[BROWSER]).text, "good");
        world.origin.set("/a", Page { renders_in: 300, ..Page::new("good").fresh(60, 0) });
        world.origin.take("/a");
        let asked = crowd(&world);
        world.wait(5_000);
        assert!(asked.iter().all(|asked| asked.seen().text == "good"));
        assert_eq!(world.origin.take("/a"), 1);
    }
}

#[test]
fn a_crowd_behind_a_failure_costs_few_requests() {
    let world = World::with(1, &[PLAIN_FIRST]);
    let good = || Page { renders_in: 300, ..Page::new("good").fresh(60, 0) };
    let down = Page { renders_in: 300, ..Page::new("down").status(503) };
    world.origin.set("/a", down.but_where("user-agent", "Mozilla", good()));
    let asked = crowd(&world);
    world.wait(400);
    world.origin.set("/a", good());
    world.wait(5_000);
    assert!(asked.iter().all(|asked| asked.seen().text == "good"));
    assert!(world.origin.take("/a") <= 3);
}

#[test]
fn the_second_failure_in_a_row_lets_the_page_pass() {
    let world = World::with(1, &[PLAIN_FIRST]);
    let down = Page::new("down").status(503);
    world.origin.set("/a", down.but_where("user-agent", "Mozilla", Page::new("good").fresh(60, 0)));
    let requests = |_| {
        assert_eq!(world.get_with("/a", &[BROWSER]).text, "good");
        world.origin.take("/a")
    };
    assert_eq!([0, 1, 2].map(requests), [2, 2, 1], "the third is an own request alone");
}

/// The origin is well again after 400 ms: a crowd of 50 that waits costs it few requests more.
fn crowd_costs_at_most(world: &World, requests: usize, good: Page) {
    let asked = crowd(world);
    world.wait(400);
    world.origin.set("/a", good);
    world.wait(10_000);
    assert!(asked.iter().all(|asked| asked.seen().text == "good"));
    let asked = world.origin.take("/a");
    assert!(asked <= requests, "{asked} requests");
}

#[test]
fn a_crowd_behind_a_failure_for_a_page_past_its_windows_costs_few_requests() {
    let good = || Page { renders_in: 300, ..Page::new("good").fresh(60, 0).etag("\"1\"") };
    let world = World::with(1, &[PLAIN_FIRST]);
    world.origin.set("/a", good());
    world.get_with("/a", &[BROWSER]);
    world.wait(61_000);
    world.origin.take("/a");
    let down = Page { renders_in: 300, ..Page::new("down").status(503) };
    world.origin.set("/a", down.but_where("user-agent", "Mozilla", good()));
    crowd_costs_at_most(&world, 4, good());
}

#[test]
fn a_crowd_behind_a_body_that_breaks_off_costs_few_requests() {
    let good = || Page { renders_in: 300, ..Page::new("good").fresh(60, 0) };
    let world = World::new(1);
    let broken = Page { renders_in: 300, breaks_off: true, ..Page::new("go").fresh(60, 0) };
    world.origin.set("/a", broken.but_where("user-agent", "Mozilla", good()));
    let first = world.ask(At::default(), Method::GET, "/a", &[BROWSER], None);
    world.wait(310);
    crowd_costs_at_most(&world, 5, good());
    assert_eq!(first.seen().text, "good");
}

#[test]
fn bodies_that_break_off_again_and_again_hold_no_crowd_up() {
    let good = || Page { renders_in: 300, ..Page::new("good").fresh(60, 0) };
    let world = World::new(1);
    let broken = Page { renders_in: 300, breaks_off: true, ..Page::new("go").fresh(60, 0) };
    world.origin.set("/a", broken.but_where("user-agent", "Mozilla", good()));
    let asked = crowd(&world);
    world.wait(3_000);
    assert!(asked.iter().all(|asked| asked.seen().text == "good"));
}

#[test]
fn a_response_that_its_origin_calls_stale_is_no_failure() {
    let world = World::with(1, &[PLAIN_FIRST]);
    let good = || Page::new("good").fresh(60, 0);
    world.origin.set("/a", Page::new("good").fresh(60, 600).with("x-nextjs-cache", "STALE"));
    world.get_with("/a", &[BROWSER]);
    world.wait(1_000);
    world.cache(0).evict_all();
    let down = Page::new("down").status(503);
    world.origin.set("/a", down.but_where("user-agent", "Mozilla", good()));
    world.get_with("/a", &[BROWSER]);
    world.origin.set("/a", Page { renders_in: 300, ..good() });
    world.wait(1_000);
    world.origin.take("/a");
    crowd_costs_at_most(&world, 1, good());
}

#[test]
fn two_failures_with_a_response_between_them_are_not_in_a_row() {
    let world = World::with(1, &[PLAIN_FIRST]);
    let good = || Page { renders_in: 300, ..Page::new("good").fresh(5, 0).etag("\"1\"") };
    let down = || Page::new("down").status(503).but_where("user-agent", "Mozilla", good());
    world.origin.set("/a", down());
    world.get_with("/a", &[BROWSER]);
    world.wait(1_000);
    // Another isolate fetches the page, and this one does not hear of it.
    world.origin.set("/a", good());
    world.finish(world.ask(At { isolate: 1, ..At::default() }, Method::GET, "/a", &[], None));
    world.wait(6_000);
    world.origin.set("/a", Page { renders_in: 300, ..down() });
    world.origin.take("/a");
    crowd_costs_at_most(&world, 4, good());
}

#[test]
fn failures_that_one_visitors_credentials_cause_let_no_page_pass() {
    let world = World::with(1, &[PLAIN_FIRST, ("SHARE_AUTHORIZED", "true")]);
    let good = || Page { renders_in: 300, ..Page::new("good").fresh(60, 0) };
    let page = good().but_where("user-agent", "Mozilla", Page::new("theirs"));
    world.origin.set("/a", page.but_where("authorization", "Bad", Page::new("crash").status(500)));
    for _ in 0..2 {
        world.get_with("/a", &[BROWSER, ("authorization", "Bad")]);
    }
    world.wait(1_000);
    world.origin.take("/a");
    let asked: Vec<Pending> = (0..50).map(|_| world.start("/a")).collect();
    world.wait(5_000);
    assert!(asked.iter().all(|asked| asked.seen().text == "good"));
    assert_eq!(world.origin.take("/a"), 1);
}
