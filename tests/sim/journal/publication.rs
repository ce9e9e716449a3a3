//! The journal in KV: what the object publishes, and what becomes of it.

use std::time::Duration;

use edge_isr::journal::object::Terms;
use edge_isr::journal::object::quota::AccountPlan;

use super::{OTHER_CENTRE, PUBLISHED_KEY, change, published, purge_rows, world};
use crate::world::World;
use crate::world::kv::Operation;

/// The puts of the journal in the next `seconds`.
fn puts_in(world: &World, seconds: u64) -> Vec<u64> {
    let (mut puts, mut before) = (Vec::new(), published(world));
    for second in 1..=seconds {
        world.wait(1_000);
        let now = published(world);
        if now != before {
            puts.push(second);
        }
        before = now;
    }
    puts
}

#[test]
fn a_purge_is_published_at_once_after_a_quiet_time_and_then_after_the_pause_of_the_plan() {
    for (plan, pause) in [(AccountPlan::Free, 300), (AccountPlan::Paid, 1)] {
        let (world, journal) = world(&[]);
        journal.stored().terms.set(Terms { plan, ..Terms::default() });
        world.get("/a");
        world.wait(400_000);
        assert_eq!(published(&world), Some(0), "the journal's birth");
        world.purge("soft", &["t"]);
        world.wait(100);
        assert_eq!(published(&world), Some(1));
        assert_eq!(world.kv.keys("j"), ["j", PUBLISHED_KEY]);
        world.purge("soft", &["u"]);
        world.wait(100);
        assert_eq!(published(&world), Some(1));
        let puts = puts_in(&world, 310);
        assert!(puts.len() == 1 && puts[0].abs_diff(pause) <= 1, "{puts:?}");
    }
}

#[test]
fn a_put_without_an_answer_is_made_again_after_a_minute() {
    let (world, journal) = world(&[]);
    journal.stored().terms.set(Terms { plan: AccountPlan::Paid, ..Terms::default() });
    world.get("/a");
    world.wait(10_000);
    // KV takes the write, and its answer never comes.
    world.kv.hang(Operation::Write, "j/");
    world.purge("soft", &["t"]);
    world.wait(11_000);
    world.kv.recover();
    world.wait(30_000);
    assert_eq!(published(&world), Some(0));
    world.wait(35_000);
    assert_eq!(published(&world), Some(1));
    assert!(world.log.borrow().iter().any(|line| line.contains("not published in KV")));
}

#[test]
fn an_object_that_dies_during_a_put_writes_again_when_it_is_back() {
    let (world, journal) = world(&[]);
    world.get("/a");
    world.wait(400_000);
    world.kv.write_takes.set(5_000);
    world.purge("soft", &["t"]);
    world.wait(1_000);
    journal.evict();
    world.kv.write_takes.set(0);
    world.wait(3_000);
    let writes = world.kv.writes.get();
    world.wait(301_000);
    assert_eq!(world.kv.writes.get() - writes, 1, "the first write may have landed late");
    assert_eq!(published(&world), Some(1));
}

#[test]
fn rows_that_fail_end_no_alarm() {
    let (world, journal) = world(&[]);
    world.get("/a");
    world.wait(400_000);
    world.purge("soft", &["t"]);
    world.purge("soft", &["u"]);
    world.wait(1_000);
    journal.stored().rows_fail.set(true);
    world.wait(350_000);
    assert_eq!(published(&world), Some(1));
    journal.stored().rows_fail.set(false);
    world.wait(61_000);
    assert_eq!(published(&world), Some(2));
}

#[test]
fn a_journal_that_kv_does_not_show_is_not_an_empty_one() {
    let (world, journal) = world(&[]);
    world.get_at(OTHER_CENTRE, "/a");
    change(&world);
    world.purge("hard", &["t"]);
    world.wait(301_000);
    world.kv.values.borrow_mut().remove(PUBLISHED_KEY);
    journal.fails.set(true);
    let cold = crate::world::At { centre: 1, isolate: 7 };
    let seen = world.get_at(cold, "/a");
    assert_eq!(seen.text, "new", "{}", seen.cache());
    assert!(seen.cache().ends_with("detail=journal-unavailable"), "{}", seen.cache());
}

#[test]
fn from_the_readers_share_of_the_day_on_purges_alone_reach_the_object() {
    let (world, journal) = world(&[]);
    world.get("/a");
    world.wait(100_000);
    let mut rows = journal.rows();
    let day = world.executor.now().0 / 86_400_000;
    rows.insert("day".to_owned(), format!("{day} 60000"));
    journal.restore(rows);
    world.get("/a");
    world.wait(1_000);
    let asks = journal.asks.get();
    for _ in 0..8 {
        world.wait(40_000);
        let seen = world.get("/a");
        assert!(seen.cache().starts_with("hit") && seen.cache().contains("journal-unavailable"));
    }
    assert_eq!(journal.asks.get(), asks, "readers ask no more");
    world.purge("soft", &["t"]);
    assert_eq!((journal.asks.get() - asks, purge_rows(&journal)), (1, 1));
    // The next day.
    let left = Duration::from_secs(86_400).as_millis() as i64 - world.executor.now().0 % 86_400_000;
    world.wait(left as u64 + 40_000);
    world.get("/a");
    world.wait(1_000);
    assert!(journal.asks.get() - asks > 1);
}

#[test]
fn a_publication_that_fails_is_tried_again_after_a_minute_and_not_at_once() {
    for prefix in ["j", "m"] {
        let (world, journal) = world(&[]);
        journal.stored().terms.set(Terms { plan: AccountPlan::Paid, ..Terms::default() });
        world.get("/a");
        world.wait(10_000);
        journal.evict();
        // KV takes no write, or shows nothing: the object cannot publish what it has.
        world.kv.writes_fail.set(if prefix == "j" { 1_000_000 } else { 0 });
        world.kv.reads_fail.set(prefix == "m");
        let writes = world.kv.writes.get() + world.kv.reads.get();
        world.purge("soft", &["t"]);
        world.wait(30_000);
        let tried = world.kv.writes.get() + world.kv.reads.get() - writes;
        assert!(tried <= 4, "{tried} operations in half a minute");
        world.kv.writes_fail.set(0);
        world.kv.reads_fail.set(false);
        world.wait(70_000);
        assert_eq!(published(&world), Some(1));
    }
}

#[test]
fn an_object_that_starts_anew_keeps_the_pause_between_two_publications() {
    let (world, journal) = world(&[]);
    world.get("/a");
    world.wait(400_000);
    world.purge("soft", &["t"]);
    world.wait(1_000);
    assert_eq!(published(&world), Some(1));
    for _ in 0..5 {
        journal.evict();
        world.purge("soft", &["u"]);
        world.wait(20_000);
        assert_eq!(published(&world), Some(1));
    }
    world.wait(200_000);
    assert_eq!(published(&world), Some(2));
}

#[test]
fn an_object_that_starts_with_nothing_new_sets_no_alarm() {
    let (world, journal) = world(&[("RECEIPT_LIFE", "0")]);
    world.get("/a");
    world.purge("soft", &["t"]);
    world.wait(400_000);
    world.get("/a");
    world.wait(31_000);
    let (written, reads) = (journal.stored().rows_written.get(), world.kv.reads.get());
    for _ in 0..3 {
        journal.evict();
        world.get("/a");
        world.wait(40_000);
    }
    assert_eq!(journal.stored().rows_written.get(), written);
    assert_eq!(world.kv.reads.get() - reads, 3, "each start looks once");
}

#[test]
fn isolates_read_kv_each_minute_at_most_once_the_readers_share_of_the_day_is_spent() {
    let (world, journal) = world(&[("PURGE_SEEN_WITHIN", "2")]);
    world.get("/a");
    world.wait(400_000);
    let mut rows = journal.rows();
    let day = world.executor.now().0 / 86_400_000;
    rows.insert("day".to_owned(), format!("{day} 60000"));
    journal.restore(rows);
    world.get("/a");
    world.wait(10_000);
    let reads = world.kv.reads.get();
    for _ in 0..60 {
        world.wait(2_000);
        world.get("/a");
    }
    let reads = world.kv.reads.get() - reads;
    assert!((1..=5).contains(&reads), "{reads} reads in two minutes");
}

#[test]
fn rows_that_nothing_needs_are_deleted_though_there_is_nothing_to_publish() {
    let (world, journal) = world(&[("RECEIPT_LIFE", "60")]);
    world.get("/a");
    for _ in 0..30 {
        world.purge("soft", &["t"]);
    }
    assert!(journal.rows().len() > 50);
    world.wait(700_000);
    assert!(journal.rows().len() < 10, "{:?}", journal.rows().keys());
}

#[test]
fn an_object_that_has_looked_in_kv_publishes_without_reading_its_journal_again() {
    let (world, journal) = world(&[("RECEIPT_LIFE", "0")]);
    journal.stored().terms.set(Terms { plan: AccountPlan::Paid, ..Terms::default() });
    world.get("/a");
    // The looks of the first minutes are over.
    world.wait(700_000);
    for tag in ["t", "u", "v"] {
        let keys = world.kv.keys_read.get();
        world.purge("soft", &[tag]);
        world.wait(5_000);
        assert_eq!(world.kv.keys_read.get() - keys, 1, "the list of journals");
    }
    assert_eq!(published(&world), Some(3));
}

#[test]
fn requests_that_bring_nothing_new_write_no_row() {
    let (world, journal) = world(&[]);
    world.get("/a");
    world.wait(400_000);
    world.purge("soft", &["t"]);
    world.wait(1_000);
    // Its publication waits for the pause of the plan.
    world.purge("soft", &["u"]);
    let written = journal.stored().rows_written.get();
    for isolate in 0..5 {
        world.get_at(crate::world::At { centre: 1, isolate }, "/a");
        world.wait(16_000);
    }
    assert_eq!(journal.stored().rows_written.get(), written);
    assert!(journal.asks.get() >= 5);
}
