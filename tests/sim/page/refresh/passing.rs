//! What other visitors are told of a page that is not for all.

use edge_isr::policy::key::CacheKey;
use http::Method;

use super::{BROWSER, FRENCH, GERMAN};
use crate::page::PLAIN_FIRST;
use crate::world::origin::Page;
use crate::world::{At, World};

#[test]
fn a_variant_that_is_refused_to_the_edge_costs_one_request_a_visit() {
    let world = World::with(1, &[("VARIANT_AFTER", "1")]);
    let page = |text| Page::new(text).fresh(60, 60).with("vary", "accept-language");
    let refused = page("no robots").status(403);
    let good = page("good").but_where("user-agent", "Mozilla", page("good"));
    world.origin.set("/a", good.but_where("accept-language", "fr", refused));
    world.get_with("/a", &[GERMAN]);
    for requests in [2, 1, 1] {
        world.origin.take("/a");
        assert_eq!(world.get_with("/a", &[BROWSER, FRENCH]).text, "good");
        world.wait(100);
        assert_eq!(world.origin.take("/a"), requests);
    }
}

#[test]
fn a_refusal_of_a_plain_request_with_credentials_keeps_the_page_from_no_other_visitor() {
    let world = World::with(1, &[("SHARE_AUTHORIZED", "true")]);
    let good = || Page::new("good").with("cache-control", "public, s-maxage=60");
    let failure = Page::new("failure").status(500);
    let page = good().but_where("user-agent", "Mozilla", good());
    world.origin.set("/a", page.but_where("authorization", "Basic", failure));
    let seen = world.get_with("/a", &[BROWSER, ("authorization", "Basic eA==")]);
    assert_eq!(seen.text, "good");
    world.wait(100);
    assert_eq!(world.get_with("/a", &[BROWSER]).text, "good");
    world.wait(100);
    assert!(world.get_with("/a", &[BROWSER]).cache().starts_with("hit"));
}

#[test]
fn a_marker_that_was_overtaken_takes_no_tag_from_the_later_page() {
    let world = World::with(1, &[PLAIN_FIRST]);
    world.origin.set("/a", Page::new("1").fresh(60, 0).etag("\"1\"").tags("first"));
    world.get("/a");
    world.wait(61_000);
    let mine = Page::new("mine").with("cache-control", "private");
    world.origin.set("/a", mine.renders_in(3_000));
    world.start("/a");
    world.wait(500);
    world.cache(0).evict_all();
    world.origin.set("/a", Page::new("2").fresh(600, 0).tags("first,second"));
    world.get_at(At { isolate: 1, ..At::default() }, "/a");
    world.wait(20_000);
    assert!(world.get("/a").cache().starts_with("hit"));
    assert_eq!(["first", "second"].map(|tag| world.urls_of_tag(tag).len()), [1, 1]);
}

#[test]
fn a_marker_takes_also_the_tags_of_a_version_that_another_isolate_stored_meanwhile() {
    let world = World::with(1, &[PLAIN_FIRST]);
    world.kv.lag.set(60_000);
    world.origin.set("/a", Page::new("1").fresh(1, 0).etag("\"1\"").tags("first"));
    world.get("/a");
    world.wait(2_000);
    world.origin.set("/a", Page::new("2").fresh(60, 0).tags("second").renders_in(1_000));
    world.ask(At { isolate: 1, ..At::default() }, Method::GET, "/a", &[], None);
    world.wait(100);
    // The cache loses the note of the lease, and both isolates ask the origin.
    world.cache(0).forget(&CacheKey::parse("https://site.test/a").unwrap().slot().beside("lease"));
    world.origin.set("/a", Page::new("mine").with("cache-control", "private").renders_in(5_000));
    world.start("/a");
    world.wait(3_000);
    assert!(world.kv.keys("t/").iter().any(|key| key.contains("second")));
    world.wait(20_000);
    assert_eq!(world.kv.keys("t/"), [""; 0]);
}

#[test]
fn a_refusal_in_one_language_keeps_no_page_from_visitors_of_another() {
    let world = World::with(1, &[("VARIANT_AFTER", "1"), PLAIN_FIRST]);
    let page = |text| Page::new(text).fresh(600, 600).with("vary", "accept-language");
    for path in ["/s/1", "/s/2", "/s/3"] {
        world.origin.set(path, page("seen"));
        world.get_with(path, &[BROWSER, GERMAN]);
        world.wait(100);
    }
    // Plain requests of the section carry the language from now on.
    let mine = Page::new("mine").with("cache-control", "private").with("vary", "accept-language");
    world.origin.set("/s/4", page("shared").but_where("accept-language", "de", mine));
    assert_eq!(world.get_with("/s/4", &[BROWSER, GERMAN]).text, "mine");
    world.wait(100);
    world.get_with("/s/4", &[BROWSER, FRENCH]);
    world.wait(100);
    assert!(world.get_with("/s/4", &[BROWSER, FRENCH]).cache().starts_with("hit"));
}
