//! An origin that answers 304.

use crate::world::World;
use crate::world::origin::Page;

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
