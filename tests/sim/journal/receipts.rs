//! Receipts in the journal's object.

use edge_isr::policy::time::Time;
use serde_json::{Value, json};

use super::{OTHER_CENTRE, world};
use crate::world::{At, Seen, TOKEN, World};

fn parsed(seen: &Seen) -> Value {
    serde_json::from_str(&seen.text).unwrap()
}

fn read(world: &World, at: At, route: &str) -> Seen {
    let (token, path) = (format!("Bearer {TOKEN}"), format!("/edge-isr/{route}"));
    world.finish(world.ask(at, http::Method::GET, &path, &[("authorization", &token)], None))
}

fn receipt(world: &World, at: At, purged: &Seen) -> Seen {
    read(world, at, &format!("purges/{}", parsed(purged)["id"].as_str().unwrap()))
}

#[test]
fn a_receipt_says_whether_the_answering_data_centre_has_the_purge() {
    let (world, _) = world(&[]);
    world.get_at(OTHER_CENTRE, "/a");
    world.wait(1_000);
    let purged = world.purge("soft", &["t", "u"]);
    let here = parsed(&receipt(&world, At::default(), &purged));
    assert_eq!(here["purged"]["tags"], json!(["t", "u"]));
    assert_eq!(here["spread"]["here"]["has_purge"], true);
    assert_eq!(here["spread"]["durable"], true);
    assert_eq!(here["number"], here["spread"]["here"]["complete_to"]);
    let everywhere_by = Time(here["number"].as_i64().unwrap() + 30_000);
    assert_eq!(here["spread"]["everywhere_by"], everywhere_by.to_string());
    let there = parsed(&receipt(&world, OTHER_CENTRE, &purged));
    assert_eq!(there["spread"]["here"]["has_purge"], false);
    world.wait(31_000);
    world.get_at(OTHER_CENTRE, "/a");
    world.wait(1_000);
    assert_eq!(
        parsed(&receipt(&world, OTHER_CENTRE, &purged))["spread"]["here"]["has_purge"],
        true
    );
    assert_eq!(world.kv.keys("r/"), [""; 0], "no receipt in KV");
}

#[test]
fn a_receipt_expires_and_its_row_is_swept() {
    let (world, journal) = world(&[("RECEIPT_LIFE", "90")]);
    let purged = world.purge("soft", &["t"]);
    assert_eq!(receipt(&world, At::default(), &purged).status, 200);
    world.wait(91_000);
    assert_eq!(receipt(&world, At::default(), &purged).status, 404);
    world.purge("soft", &["u"]);
    world.wait(1_000);
    let receipts = journal.rows().keys().filter(|key| key.starts_with("r/")).count();
    assert_eq!(receipts, 1);
}

#[test]
fn the_newest_purges_are_listed_in_pages() {
    let (world, _) = world(&[]);
    for number in 0..60 {
        world.purge("soft", &[&format!("t{number}")]);
    }
    let first = parsed(&read(&world, At::default(), "purges"));
    let tag = |list: &Value, place: usize| list["purges"][place]["purged"]["tags"][0].clone();
    assert_eq!((tag(&first, 0), tag(&first, 49)), (json!("t59"), json!("t10")));
    let next = parsed(&read(&world, At::default(), &format!("purges?before={}", first["cursor"])));
    assert_eq!((tag(&next, 0), tag(&next, 9)), (json!("t9"), json!("t0")));
    assert_eq!(next["cursor"], Value::Null);
    assert_eq!(read(&world, At::default(), "purges?before=x").status, 400);
    assert_eq!(read(&world, At::default(), "purges?after=1").status, 400);
}

#[test]
fn an_isolate_that_serves_no_page_refreshes_its_copy_for_a_receipt() {
    let (world, _) = world(&[]);
    let purged = world.purge("soft", &["t"]);
    for _ in 0..3 {
        let there = parsed(&receipt(&world, OTHER_CENTRE, &purged));
        assert_eq!(there["spread"]["here"]["has_purge"], true);
        world.wait(31_000);
    }
}

#[test]
fn a_cursor_that_is_no_number_of_a_purge_is_refused() {
    let (world, _) = world(&[]);
    for before in ["0", "+1", "-1", "x", "", "99999999999999999999"] {
        let seen = read(&world, At::default(), &format!("purges?before={before}"));
        assert_eq!((seen.status, parsed(&seen)["field"].as_str()), (400, Some("before")));
    }
}

#[test]
fn without_a_receipt_life_the_object_keeps_no_receipt() {
    let (world, journal) = world(&[("RECEIPT_LIFE", "0")]);
    // Nothing is swept until the journal is published.
    world.kv.write_takes.set(5_000);
    world.purge("soft", &["t"]);
    assert!(!journal.rows().keys().any(|key| key.starts_with("r/")));
}

#[test]
fn the_id_of_a_purge_has_128_random_bits() {
    let (world, _) = world(&[]);
    let id = || parsed(&world.purge("soft", &["t"]))["id"].as_str().unwrap().to_owned();
    let (one, other) = (id(), id());
    let (high, low) = one.split_at(16);
    assert_eq!(one.len(), 32);
    assert!(!other.starts_with(high) && !other.ends_with(low), "{one} {other}");
    assert_ne!(high, "0000000000000000");
}

#[test]
fn without_a_journal_there_is_no_list() {
    let seen = read(&World::new(1), At::default(), "purges");
    assert_eq!(seen.status, 404);
    assert_eq!(parsed(&seen)["field"], "COORDINATOR");
}

#[test]
fn an_object_that_does_not_reply_is_a_503() {
    let (world, journal) = world(&[]);
    let purged = world.purge("soft", &["t"]);
    journal.fails.set(true);
    assert_eq!(receipt(&world, At::default(), &purged).status, 503);
    assert_eq!(read(&world, At::default(), "purges").status, 503);
}

#[test]
fn a_purge_whose_rows_cannot_be_written_is_not_done() {
    let (world, journal) = world(&[]);
    world.get("/a");
    world.wait(200_000);
    journal.stored().rows_fail.set(true);
    assert_eq!(world.purge("soft", &["t"]).status, 503);
    journal.stored().rows_fail.set(false);
    world.wait(11_000);
    assert_eq!(parsed(&read(&world, At::default(), "purges"))["purges"], json!([]));
}

#[test]
fn receipts_that_expired_early_hide_no_older_ones() {
    let (world, journal) = world(&[]);
    for number in 0..120 {
        world.purge("soft", &[&format!("t{number}")]);
    }
    let mut rows = journal.rows();
    let receipts: Vec<String> = rows.keys().filter(|key| key.starts_with("r/")).cloned().collect();
    for key in &receipts[20..] {
        let row = rows.get_mut(key).unwrap();
        let words: Vec<&str> = row.splitn(3, ' ').collect();
        *row = format!("{} 1 {}", words[0], words[2]);
    }
    journal.restore(rows);
    let list = parsed(&read(&world, At::default(), "purges"));
    let purges = list["purges"].as_array().unwrap();
    assert_eq!(purges.len(), 20);
    assert_eq!(purges[0]["purged"]["tags"], json!(["t19"]));
    assert_eq!(list["cursor"], Value::Null);
}
