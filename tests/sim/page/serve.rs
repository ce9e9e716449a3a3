use http::Method;

use crate::seeds;
use crate::world::origin::Page;
use crate::world::{At, World};

#[test]
fn a_page_is_asked_for_once_and_then_served_from_the_edge() {
    seeds(|seed| {
        let world = World::new(seed);
        world.origin.set("/a", Page::new("one").fresh(60, 600));
        let first = world.get("/a");
        assert_eq!(
            (first.text.as_str(), first.cache()),
            ("one", "fwd=uri-miss; fwd-status=200; stored")
        );
        let second = world.get("/a");
        assert_eq!((second.text.as_str(), second.cache()), ("one", "hit; ttl=59"));
        assert_eq!(world.origin.take("/a"), 1);
    });
}

#[test]
fn age_counts_from_the_origin_request() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("one").fresh(60, 0).with("age", "5"));
    assert_eq!(world.get("/a").header("age"), "5");
    world.wait(10_000);
    assert_eq!(world.get("/a").header("age"), "15");
}

#[test]
fn a_hit_keeps_the_lines_of_the_origin_whose_names_the_edge_uses() {
    let world = World::with(1, &[("DEBUG", "true")]);
    let page = Page::new("one").fresh(60, 0).with("age", "5");
    let page = page.with("cache-status", "cdn; hit").with("server-timing", "db;dur=7");
    world.origin.set("/a", page);
    world.get("/a");
    let hit = world.get("/a");
    let lines = |name: &str| hit.headers.get_all(name).iter().collect::<Vec<_>>();
    assert_eq!(lines("age").len(), 1);
    let expected =
        [("cache-status", "cdn; hit", "edge-isr; hit"), ("server-timing", "db;dur=7", "cache")];
    for (name, of_origin, of_edge) in expected {
        let [first, second] = lines(name)[..] else { panic!("{name}: {:?}", lines(name)) };
        assert_eq!(first, of_origin);
        assert!(second.to_str().unwrap().starts_with(of_edge), "{second:?}");
    }
}

#[test]
fn a_stale_page_is_shown_while_one_request_fetches_the_new_version() {
    seeds(|seed| {
        let world = World::new(seed);
        world.origin.set("/a", Page::new("one").fresh(60, 600));
        world.get("/a");
        world.origin.set("/a", Page::new("two").fresh(60, 600));
        world.wait(61_000);
        world.origin.take("/a");
        let stale = world.get("/a");
        assert_eq!(stale.text, "one");
        assert_eq!(stale.cache(), "hit; ttl=-2; detail=revalidating");
        world.wait(100);
        assert_eq!(world.get("/a").text, "two");
        assert_eq!(world.origin.take("/a"), 1);
    });
}

#[test]
fn past_the_stale_window_the_visitor_waits_for_the_origin() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("one").fresh(60, 10).etag("\"1\""));
    world.get("/a");
    world.wait(71_000);
    world.origin.set("/a", Page::new("two").fresh(60, 10).etag("\"2\""));
    let seen = world.get("/a");
    assert_eq!((seen.text.as_str(), seen.cache()), ("two", "fwd=stale; fwd-status=200; stored"));
}

#[test]
fn head_is_answered_from_a_stored_get_and_not_stored_itself() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("one").fresh(60, 10));
    let head = || world.finish(world.ask(At::default(), Method::HEAD, "/a", &[], None));
    assert_eq!(head().cache(), "fwd=uri-miss");
    let forwarded = world.origin.requests.borrow().last().unwrap().method.clone();
    assert_eq!(forwarded, Method::HEAD);
    assert_eq!(world.get("/a").cache(), "fwd=uri-miss; fwd-status=200; stored");
    let seen = head();
    assert_eq!((seen.text.as_str(), seen.cache()), ("", "hit; ttl=59"));
}

#[test]
fn two_queries_never_share_not_even_by_another_order() {
    let world = World::new(1);
    world.origin.set("/a?x=1&y=2", Page::new("xy").fresh(60, 10));
    world.origin.set("/a?y=2&x=1", Page::new("yx").fresh(60, 10));
    world.origin.set("/a", Page::new("none").fresh(60, 10));
    assert_eq!(world.get("/a?x=1&y=2").text, "xy");
    assert_eq!(world.get("/a?y=2&x=1").text, "yx");
    assert_eq!(world.get("/a").text, "none");
}

#[test]
fn a_visitor_with_the_current_version_gets_a_304() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("one").fresh(60, 10).etag("\"1\""));
    let condition = [("if-none-match", "W/\"1\", \"2\"")];
    assert_eq!(world.get_with("/a", &condition).status, 304);
    let seen = world.get_with("/a", &condition);
    assert_eq!((seen.status, seen.text.as_str(), seen.cache()), (304, "", "hit; ttl=59"));
    let asked = world.origin.requests.borrow()[0].headers.contains_key("if-none-match");
    assert!(!asked, "the visitor's condition is answered here, and never sent on");
}

#[test]
fn what_is_for_one_visitor_alone_is_not_stored() {
    for (name, value) in [("set-cookie", "a=1"), ("x", "y"), ("vary", "*")] {
        let world = World::new(1);
        let control = if name == "x" { "private, max-age=60" } else { "max-age=60" };
        world.origin.set("/a", Page::new("one").with("cache-control", control).with(name, value));
        world.get("/a");
        world.get("/a");
        assert_eq!(world.origin.take("/a"), 2, "{name}: {value}");
    }
}

#[test]
fn a_login_cookie_or_authorization_goes_past_the_cache() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("one").fresh(60, 10));
    world.get("/a");
    for header in [("cookie", "theme=dark; sessionid=abc"), ("authorization", "Basic eA==")] {
        let seen = world.get_with("/a", &[header]);
        assert!(seen.cache().starts_with("fwd=bypass; detail="), "{}", seen.cache());
    }
    assert_eq!(world.origin.take("/a"), 3);
    assert_eq!(world.get_with("/a", &[("cookie", "theme=dark")]).cache(), "hit; ttl=59");
}

#[test]
fn a_404_replaces_a_page_and_a_private_answer_drops_it() {
    for (status, control) in [(404, "max-age=60"), (404, "no-store"), (200, "private")] {
        let world = World::new(1);
        world.origin.set("/a", Page::new("one").fresh(60, 600));
        world.get("/a");
        world.wait(61_000);
        world.origin.set("/a", Page::new("gone").status(status).with("cache-control", control));
        assert_eq!(world.get("/a").text, "one");
        world.wait(100);
        assert_eq!(world.get("/a").text, "gone");
    }
}

#[test]
fn forwarded_fields_are_of_our_own_making() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("one").fresh(60, 10));
    world.get_with("/a", &[("x-forwarded-host", "evil.test"), ("x-original-url", "/admin")]);
    let requests = world.origin.requests.borrow();
    let headers = &requests[0].headers;
    assert_eq!(headers["x-forwarded-host"], "site.test");
    assert_eq!(headers["x-forwarded-proto"], "https");
    assert!(!headers.contains_key("x-original-url"));
    assert_eq!(headers["via"], "1.1 edge-isr");
}

#[test]
fn tag_headers_are_for_the_edge_alone_unless_asked_for() {
    for (setting, kept) in [("false", ""), ("true", "a")] {
        let world = World::with(1, &[("KEEP_TAG_HEADERS", setting)]);
        world.origin.set("/a", Page::new("one").fresh(60, 10).tags("a"));
        assert_eq!(world.get("/a").header("cache-tag"), kept);
        assert_eq!(world.get("/a").header("cache-tag"), kept);
    }
}

#[test]
fn a_head_for_a_page_that_turned_out_uncacheable_is_sent_on_as_a_head() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("mine").with("cache-control", "private"));
    world.get("/a");
    world.finish(world.ask(At::default(), Method::HEAD, "/a", &[], Some("")));
    assert_eq!(world.origin.requests.borrow().last().unwrap().method, Method::HEAD);
}

#[test]
fn isolates_that_see_a_stale_page_while_it_is_renewed_do_not_renew_it_again() {
    seeds(|seed| {
        let world = World::new(seed);
        world.origin.set("/a", Page::new("one").fresh(60, 600).renders_in(50));
        world.get("/a");
        world.wait(61_000);
        world.origin.take("/a");
        world.cache(0).takes.set(5);
        world.start("/a");
        world.wait(40);
        for isolate in 1..16 {
            world.ask(At { centre: 0, isolate }, Method::GET, "/a", &[], None);
            world.wait(2);
        }
        world.wait(1_000);
        assert_eq!(world.origin.take("/a"), 1);
    });
}
