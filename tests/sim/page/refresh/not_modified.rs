//! An origin that answers 304.

use edge_isr::policy::key::CacheKey;

use crate::world::origin::Page;
use crate::world::{At, World};

#[test]
fn a_304_freshens_what_is_stored() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("one").fresh(60, 10).etag("\"1\""));
    world.get("/a");
    world.wait(71_000);
    world.origin.set("/a", Page::new("two").fresh(90, 10).etag("\"1\""));
    let seen = world.get("/a");
    assert_eq!((seen.text.as_str(), seen.cache()), ("one", "fwd=stale; fwd-status=304; stored"));
    world.wait(1000);
    assert_eq!(world.get("/a").cache(), "hit; ttl=88");
}

#[test]
fn a_304_that_makes_the_page_private_drops_it() {
    for (name, value) in [("cache-control", "private"), ("set-cookie", "a=b")] {
        let world = World::new(1);
        world.origin.set("/a", Page::new("one").fresh(60, 0).etag("\"1\""));
        world.get("/a");
        world.wait(61_000);
        let mut page = Page::new("one").etag("\"1\"").with("cache-control", "s-maxage=60");
        page.headers.retain(|(own, _)| own != name);
        world.origin.set("/a", page.with(name, value));
        assert_eq!(world.get("/a").text, "one");
        world.origin.take("/a");
        assert_eq!(world.get("/a").cache().split(';').next(), Some("fwd=uri-miss"), "{name}");
        assert_eq!(world.origin.take("/a"), 1);
    }
}

#[test]
fn a_304_that_speaks_of_something_else_is_asked_again_without_conditions() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("one").fresh(60, 0).etag("\"1\""));
    world.get("/a");
    world.wait(61_000);
    let mut page = Page::new("two").fresh(60, 0).with("etag", "\"2\"");
    page.mistaken_304 = true;
    world.origin.set("/a", page);
    world.origin.take("/a");
    assert_eq!(world.get("/a").text, "two");
    assert_eq!(world.origin.take("/a"), 2);
}

#[test]
fn a_304_that_varies_otherwise_is_not_the_stored_response_9111_4_1() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("in ").fresh(60, 0).etag("\"1\""));
    world.get_with("/a", &[("accept-language", "en")]);
    world.wait(61_000);
    let mut page = Page::new("in ").fresh(60, 0).etag("\"1\"").with("vary", "accept-language");
    page.varies = Some("accept-language".to_owned());
    world.origin.set("/a", page);
    assert_eq!(world.get_with("/a", &[("accept-language", "en")]).text, "in en");
    assert_eq!(world.get_with("/a", &[("accept-language", "de")]).text, "in de");
}

#[test]
fn a_304_for_something_else_forfeits_no_window_on_error() {
    let world = World::new(1);
    let control = "max-age=60, stale-if-error=6000";
    world.origin.set("/a", Page::new("good").with("cache-control", control).etag("\"1\""));
    world.get("/a");
    world.wait(61_000);
    let mut page = Page::new("broken").status(503).with("etag", "\"2\"");
    page.mistaken_304 = true;
    world.origin.set("/a", page);
    assert_eq!(world.get("/a").text, "good");
}

#[test]
fn a_304_to_a_request_without_conditions_is_a_bad_gateway() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("").status(304));
    assert_eq!(world.get("/a").status, 502);
}

#[test]
fn a_304_that_makes_the_page_private_is_reported_as_the_304_it_was() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("one").fresh(60, 0).etag("\"1\""));
    world.get("/a");
    world.wait(61_000);
    world.origin.set("/a", Page::new("one").with("cache-control", "private").etag("\"1\""));
    assert_eq!(world.get("/a").cache(), "fwd=stale; fwd-status=304; detail=private");
}

#[test]
fn a_304_says_anew_whether_the_page_is_for_visitors_with_cookies() {
    for (before, after, seen) in [
        ("no-cache", "s-maxage=60", "hit; ttl=59"),
        ("s-maxage=60", "no-cache", "fwd=bypass; detail=cookie"),
    ] {
        let world = World::new(1);
        let page = |control| Page::new("one").with("cache-control", control).etag("\"1\"");
        world.origin.set("/a", page(before));
        world.get("/a");
        world.wait(61_000);
        world.origin.set("/a", page(after));
        world.get("/a");
        assert_eq!(world.get_with("/a", &[("cookie", "sid=1")]).cache(), seen, "{after}");
    }
}

#[test]
fn a_purge_reaches_the_page_by_the_tags_that_a_304_gave_it() {
    let world = World::new(1);
    let page = |tags| Page::new("one").fresh(60, 0).etag("\"1\"").tags(tags);
    world.origin.set("/a", page("a"));
    world.get("/a");
    world.wait(61_000);
    world.origin.set("/a", page("b"));
    world.get("/a");
    for (tag, is_hit) in [("a", true), ("b", false)] {
        world.purge("hard", &[tag]);
        assert_eq!(world.get("/a").cache().starts_with("hit"), is_hit, "{tag}");
    }
}

#[test]
fn tags_of_a_304_that_kv_refused_to_write_are_written_at_the_next() {
    let world = World::new(1);
    let renew = |tags| {
        world.origin.set("/a", Page::new("one").fresh(60, 0).etag("\"1\"").tags(tags));
        world.wait(61_000);
        world.get("/a");
        world.wait(2_000);
    };
    // After some minutes the graph is known to hold the first tag for good.
    (0..6).for_each(|_| renew("a"));
    *world.kv.failure.borrow_mut() = "KV PUT failed: 500".to_owned();
    world.kv.writes_fail.set(100);
    renew("b");
    world.kv.writes_fail.set(0);
    renew("b");
    assert_eq!(world.urls_of_tag("b"), ["https://site.test/a"]);
}

#[test]
fn a_304_takes_no_body_of_another_version_that_was_stored_meanwhile() {
    let world = World::new(1);
    let page = |text, tag| Page::new(text).fresh(60, 0).etag(tag);
    world.origin.set("/a", page("old", "\"1\""));
    world.get("/a");
    world.wait(61_000);
    world.origin.set("/a", page("new", "\"2\"").renders_in(500));
    world.ask(At { centre: 0, isolate: 1 }, http::Method::GET, "/a", &[], None);
    world.wait(100);
    // The cache evicts the lease, and the origin goes back to what it had.
    let lease = CacheKey::parse("https://site.test/a").unwrap().slot().beside("lease");
    world.cache(0).evict(|slot| *slot != lease);
    world.origin.set("/a", page("old", "\"1\"").renders_in(1_000));
    assert_eq!(world.finish(world.start("/a")).text, "old");
    let seen = world.get("/a");
    assert_eq!((seen.text.as_str(), seen.header("etag")), ("new", "\"2\""));
}

#[test]
fn a_304_that_names_fewer_fields_in_vary_leaves_those_of_the_stored_response() {
    let world = World::new(1);
    let page = |vary| Page::new("one").fresh(60, 0).etag("\"1\"").with("vary", vary);
    world.origin.set("/a", page("accept-encoding, accept-language"));
    world.get("/a");
    world.wait(61_000);
    world.origin.set("/a", page("accept-language"));
    world.get("/a");
    let seen = world.get("/a");
    assert_eq!(
        (seen.cache(), seen.header("vary")),
        ("hit; ttl=59", "accept-encoding, accept-language")
    );
}
