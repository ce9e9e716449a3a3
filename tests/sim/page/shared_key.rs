//! `No-Vary-Search`: URLs that share a stored response.

use crate::world::World;
use crate::world::origin::Page;

#[test]
fn urls_that_differ_in_what_no_vary_search_excludes_share_a_response() {
    let world = World::new(1);
    let page = Page::new("one").fresh(60, 60).with("no-vary-search", "params=(\"utm\")");
    for path in ["/a?x=1&utm=a", "/a?x=1&utm=b", "/a?x=1", "/a?x=2"] {
        world.origin.set(path, page.clone());
    }
    world.get("/a?x=1&utm=a");
    for path in ["/a?x=1&utm=a", "/a?utm=b&x=1", "/a?x=1"] {
        assert_eq!(world.get(path).cache(), "hit; ttl=59", "{path}");
    }
    assert_eq!(world.get("/a?x=2").cache(), "fwd=uri-miss; fwd-status=200; stored");
}

#[test]
fn a_response_that_says_nothing_of_its_query_is_not_shared() {
    let world = World::new(1);
    let page = |text| Page::new(text).fresh(60, 0);
    world.origin.set("/a?utm=a", page("one").with("no-vary-search", "params=(\"utm\")"));
    world.get("/a?utm=a");
    world.wait(61_000);
    world.origin.set("/a", page("none"));
    world.origin.set("/a?utm=b", page("b"));
    world.origin.set("/a?utm=c", page("c"));
    for _ in 0..2 {
        assert_eq!(world.get("/a?utm=b").text, "b");
        assert_eq!(world.get("/a?utm=c").text, "c");
    }
}

#[test]
fn a_rule_of_the_query_is_forgotten_with_the_first_response_that_does_not_say_it() {
    let world = World::new(1);
    let page = |text| Page::new(text).fresh(60, 6000);
    world.origin.set("/a?utm=a", page("one").with("no-vary-search", "params=(\"utm\")"));
    world.get("/a?utm=a");
    world.wait(61_000);
    // What is shared is asked for by the URL that all share.
    world.origin.set("/a", page("none"));
    world.origin.set("/a?utm=c", page("c"));
    assert_eq!(world.get("/a?utm=b").text, "one", "still shared, and stale");
    world.wait(100);
    assert_eq!(world.get("/a?utm=c").text, "c");
}

#[test]
fn a_purge_by_tag_reaches_what_urls_share() {
    let world = World::new(1);
    let page = |text| Page::new(text).fresh(60, 60).with("no-vary-search", "params").tags("t");
    world.origin.set("/a?utm=a", page("old"));
    world.get("/a?utm=a");
    assert_eq!(world.get("/a?utm=b").text, "old");
    world.origin.set("/a", page("new"));
    world.purge("hard", &["t"]);
    assert_eq!(world.get("/a?utm=b").text, "new");
    assert_eq!(world.get("/a?utm=a").text, "new");
}

#[test]
fn urls_that_share_a_response_are_counted_together_for_scripts_of_another_site() {
    let world = World::new(1);
    let page = Page::new("one").fresh(60, 60).with("no-vary-search", "params");
    let get = |path: &str| {
        world.origin.set(path, page.clone());
        world.get_with(path, &[("origin", "https://shop.test")]).cache().to_owned()
    };
    assert_eq!(get("/a?utm=a"), "fwd=uri-miss; fwd-status=200");
    assert_eq!(get("/a?utm=b"), "fwd=uri-miss; fwd-status=200; stored");
    assert_eq!(get("/a?utm=c"), "hit; ttl=59");
}
