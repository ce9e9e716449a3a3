//! Purges, and above all those that land while a page is being rendered.

use edge_isr::platform::kv::KvEntry;

use crate::origin::Page;
use crate::seeds;
use crate::world::{At, World};

fn world(seed: u64) -> World {
    let world = World::new(seed);
    world.origin.set("/a", Page::new("old").fresh(600, 600).tags("a"));
    world
}

/// Longer than the skew: that the fence looks at the request's beginning must show.
const RENDER: u64 = 8_000;
const OTHER_ISOLATE: At = At { centre: 0, isolate: 1 };
const OTHER_CENTRE: At = At { centre: 1, isolate: 0 };

#[test]
fn a_soft_purge_shows_the_old_page_once_and_then_the_new_one() {
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
fn a_soft_purge_after_a_hard_one_does_not_make_the_page_servable_again() {
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
        world.wait(11_000);
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
        world.wait(11_000);
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

#[test]
fn everything_hosts_urls_and_prefixes_are_purged_by_their_own_tags() {
    for (body, purges) in [
        (r#"{"everything":true}"#, true),
        (r#"{"hosts":["site.test"]}"#, true),
        (r#"{"hosts":["other.test"]}"#, false),
        (r#"{"urls":["https://site.test/blog/post?x=1"]}"#, true),
        (r#"{"urls":["http://site.test/blog/post"]}"#, true),
        (r#"{"urls":["https://site.test/blog/post?x=2"]}"#, false),
        (r#"{"prefixes":["/blog"]}"#, true),
        (r#"{"prefixes":["/blog/"]}"#, true),
        (r#"{"prefixes":["/blo"]}"#, false),
        (r#"{"prefixes":["/Blog"]}"#, false),
        (r#"{"prefixes":["/"]}"#, true),
        (r#"{"tags":["u:site.test/blog/post"]}"#, false),
    ] {
        let world = World::new(1);
        world.origin.set("/blog/post?x=1", Page::new("old").fresh(600, 600));
        world.get("/blog/post?x=1");
        assert_eq!(world.control(At::default(), body).status, 200, "{body}");
        let purged = !world.get("/blog/post?x=1").cache().starts_with("hit; ttl=599");
        assert_eq!(purged, purges, "{body}");
    }
}

#[test]
fn a_write_slower_than_the_skew_is_stamped_anew() {
    let world = World::new(1);
    world.kv.write_takes.set(6_000);
    let purge = world.start_control(At::default(), r#"{"tags":["a"]}"#);
    world.wait(7_000);
    assert!(!purge.is_there());
    world.kv.write_takes.set(100);
    assert_eq!(world.finish(purge).status, 200);
    assert!(world.kv.writes.get() >= 2);
}

#[test]
fn a_purge_costs_one_record_and_one_receipt_whatever_the_number_of_pages() {
    let cost = |pages: usize| {
        let limits = [("GRAPH_WRITES_PER_MINUTE", "60000"), ("VISITOR_WRITES_PER_DAY", "60000")];
        let world = World::with(1, &limits);
        for page in 0..pages {
            let path = format!("/{page}");
            world.origin.set(&path, Page::new("x").fresh(600, 600).tags("a"));
            world.get(&path);
        }
        assert_eq!(world.kv.keys("t/a/").len(), pages);
        world.kv.writes.take();
        world.purge("soft", &["a"]);
        (world.kv.writes.take(), world.kv.keys("p/").len(), world.kv.keys("r/").len())
    };
    assert_eq!((cost(1), cost(1000)), ((2, 1, 1), (2, 1, 1)));
}

#[test]
fn a_purge_holds_in_its_own_isolate_before_kv_has_taken_it() {
    seeds(|seed| {
        let world = world(seed);
        world.get("/a");
        world.origin.set("/a", Page::new("new").fresh(600, 600).tags("a"));
        world.kv.write_takes.set(2_000);
        let purge = world.start_control(At::default(), r#"{"tags":["a"],"mode":"hard"}"#);
        world.wait(1_000);
        assert!(!purge.is_there());
        assert_eq!(world.get("/a").text, "new");
    });
}

#[test]
fn a_write_slower_than_a_short_skew_is_stamped_anew_too() {
    let world = World::with(1, &[("SKEW", "1")]);
    world.kv.write_takes.set(2_000);
    let purge = world.start_control(At::default(), r#"{"tags":["a"]}"#);
    world.wait(2_500);
    assert!(!purge.is_there());
    world.kv.write_takes.set(100);
    assert_eq!(world.finish(purge).status, 200);
}

/// Written by a version of tomorrow or of yesterday, or damaged.
const UNREADABLE: [&str; 4] = ["garbage", "", "{\"v\":9,\"at\":\"2030-01-01\"}", "{\"id\":\"x\"}"];

fn plant(world: &World, key: &str, value: &str) {
    let entry = KvEntry { value: value.to_owned(), ..KvEntry::default() };
    world.kv.values.borrow_mut().insert(key.to_owned(), entry);
}

#[test]
fn a_record_that_cannot_be_read_counts_as_a_purge_of_its_kind_and_is_logged() {
    for value in UNREADABLE {
        for (key, first) in [("p/s/a", "old"), ("p/h/a", "new")] {
            let world = world(1);
            world.get("/a");
            plant(&world, key, value);
            world.origin.set("/a", Page::new("new").fresh(6000, 6000).tags("a"));
            world.wait(11_000);
            let seen = world.get("/a");
            assert_eq!(seen.text, first, "{key}: {value}");
            assert!(!seen.cache().starts_with("hit; ttl=5"), "not fresh: {}", seen.cache());
            world.wait(50);
            assert_eq!(world.get("/a").text, "new");
            assert!(world.log.borrow().iter().any(|line| line.contains(key)));
        }
    }
}

#[test]
fn a_record_that_cannot_be_read_outdates_nothing_twice() {
    for key in ["p/s/a", "p/h/a"] {
        seeds(|seed| {
            let world = world(seed);
            world.origin.set("/a", Page::new("old").fresh(60, 600).tags("a"));
            world.get("/a");
            plant(&world, key, "garbage");
            world.wait(11_000);
            world.get("/a");
            // Revalidated long after it was read, for an isolate that reads it only then.
            world.wait(3_600_000);
            world.get("/a");
            world.wait(50);
            world.origin.take("/a");
            for at in [OTHER_ISOLATE, At::default()] {
                assert!(world.get_at(at, "/a").cache().starts_with("hit; ttl=59"), "{key}");
            }
            assert_eq!(world.origin.take("/a"), 0);
        });
    }
}

#[test]
fn a_purge_after_a_record_that_cannot_be_read_is_one_more() {
    seeds(|seed| {
        let world = world(seed);
        world.get("/a");
        plant(&world, "p/h/a", "garbage");
        world.wait(11_000);
        world.get("/a");
        world.origin.set("/a", Page::new("new").fresh(600, 600).tags("a"));
        world.purge_at(OTHER_CENTRE, "hard", &["a"]);
        world.wait(11_000);
        assert_eq!(world.get("/a").text, "new");
    });
}

#[test]
fn a_write_that_lands_long_after_it_was_given_up_hides_no_purge() {
    let world = world(1);
    world.kv.write_takes.set(13_000);
    let first = world.start_control(At::default(), r#"{"tags":["a"]}"#);
    world.wait(100);
    world.kv.write_takes.set(0);
    world.wait(8_900);
    world.get_at(OTHER_CENTRE, "/a");
    world.wait(1_500);
    world.origin.set("/a", Page::new("new").fresh(600, 600).tags("a"));
    let second = world.start_control(At::default(), r#"{"tags":["a"],"mode":"soft"}"#);
    world.wait(60_000);
    assert_eq!((first.seen().status, second.seen().status), (200, 200));
    world.get_at(OTHER_CENTRE, "/a");
    world.wait(100);
    assert_eq!(world.get_at(OTHER_CENTRE, "/a").text, "new");
}

#[test]
fn a_purge_goes_on_when_its_caller_hangs_up() {
    let world = world(1);
    world.kv.write_takes.set(500);
    world.groups.set((3, 4));
    let tags: Vec<String> = (0..12).map(|number| format!("tag-{number}")).collect();
    world.start_control(At::default(), &serde_json::json!({ "tags": tags }).to_string());
    world.wait(100);
    world.executor.end(|group| group == 3);
    world.wait(30_000);
    assert_eq!(world.kv.keys("p/s/").len(), 12);
}

#[test]
fn what_can_match_no_page_is_rejected_and_not_called_done() {
    for body in [
        r#"{"prefixes":["/blog/../blog"]}"#,
        r#"{"prefixes":["/./blog"]}"#,
        r#"{"prefixes":["//blog"]}"#,
        r#"{"hosts":["*"]}"#,
        r#"{"hosts":["a,b"]}"#,
        r#"{"hosts":["a:b:c d"]}"#,
        r#"{"urls":["https://:443/a"]}"#,
        r#"{"urls":["https://site.test\\a"]}"#,
    ] {
        let seen = World::new(1).control(At::default(), body);
        assert_eq!(seen.status, 422, "{body}: {}", seen.text);
    }
}
