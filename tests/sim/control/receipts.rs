//! Receipts: kept behind the answer's back, and what they say of a purge's spread.

use std::time::Duration;

use edge_isr::policy::time::Time;
use rstest::rstest;
use serde_json::{Value, json};

use super::get;
use crate::seeds;
use crate::world::origin::Page;
use crate::world::{At, Seen, TOKEN, World};

const OTHER_CENTRE: At = At { centre: 1, isolate: 0 };

fn parsed(seen: &Seen) -> Value {
    serde_json::from_str(&seen.text).unwrap()
}

fn look_up_at(world: &World, at: At, id: &str) -> Seen {
    let token = format!("Bearer {TOKEN}");
    let path = format!("/edge-isr/purges/{id}");
    world.finish(world.ask(at, http::Method::GET, &path, &[("authorization", &token)], None))
}

fn look_up(world: &World, purged: &Seen) -> Value {
    let found = look_up_at(world, At::default(), parsed(purged)["id"].as_str().unwrap());
    assert_eq!(found.status, 200, "{}", found.text);
    parsed(&found)
}

fn restamp(world: &World, key: &str, at: Time) {
    let record = json!({ "at": at.0, "id": "another" }).to_string();
    world.kv.values.borrow_mut().get_mut(key).unwrap().value = record;
}

#[test]
fn a_receipt_is_found_again_with_how_far_its_purge_has_spread() {
    seeds(|seed| {
        let world = World::new(seed);
        let now = world.executor.now();
        let body = r#"{"tags":["B","a b"],"urls":["https://site.test/a?y=1&x=2"],"mode":"hard"}"#;
        let purged = world.control(At::default(), body);
        world.wait(100);
        let mut found = look_up(&world, &purged);
        let spread = found.as_object_mut().unwrap().remove("spread").unwrap();
        assert_eq!(found, parsed(&purged));
        let by = (now + Duration::from_secs(80)).to_string();
        let here = json!({ "seen": 2, "of": 2 });
        assert_eq!(spread, json!({ "durable": true, "here": here, "usually_everywhere_by": by }));
    });
}

#[test]
fn a_receipt_is_one_write_after_the_records_and_expires() {
    let world = World::with(1, &[("RECEIPT_LIFE", "90")]);
    world.purge("soft", &["a", "b", "c"]);
    world.wait(100);
    assert_eq!(world.kv.writes.take(), 4);
    let [key] = &world.kv.keys("r/")[..] else { panic!("one receipt") };
    assert_eq!(world.kv.values.borrow()[key].life.as_secs(), 90);
}

#[test]
fn no_purge_waits_for_its_receipt() {
    let world = World::new(1);
    world.kv.write_takes.set(400);
    let start = world.executor.now();
    let purged = world.purge("soft", &["a"]);
    assert_eq!((purged.status, purged.at.since(start).as_millis()), (200, 400));
    assert_eq!(world.kv.keys("r/"), [""; 0]);
    world.wait(400);
    let by = (purged.at + Duration::from_secs(80)).to_string();
    assert_eq!(look_up(&world, &purged)["spread"]["usually_everywhere_by"], by);
}

#[test]
fn with_no_receipt_life_no_receipt_is_written() {
    let world = World::with(1, &[("RECEIPT_LIFE", "0")]);
    let purged = world.purge("soft", &["a"]);
    world.wait(100);
    assert_eq!((purged.status, world.kv.writes.take()), (200, 1));
    let id = parsed(&purged)["id"].as_str().unwrap().to_owned();
    assert_eq!(look_up_at(&world, At::default(), &id).status, 404);
}

#[test]
fn a_request_that_purged_nothing_leaves_no_receipt() {
    let world = World::new(1);
    assert_eq!(world.purge("soft", &["a b"]).status, 422);
    world.control(At::default(), "{}");
    world.wait(100);
    assert_eq!(world.kv.writes.take(), 0);
}

#[test]
fn a_purge_by_a_visitors_own_post_leaves_no_receipt() {
    let world = World::with(1, &[("INVALIDATION", "everywhere")]);
    world.origin.set("/a", Page::new("x").fresh(600, 600));
    world.get("/a");
    world.finish(world.ask(At::default(), http::Method::POST, "/a", &[], Some("")));
    world.wait(100);
    assert_eq!((world.kv.keys("p/s/").len(), world.kv.keys("r/").len()), (1, 0));
}

#[test]
fn a_receipt_that_kv_refuses_changes_no_answer_and_is_logged_once_a_minute() {
    let world = World::new(1);
    world.kv.writes_refused.set(true);
    for _ in 0..2 {
        assert_eq!(world.purge("soft", &["a"]).status, 503);
        world.wait(100);
    }
    assert_eq!(world.kv.keys("r/"), [""; 0]);
    let log = world.log.borrow();
    let said = log.iter().filter(|line| line.contains("receipt could not be kept"));
    assert_eq!(said.count(), 1);
}

#[test]
fn a_record_counts_as_seen_if_it_is_of_the_mode_and_not_from_before_the_purge() {
    let world = World::new(1);
    let seen = |purged: &Seen| look_up(&world, purged)["spread"]["here"].clone();
    world.purge("hard", &["a", "b"]);
    world.wait(10_000);
    let start = world.executor.now();
    let purged = world.purge("soft", &["a", "b"]);
    world.wait(100);
    assert_eq!(seen(&purged), json!({ "seen": 2, "of": 2 }));
    restamp(&world, "p/s/a", Time(start.0 - 1));
    assert_eq!(seen(&purged), json!({ "seen": 1, "of": 2 }));
    restamp(&world, "p/s/a", Time(start.0 + 60_000));
    assert_eq!(seen(&purged), json!({ "seen": 2, "of": 2 }), "a later purge covers it");
    world.kv.values.borrow_mut().remove("p/s/b");
    assert_eq!(seen(&purged), json!({ "seen": 1, "of": 2 }));
}

#[test]
fn what_is_said_to_be_seen_in_a_data_centre_outdates_pages_there() {
    let mut spreading = 0;
    for seed in 0..40 {
        let world = World::new(seed);
        let page = |text| Page::new(text).fresh(6000, 6000).tags("a");
        world.origin.set("/a", page("old"));
        world.get_at(OTHER_CENTRE, "/a");
        world.wait(30_000);
        world.kv.lag.set(60_000);
        world.origin.set("/a", page("new"));
        let purged = world.purge("hard", &["a", "b"]);
        let id = parsed(&purged)["id"].as_str().unwrap().to_owned();
        for _ in 0..13 {
            world.wait(5_000);
            let found = look_up_at(&world, OTHER_CENTRE, &id);
            if found.status == 404 {
                continue;
            }
            let here = parsed(&found)["spread"]["here"]["seen"].as_u64().unwrap();
            spreading += u32::from(here < 2);
            if here == 2 {
                world.wait(11_000);
                assert_eq!(world.get_at(OTHER_CENTRE, "/a").text, "new", "seed {seed}");
                break;
            }
        }
        assert_eq!(look_up_at(&world, OTHER_CENTRE, &id).status, 200, "seed {seed}");
    }
    assert!(spreading > 0, "some were seen on their way");
}

#[test]
fn a_receipt_of_five_hundred_selectors_is_read_in_six_operations() {
    let world = World::new(1);
    let tags: Vec<String> =
        (0..500).map(|number| format!("{number}{}", "x".repeat(1000))).collect();
    let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
    let purged = world.purge("soft", &tags);
    world.wait(100);
    world.kv.reads.take();
    world.kv.keys_read.take();
    assert_eq!(look_up(&world, &purged)["spread"]["here"], json!({ "seen": 500, "of": 500 }));
    assert_eq!((world.kv.reads.take(), world.kv.keys_read.take()), (6, 501));
}

#[test]
fn a_receipt_that_cannot_be_read_is_not_said_to_be_absent() {
    let world = World::new(1);
    let purged = world.purge("soft", &["a"]);
    world.wait(100);
    let id = parsed(&purged)["id"].as_str().unwrap().to_owned();
    world.kv.reads_fail.set(true);
    assert_eq!(look_up_at(&world, At::default(), &id).status, 503);
    world.kv.reads_fail.set(false);
    world.wait(2_000);
    let receipt = format!("r/{id}");
    for key in ["p/s/a", &receipt] {
        let before = world.kv.values.borrow()[key].value.clone();
        let next = before.replacen("\"v\":1", "\"v\":2", 1);
        for other in ["garbage".to_owned(), next] {
            if other == before {
                continue;
            }
            world.kv.values.borrow_mut().get_mut(key).unwrap().value = other;
            assert_eq!(look_up_at(&world, At::default(), &id).status, 503, "{key}");
        }
        world.kv.values.borrow_mut().get_mut(key).unwrap().value = before;
    }
    assert_eq!(look_up_at(&world, At::default(), &id).status, 200);
}

#[rstest]
#[case::of_another_letter("0123456789abcdef0123456789abcdeg", 400)]
#[case::in_upper_case("0123456789ABCDEF0123456789ABCDEF", 400)]
#[case::too_short("0123456789abcdef0123456789abcde", 400)]
#[case::unknown("0123456789abcdef0123456789abcdef", 404)]
fn a_receipts_id(#[case] id: &str, #[case] status: u16) {
    assert_eq!(get(&World::new(1), &format!("purges/{id}")).status, status);
}
