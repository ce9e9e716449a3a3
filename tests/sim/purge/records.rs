//! Purge records in KV.

use edge_isr::platform::kv::KvEntry;

use crate::seeds;
use crate::world::origin::Page;
use crate::world::{At, Pending, World};

use super::{OTHER_CENTRE, OTHER_ISOLATE, world};

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
        for (key, mode, first) in [("p/s/a", "soft", "old"), ("p/h/a", "hard", "new")] {
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
            let said = format!("the {mode} purge record of tag a in KV is damaged");
            assert!(world.log.borrow().iter().any(|line| line.contains(&said)));
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
fn a_purge_after_a_record_that_cannot_be_read_holds_as_well() {
    seeds(|seed| {
        let world = world(seed);
        world.get("/a");
        plant(&world, "p/h/a", "garbage");
        world.wait(11_000);
        world.get("/a");
        world.origin.set("/a", Page::new("new").fresh(600, 600).tags("a"));
        world.purge_at(OTHER_CENTRE, "hard", &["a"]);
        world.wait(21_000);
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
fn a_refused_record_is_written_again_after_pauses_that_double() {
    seeds(|seed| {
        let world = World::new(seed);
        world.kv.writes_fail.set(100);
        let purge = world.start_control(At::default(), r#"{"tags":["a"]}"#);
        let mut pauses = Vec::new();
        let mut last = None;
        for now in 0..200 {
            world.wait(100);
            if world.kv.writes.take() > 0 {
                pauses.extend(last.replace(now).map(|before| now - before));
            }
        }
        assert_eq!(purge.seen().status, 503);
        // In tenths of a second. Half of each pause is random.
        let ranges = [11..=23, 22..=45, 44..=89];
        assert_eq!(pauses.len(), ranges.len(), "{pauses:?}");
        assert!(
            pauses.iter().zip(ranges).all(|(pause, range)| range.contains(pause)),
            "{pauses:?}"
        );
    });
}

#[test]
fn a_purge_writes_for_itself_where_its_leaders_request_may_write_no_more() {
    let world = World::new(1);
    let purge = || world.start_control(At::default(), r#"{"tags":["a"]}"#);
    let first = purge();
    world.wait(10);
    // Either of them may come first and lead.
    let both = [purge(), purge()];
    world.wait(990);
    assert_eq!(first.seen().status, 200);
    world.kv.writes_fail.set(1);
    *world.kv.failure.borrow_mut() =
        "Too many API requests by single Worker invocation.".to_owned();
    let mut statuses = both.map(|purge| world.finish(purge).status);
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 503]);
}

#[test]
fn records_between_one_and_two_windows_old_are_used_while_they_are_read_again() {
    let world = world(1);
    world.get("/a");
    world.kv.read_takes.set(300);
    let hit_takes = || {
        let start = world.executor.now();
        let seen = world.get("/a");
        assert!(seen.cache().starts_with("hit"), "{}", seen.cache());
        world.wait(1_000);
        seen.at.since(start).as_millis()
    };
    hit_takes();
    world.wait(7_000);
    let reads = world.kv.reads.get();
    assert!(hit_takes() < 5 && world.kv.reads.get() == reads);
    world.wait(7_000);
    assert!(hit_takes() < 5 && world.kv.reads.get() > reads);
    world.wait(20_000);
    // KV takes up to 300 ms.
    assert!(hit_takes() > 50);
}

#[test]
fn requests_that_need_the_same_records_share_one_read() {
    let world = world(1);
    world.get("/a");
    world.kv.read_takes.set(300);
    let keys_of = |requests: usize| {
        world.wait(60_000);
        let keys = world.kv.keys_read.get();
        let asked: Vec<Pending> = (0..requests).map(|_| world.start("/a")).collect();
        world.wait(1_000);
        assert!(asked.iter().all(|asked| asked.seen().cache().starts_with("hit")));
        world.kv.keys_read.get() - keys
    };
    let one = keys_of(1);
    assert_eq!(keys_of(10), one);
}
