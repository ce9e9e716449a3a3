//! Purges, and above all those that land while a page is being rendered.

use crate::seeds;
use crate::world::origin::Page;
use crate::world::{At, World};

use super::{OTHER_CENTRE, OTHER_ISOLATE, world};

/// Longer than the skew: that the fence looks at the request's beginning must show.
const RENDER: u64 = 8_000;

#[test]
fn a_soft_purge_shows_the_old_page_once_and_then_the_new_page() {
    seeds(|seed| {
        let world = world(seed);
        world.get("/a");
        world.wait(60_000);
        world.origin.set("/a", Page::new("new").fresh(600, 600).tags("a"));
        assert_eq!(world.purge("soft", &["A"]).status, 200);
        let seen = world.get("/a");
        assert_eq!((seen.text.as_str(), seen.cache()), ("old", "hit; ttl=0; detail=revalidating"));
        world.wait(50);
        let seen = world.get("/a");
        assert_eq!(seen.text, "new");
        assert!(seen.cache().starts_with("hit; ttl=599"), "fresh at once: {}", seen.cache());
        assert_eq!(world.origin.take("/a"), 2);
    });
}

#[test]
fn a_hard_purge_is_never_shown_again_and_vouches_for_nothing() {
    seeds(|seed| {
        let world = World::new(seed);
        world.origin.set("/a", Page::new("old").fresh(600, 600).tags("a").etag("\"1\""));
        world.get("/a");
        world.purge("hard", &["a"]);
        world.origin.set("/a", Page::new("new").fresh(600, 600).tags("a").etag("\"1\""));
        let seen = world.get("/a");
        assert_eq!(seen.text, "new");
        assert_eq!(seen.cache(), "fwd=miss; fwd-status=200; stored; detail=purged");
        world.purge("hard", &["a"]);
        world.origin.set("/a", Page::unreachable());
        assert_eq!(world.get("/a").status, 502);
    });
}

#[test]
fn a_soft_purge_after_a_hard_purge_does_not_make_the_page_servable_again() {
    seeds(|seed| {
        let world = world(seed);
        world.get("/a");
        world.purge("hard", &["a"]);
        world.purge("soft", &["a"]);
        world.origin.set("/a", Page::new("new").fresh(600, 600).tags("a"));
        assert_eq!(world.get_at(OTHER_ISOLATE, "/a").text, "new");
    });
}

#[test]
fn a_purge_during_a_cold_render_is_not_lost() {
    for at in [At::default(), OTHER_ISOLATE, OTHER_CENTRE] {
        for mode in ["soft", "hard"] {
            seeds(|seed| {
                let world = World::new(seed);
                let page = |text| Page::new(text).fresh(600, 600).tags("a").renders_in(RENDER);
                world.origin.set("/a", page("old"));
                let first = world.start("/a");
                world.wait(500);
                world.origin.set("/a", page("new"));
                world.purge_at(at, mode, &["a"]);
                assert_eq!(world.finish(first).text, "old");
                let second = world.get("/a");
                assert_ne!(second.cache().split(';').nth(1), Some(" ttl=599"), "born stale");
                world.wait(RENDER + 100);
                assert_eq!(world.get("/a").text, "new");
            });
        }
    }
}

#[test]
fn a_purge_during_a_revalidation_that_ends_in_200_is_not_lost() {
    seeds(|seed| {
        let world = World::new(seed);
        let page = |text| Page::new(text).fresh(60, 600).tags("a").renders_in(RENDER);
        world.origin.set("/a", page("one"));
        world.get("/a");
        world.wait(61_000);
        world.origin.set("/a", page("two"));
        world.get("/a");
        world.wait(500);
        world.origin.set("/a", page("three"));
        world.purge_at(OTHER_CENTRE, "soft", &["a"]);
        world.wait(21_000);
        world.get("/a");
        world.wait(RENDER + 100);
        assert_eq!(world.get("/a").text, "three");
    });
}

#[test]
fn a_304_to_a_request_begun_before_the_purge_freshens_nothing() {
    seeds(|seed| {
        let world = World::new(seed);
        let page =
            |text, tag| Page::new(text).fresh(60, 600).tags("a").etag(tag).renders_in(RENDER);
        world.origin.set("/a", page("one", "\"1\""));
        world.get("/a");
        world.wait(61_000);
        world.get("/a");
        world.wait(500);
        world.origin.set("/a", page("two", "\"2\""));
        world.purge_at(OTHER_ISOLATE, "soft", &["a"]);
        world.wait(21_000);
        world.get("/a");
        world.wait(RENDER + 100);
        assert_eq!(world.get("/a").text, "two");
    });
}

#[test]
fn a_tag_that_only_the_new_version_has_is_fenced_too() {
    seeds(|seed| {
        let world = World::new(seed);
        world.origin.set("/a", Page::new("one").fresh(60, 600).tags("a"));
        world.get("/a");
        world.wait(61_000);
        let page = |text| Page::new(text).fresh(600, 600).tags("a, b").renders_in(RENDER);
        world.origin.set("/a", page("two"));
        world.get("/a");
        world.wait(500);
        world.origin.set("/a", page("three"));
        world.purge_at(OTHER_CENTRE, "soft", &["b"]);
        world.wait(RENDER);
        world.get("/a");
        world.wait(RENDER + 100);
        assert_eq!(world.get("/a").text, "three");
    });
}

#[test]
fn a_revalidation_that_the_purge_caused_is_fresh_at_once() {
    seeds(|seed| {
        let world = world(seed);
        world.get_at(OTHER_ISOLATE, "/a");
        world.purge("soft", &["a"]);
        world.wait(11_000);
        world.get_at(OTHER_ISOLATE, "/a");
        world.wait(50);
        world.origin.take("/a");
        for _ in 0..3 {
            assert!(world.get_at(OTHER_ISOLATE, "/a").cache().starts_with("hit; ttl=599"));
        }
        assert_eq!(world.origin.take("/a"), 0);
    });
}

#[test]
fn a_second_soft_purge_does_not_lengthen_the_stale_window() {
    seeds(|seed| {
        let world = World::new(seed);
        world.origin.set("/a", Page::new("old").fresh(600, 30).tags("a"));
        world.get("/a");
        world.origin.set("/a", Page::unreachable());
        world.purge("soft", &["a"]);
        assert_eq!(world.get("/a").text, "old");
        world.wait(20_000);
        world.purge("soft", &["a"]);
        assert_eq!(world.get("/a").text, "old");
        world.wait(11_000);
        assert_eq!(world.get_at(OTHER_ISOLATE, "/a").status, 502);
    });
}

#[test]
fn with_no_stale_window_a_soft_purge_revalidates_before_serving() {
    for (control, granted, shown) in [
        ("s-maxage=600", "0", "new"),
        ("s-maxage=600", "60", "old"),
        ("s-maxage=600, must-revalidate", "60", "new"),
    ] {
        let world = World::with(1, &[("PURGE_SWR", granted)]);
        world.origin.set("/a", Page::new("old").with("cache-control", control).tags("a"));
        world.get("/a");
        world.purge("soft", &["a"]);
        world.origin.set("/a", Page::new("new").with("cache-control", control).tags("a"));
        assert_eq!(world.get("/a").text, shown, "{control}, PURGE_SWR={granted}");
    }
}
