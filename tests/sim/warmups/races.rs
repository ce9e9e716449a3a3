//! Purges and visitors at the same time as a warmup.

use std::time::Duration;

use serde_json::Value;

use super::{COLD, OBJECTS, counts, page, with, world};
use crate::seeds;
use crate::world::At;

#[test]
fn a_purged_page_is_not_taken_for_fresh_by_an_isolate_that_does_not_know_the_purge() {
    seeds(|seed| {
        let world = with(seed, &[]);
        world.origin.set("/a", page("one"));
        // The isolate that the object calls has a young copy of the journal, and a fresh page.
        world.get_at(OBJECTS, "/a");
        world.wait(5_000);
        world.origin.set("/a", page("two"));
        let seen = world.control(COLD, r#"{"tags":["t"],"warm":true}"#);
        let receipt: Value = serde_json::from_str(&seen.text).unwrap();
        let report = world.ended(receipt["warmup"]["job"].as_str().unwrap());
        assert_eq!(counts(&report), [1, 0, 0, 0, 0, 0], "{report}");
        assert_eq!(world.get_at(OBJECTS, "/a").text, "two");
    });
}

#[test]
fn a_page_that_is_purged_while_it_is_fetched_is_fetched_again() {
    seeds(|seed| {
        let world = with(seed, &[]);
        world.origin.set("/a", page("one").renders_in(500));
        let id = world.warm_urls(&["/a"]);
        world.wait(200);
        world.origin.set("/a", page("two").renders_in(500));
        // The isolate learns of the purge when the page is judged.
        world.purge_at(OBJECTS, "soft", &["t"]);
        let report = world.ended(&id);
        assert_eq!((counts(&report), world.origin.take("/a")), ([1, 0, 0, 0, 0, 0], 2), "{report}");
        assert_eq!(world.get_at(OBJECTS, "/a").cache().split(';').next(), Some("hit"));
        assert_eq!(world.get_at(OBJECTS, "/a").text, "two");
    });
}

#[test]
fn a_visitor_who_asks_for_a_page_that_is_being_fetched_waits_for_that_request() {
    seeds(|seed| {
        let world = with(seed, &[]);
        world.origin.set("/a", page("one").renders_in(500));
        let id = world.warm_urls(&["/a"]);
        world.wait(200);
        assert_eq!(world.get_at(OBJECTS, "/a").text, "one");
        assert_eq!(counts(&world.ended(&id))[0], 1);
        assert_eq!(world.origin.take("/a"), 1);
    });
}

#[test]
fn a_warmup_shares_the_request_of_a_visitor() {
    seeds(|seed| {
        let world = with(seed, &[]);
        world.origin.set("/a", page("one").renders_in(500));
        let visitor = world.ask(OBJECTS, http::Method::GET, "/a", &[], None);
        world.wait(50);
        let id = world.warm_urls(&["/a"]);
        let report = world.ended(&id);
        assert_eq!((counts(&report)[2], world.origin.take("/a")), (1, 1), "{report}");
        assert_eq!(world.finish(visitor).text, "one");
    });
}

#[test]
fn two_jobs_for_a_page_ask_the_origin_once() {
    let world = world();
    world.origin.set("/a", page("one").renders_in(300));
    let (one, two) = (world.warm_urls(&["/a"]), world.warm_urls(&["/a"]));
    let (one, two) = (counts(&world.ended(&one)), counts(&world.ended(&two)));
    assert_eq!((one[0] + two[0], one[2] + two[2], world.origin.take("/a")), (1, 1, 1));
}

#[test]
fn a_visitor_elsewhere_gets_the_new_page_from_the_tier_and_not_from_the_origin() {
    let world = world();
    world.origin.set("/a", page("one"));
    world.get("/a");
    world.wait(1_000);
    world.get_at(COLD, "/a");
    world.wait(1_000);
    world.origin.set("/a", page("two"));
    let seen = world.control(At::default(), r#"{"tags":["t"],"warm":true}"#);
    let receipt: Value = serde_json::from_str(&seen.text).unwrap();
    world.ended(receipt["warmup"]["job"].as_str().unwrap());
    world.run(Duration::from_secs(61));
    world.origin.take("/a");
    // The first visitor is shown the old page, and looks into the tier in the background.
    world.get_at(COLD, "/a");
    world.wait(1_000);
    assert_eq!(world.get_at(COLD, "/a").text, "two");
    assert_eq!(world.origin.take("/a"), 0);
}
