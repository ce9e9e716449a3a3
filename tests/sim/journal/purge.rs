//! Purges through the journal.

use super::{OTHER_CENTRE, OTHER_ISOLATE, change, purge_rows, world};
use crate::world::At;
use crate::world::origin::Page;

#[test]
fn a_purge_is_seen_everywhere_within_the_bound_without_kv() {
    for mode in ["soft", "hard"] {
        let (world, _) = world(&[]);
        for at in [At::default(), OTHER_ISOLATE, OTHER_CENTRE] {
            world.get_at(at, "/a");
        }
        change(&world);
        assert_eq!(world.purge(mode, &["t"]).status, 200);
        world.wait(30_000);
        for at in [At::default(), OTHER_ISOLATE, OTHER_CENTRE] {
            let seen = world.get_at(at, "/a");
            let stale = mode == "soft" && seen.text == "old" && seen.cache().contains("ttl=-");
            assert!(seen.text == "new" || stale, "{}", seen.cache());
            world.wait(100);
            assert_eq!(world.get_at(at, "/a").text, "new");
        }
        assert_eq!(world.kv.keys("p/"), [""; 0]);
    }
}

#[test]
fn a_purge_of_many_tags_is_one_request_and_few_rows() {
    let (world, journal) = world(&[]);
    world.get("/a");
    world.wait(100);
    let tags: Vec<String> = (0..500).map(|number| format!("tag-{number}")).collect();
    let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
    // A publication was a moment ago: the alarm of the next one is not yet due.
    world.purge("soft", &["other"]);
    world.wait(1_000);
    let (asks, written) = (journal.asks.get(), journal.stored().rows_written.get());
    let writes = world.kv.writes.get();
    let purge =
        world.start_control(At::default(), &serde_json::json!({ "tags": tags }).to_string());
    while !purge.is_there() {
        world.wait(1);
    }
    assert_eq!(purge.seen().status, 200);
    assert_eq!(journal.asks.get() - asks, 1);
    assert!((1..=4).contains(&(journal.stored().rows_written.get() - written)));
    assert_eq!(world.kv.writes.get(), writes, "no write to KV of its own");
}

#[test]
fn a_response_made_after_a_purge_knows_it_whatever_the_clocks_say() {
    let (world, journal) = world(&[]);
    // The object's clock is ahead: the purge bears a time that is yet to come.
    journal.stored().ahead.set(2_000);
    world.get("/a");
    change(&world);
    world.purge("hard", &["t"]);
    assert_eq!(world.get("/a").text, "new");
    world.wait(100);
    assert!(world.get("/a").cache().starts_with("hit"));
}

#[test]
fn a_purge_whose_reply_is_lost_is_appended_once() {
    let (world, journal) = world(&[]);
    world.get("/a");
    world.wait(100);
    let rows = purge_rows(&journal);
    journal.loses.set(1);
    assert_eq!(world.purge("soft", &["t"]).status, 200);
    assert_eq!(purge_rows(&journal) - rows, 1);
}

#[test]
fn a_purge_that_the_object_does_not_take_says_that_it_may_be_done() {
    let (world, journal) = world(&[]);
    world.get("/a");
    journal.fails.set(true);
    let seen = world.purge("soft", &["t"]);
    assert_eq!(seen.status, 503);
    assert!(seen.text.contains("may be done or not"), "{}", seen.text);
    journal.fails.set(false);
    assert_eq!(world.purge("soft", &["t"]).status, 200);
}

#[test]
fn a_purge_that_the_object_refuses_is_tried_again_after_pauses() {
    let (world, journal) = world(&[]);
    world.get("/a");
    world.wait(100);
    journal.fails.set(true);
    for _ in 0..5 {
        let (start, asks) = (world.executor.now(), journal.asks.get());
        let purge = world.start_control(At::default(), r#"{"tags":["t"]}"#);
        world.wait(10_000);
        assert_eq!((purge.seen().status, journal.asks.get() - asks), (503, 3));
        // Two pauses of up to 1.1 and 2.2 s, of which half is left to chance; three round trips.
        let took = purge.seen().at.since(start).as_millis();
        assert!((1_650..3_420).contains(&took), "{took} ms");
    }
}

#[test]
fn a_purge_outdates_in_its_own_isolate_before_the_object_replies() {
    let (world, journal) = world(&[]);
    world.get("/a");
    change(&world);
    journal.takes.set(2_000);
    let purge = world.start_control(At::default(), r#"{"tags":["t"],"mode":"hard"}"#);
    world.wait(100);
    assert!(!purge.is_there());
    assert_eq!(world.get("/a").text, "new");
}

#[test]
fn an_object_that_was_evicted_has_forgotten_no_purge() {
    let (world, journal) = world(&[]);
    world.get_at(OTHER_CENTRE, "/a");
    change(&world);
    world.purge("hard", &["t"]);
    journal.evict();
    world.wait(30_000);
    assert_eq!(world.get_at(OTHER_CENTRE, "/a").text, "new");
}

#[test]
fn a_page_from_before_the_journal_is_judged_by_kv_too() {
    let (mut with, journal) = world(&[]);
    with.journal = None;
    with.get_at(OTHER_CENTRE, "/a");
    change(&with);
    with.purge("hard", &["t"]);
    with.wait(100_000);
    with.journal = Some(journal);
    assert_eq!(with.get_at(OTHER_CENTRE, "/a").text, "new");
}

#[test]
fn a_group_that_a_visitor_invalidates_is_one_entry_of_the_journal() {
    let (world, journal) = world(&[]);
    let page = |text| Page::new(text).fresh(600, 600).with("cache-groups", "\"g\"");
    world.origin.set("/list", page("old"));
    world.get_at(OTHER_CENTRE, "/list");
    world.wait(100);
    world.origin.set("/list", page("new"));
    world.origin.set("/save", Page::new("done").with("cache-group-invalidation", "\"g\""));
    let rows = purge_rows(&journal);
    world.finish(world.ask(At::default(), http::Method::POST, "/save", &[], Some("")));
    world.wait(30_000);
    assert_eq!(purge_rows(&journal) - rows, 1);
    world.get_at(OTHER_CENTRE, "/list");
    world.wait(100);
    assert_eq!(world.get_at(OTHER_CENTRE, "/list").text, "new");
}
