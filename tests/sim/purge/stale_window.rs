//! How long a soft-purged page is shown stale.

use crate::seeds;
use crate::world::origin::Page;
use crate::world::{At, Seen, World};

const OTHER_ISOLATE: At = At { centre: 0, isolate: 1 };
const OTHER_CENTRE: At = At { centre: 1, isolate: 0 };
const ALL: [At; 3] = [At { centre: 0, isolate: 0 }, OTHER_ISOLATE, OTHER_CENTRE];
/// This isolate has never heard of the tag.
const UNAWARE: At = At { centre: 0, isolate: 2 };
const DAY: u64 = 24 * 60 * 60 * 1_000;

/// A page that is fresh for a week and shown stale for so many seconds, in each data centre.
fn world(seed: u64, stale: u64) -> World {
    let world = World::new(seed);
    world.origin.set("/a", page("old", stale));
    world.get("/a");
    world.get_at(OTHER_CENTRE, "/a");
    world.wait(1_000);
    world
}

fn page(text: &str, stale: u64) -> Page {
    Page::new(text).fresh(7 * 24 * 60 * 60, stale).tags("a")
}

fn is_shown_stale(seen: &Seen) -> bool {
    let is_hit = ["hit; ttl=-", "hit; ttl=0"].iter().any(|hit| seen.cache().starts_with(hit));
    seen.text == "old" && is_hit && !seen.cache().contains("fwd")
}

#[test]
fn a_purged_page_that_was_not_visited_for_a_day_is_revalidated_before_it_is_shown() {
    for at in ALL {
        seeds(|seed| {
            let world = world(seed, 3);
            world.purge("soft", &["a"]);
            world.origin.set("/a", page("new", 3));
            world.wait(DAY);
            let seen = world.get_at(at, "/a");
            assert_eq!(seen.text, "new");
            assert!(seen.cache().starts_with("fwd=stale; fwd-status=200"), "{}", seen.cache());
        });
    }
}

#[test]
fn a_purged_page_is_shown_stale_until_the_end_of_its_window_and_says_since_when() {
    for (after, cache) in [(10_000, "hit; ttl=-10; detail=revalidating"), (29_000, "hit; ttl=-29")]
    {
        let world = world(1, 30);
        world.purge("soft", &["a"]);
        world.wait(after);
        let seen = world.get_at(OTHER_ISOLATE, "/a");
        assert!(is_shown_stale(&seen) && seen.cache().starts_with(cache), "{}", seen.cache());
    }
}

#[test]
fn a_second_purge_without_a_visit_in_between_does_not_lengthen_the_window() {
    for at in ALL {
        seeds(|seed| {
            let world = world(seed, 30);
            for _ in 0..4 {
                world.purge("soft", &["a"]);
                world.wait(10_000);
            }
            world.origin.set("/a", page("new", 30));
            assert_eq!(world.get_at(at, "/a").text, "new");
        });
    }
}

#[test]
fn a_second_purge_after_a_visit_does_not_lengthen_the_window() {
    for (visited, purged) in
        [(ALL[0], ALL[0]), (OTHER_ISOLATE, OTHER_ISOLATE), (OTHER_CENTRE, OTHER_CENTRE)]
    {
        for at in ALL {
            seeds(|seed| {
                let world = world(seed, 30);
                world.origin.set("/a", Page::unreachable());
                world.purge("soft", &["a"]);
                world.wait(20_000);
                // An isolate that has looked for the first purge names it in the second.
                assert!(is_shown_stale(&world.get_at(visited, "/a")));
                world.purge_at(purged, "soft", &["a"]);
                world.wait(11_000);
                assert_eq!(world.get_at(at, "/a").status, 502);
            });
        }
    }
}

#[test]
fn an_isolate_that_knows_the_first_purge_counts_from_it_whatever_the_second_names() {
    seeds(|seed| {
        let world = world(seed, 30);
        world.origin.set("/a", Page::unreachable());
        world.purge("soft", &["a"]);
        world.wait(20_000);
        world.purge_at(UNAWARE, "soft", &["a"]);
        world.wait(11_000);
        assert_eq!(world.get("/a").status, 502);
    });
}

#[test]
fn a_purge_that_no_isolate_remembers_leaves_at_most_the_window_of_the_next() {
    let world = world(1, 30);
    world.purge("soft", &["a"]);
    world.wait(DAY);
    world.purge_at(UNAWARE, "soft", &["a"]);
    world.wait(29_000);
    assert!(is_shown_stale(&world.get_at(OTHER_CENTRE, "/a")));
    world.wait(1_000);
    world.origin.set("/a", page("new", 30));
    assert_eq!(world.get_at(OTHER_ISOLATE, "/a").text, "new");
}

#[test]
fn a_purge_that_failed_and_is_sent_again_does_not_lengthen_the_window() {
    let world = world(1, 60);
    world.origin.set("/a", Page::unreachable());
    world.kv.writes_refused.set(true);
    assert_eq!(world.purge("soft", &["a"]).status, 503);
    world.kv.writes_refused.set(false);
    world.wait(45_000);
    assert_eq!(world.purge("soft", &["a"]).status, 200);
    world.wait(16_000);
    assert_eq!(world.get_at(OTHER_ISOLATE, "/a").status, 502);
}

#[test]
fn a_page_that_was_fetched_since_the_first_purge_has_all_of_the_window_of_the_second() {
    for at in ALL {
        seeds(|seed| {
            let world = world(seed, 30);
            world.purge("soft", &["a"]);
            world.wait(11_000);
            for at in [ALL[0], OTHER_CENTRE] {
                world.get_at(at, "/a");
                world.wait(100);
                assert!(world.get_at(at, "/a").cache().starts_with("hit; ttl=604799"));
            }
            world.wait(DAY);
            world.purge("soft", &["a"]);
            world.wait(20_000);
            assert!(is_shown_stale(&world.get_at(at, "/a")));
        });
    }
}

#[test]
fn a_granted_window_counts_from_the_purge_and_is_not_lengthened() {
    let world = World::with(1, &[("PURGE_SWR", "30")]);
    let page = |text| Page::new(text).with("cache-control", "s-maxage=604800").tags("a");
    for (purges, wait, shown) in [(1, 29_000, "old"), (1, 30_000, "new"), (4, 10_000, "new")] {
        world.purge("hard", &["a"]);
        world.origin.set("/a", page("old"));
        world.get("/a");
        world.wait(1_000);
        world.origin.set("/a", page("new"));
        for _ in 0..purges {
            world.purge("soft", &["a"]);
            world.wait(wait);
        }
        assert_eq!(world.get("/a").text, shown, "{purges} purges, {wait} ms");
        world.wait(60_000);
    }
}

#[test]
fn a_stand_in_for_a_failing_origin_counts_from_the_purge_too() {
    for (after, status) in [(80_000, 200), (91_000, 502)] {
        let world = World::new(1);
        let control = "s-maxage=604800, stale-if-error=90";
        world.origin.set("/a", Page::new("old").with("cache-control", control).tags("a"));
        world.get("/a");
        world.wait(1_000);
        world.purge("soft", &["a"]);
        world.origin.set("/a", Page::unreachable());
        world.wait(after);
        assert_eq!(world.get_at(OTHER_ISOLATE, "/a").status, status, "after {after} ms");
    }
}

#[test]
fn a_record_says_what_it_replaces_and_costs_one_write() {
    let world = world(1, 30);
    let stamp = |record: &serde_json::Value| record["at"].as_i64().unwrap();
    let mut stamps = Vec::new();
    for _ in 0..3 {
        world.kv.writes.take();
        world.kv.reads.take();
        world.purge("soft", &["a"]);
        // The record and the receipt.
        assert_eq!((world.kv.writes.take(), world.kv.reads.take()), (2, 0));
        let record = world.kv.values.borrow()["p/s/a"].value.clone();
        let record: serde_json::Value = serde_json::from_str(&record).unwrap();
        let replaced = record["replaced"].as_array().cloned().unwrap_or_default();
        let replaced: Vec<i64> = replaced.iter().map(|stamp| stamp.as_i64().unwrap()).collect();
        assert_eq!(replaced, stamps);
        stamps.push(stamp(&record));
        world.wait(5_000);
    }
    world.purge("hard", &["a"]);
    world.wait(5_000);
    world.purge("hard", &["a"]);
    assert!(!world.kv.values.borrow()["p/h/a"].value.contains("replaced"));
}
