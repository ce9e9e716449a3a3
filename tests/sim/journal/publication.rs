//! The journal in KV: what the object publishes, and what becomes of it.

use std::time::Duration;

use edge_isr::journal::block::Block;
use edge_isr::journal::object::Terms;
use edge_isr::journal::object::entries::Entries;
use edge_isr::journal::object::quota::AccountPlan;
use edge_isr::journal::object::room::Room;

use super::{OTHER_CENTRE, change, entries, world};
use crate::world::World;
use crate::world::journal::SimJournal;
use crate::world::kv::Operation;

const HEAD: &str = "j/object";

/// The number of entries that KV holds.
fn published(world: &World) -> Option<usize> {
    let values = world.kv.values.borrow();
    Some(Block::of_text(&values.get(HEAD)?.value)?.iter().count())
}

/// The number of entries that the object holds.
fn held(journal: &SimJournal) -> usize {
    Entries::restored(journal.rows(), Room::default()).unwrap().all().iter().count()
}

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
        assert_eq!(world.kv.keys("j"), ["j", HEAD]);
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
fn an_object_that_lost_its_rows_adopts_what_it_had_published() {
    let (world, journal) = world(&[]);
    for at in [Default::default(), OTHER_CENTRE] {
        world.get_at(at, "/a");
    }
    change(&world);
    world.purge("hard", &["t"]);
    world.wait(301_000);
    journal.empty();
    // An isolate that has no copy yet gets the entry from the new journal.
    let cold = crate::world::At { centre: 1, isolate: 7 };
    assert_eq!(world.get_at(cold, "/a").text, "new");
}

#[test]
fn an_object_that_was_restored_to_an_earlier_state_adopts_what_it_had_published_since() {
    let (world, journal) = world(&[]);
    world.get_at(OTHER_CENTRE, "/a");
    world.wait(1_000);
    let rows = journal.rows();
    change(&world);
    world.purge("hard", &["t"]);
    world.wait(301_000);
    journal.restore(rows);
    // The first answer sets it looking.
    world.get("/b");
    world.wait(1_000);
    let cold = crate::world::At { centre: 1, isolate: 7 };
    assert_eq!(world.get_at(cold, "/a").text, "new");
    assert!(journal.rows().keys().any(|key| key.starts_with("a/")));
    journal.evict();
    world.wait(31_000);
    assert_eq!(world.get_at(crate::world::At { centre: 1, isolate: 8 }, "/a").text, "new");
}

#[test]
fn a_journal_that_kv_does_not_show_is_not_an_empty_one() {
    let (world, journal) = world(&[]);
    world.get_at(OTHER_CENTRE, "/a");
    change(&world);
    world.purge("hard", &["t"]);
    world.wait(301_000);
    world.kv.values.borrow_mut().remove(HEAD);
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
    assert_eq!((journal.asks.get() - asks, entries(&journal)), (1, 1));
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
fn an_object_that_was_restored_adopts_what_was_published_though_it_has_a_later_purge() {
    let (world, journal) = world(&[]);
    world.get_at(OTHER_CENTRE, "/a");
    world.wait(400_000);
    let rows = journal.rows();
    change(&world);
    world.purge("hard", &["t"]);
    world.wait(400_000);
    journal.restore(rows);
    // The first request is a purge: its number is later than what KV shows.
    world.purge("soft", &["other"]);
    world.wait(60_000);
    assert_eq!(world.get_at(OTHER_CENTRE, "/a").text, "new");
    // It publishes only once it is sure to have seen what it had published.
    world.wait(400_000);
    assert_eq!(published(&world), Some(2));
}

#[test]
fn a_restored_object_that_kv_shows_an_older_journal_overwrites_no_later_one() {
    let (world, journal) = world(&[]);
    journal.stored().terms.set(Terms { plan: AccountPlan::Paid, ..Terms::default() });
    world.get_at(OTHER_CENTRE, "/a");
    world.wait(10_000);
    let rows = journal.rows();
    let older = world.kv.values.borrow()[HEAD].clone();
    change(&world);
    world.purge("hard", &["t"]);
    world.wait(10_000);
    let newer = world.kv.values.borrow_mut().insert(HEAD.to_owned(), older).unwrap();
    journal.restore(rows);
    world.purge("soft", &["other"]);
    world.wait(50_000);
    journal.evict();
    world.kv.values.borrow_mut().insert(HEAD.to_owned(), newer);
    world.get("/b");
    world.wait(200_000);
    assert_eq!(published(&world), Some(2));
    let cold = crate::world::At { centre: 1, isolate: 7 };
    assert_eq!(world.get_at(cold, "/a").text, "new");
    assert!(!journal.rows().contains_key("doubt"));
}

#[test]
fn an_emptied_object_that_kv_shows_an_older_journal_overwrites_no_later_one() {
    let (world, journal) = world(&[]);
    journal.stored().terms.set(Terms { plan: AccountPlan::Paid, ..Terms::default() });
    world.get_at(OTHER_CENTRE, "/a");
    world.wait(10_000);
    let older = world.kv.values.borrow()[HEAD].clone();
    change(&world);
    world.purge("hard", &["t"]);
    world.wait(10_000);
    let newer = world.kv.values.borrow_mut().insert(HEAD.to_owned(), older).unwrap();
    journal.empty();
    world.purge("soft", &["other"]);
    world.wait(50_000);
    journal.evict();
    world.kv.values.borrow_mut().insert(HEAD.to_owned(), newer);
    world.get("/b");
    world.wait(200_000);
    assert_eq!(published(&world), Some(2));
    let cold = crate::world::At { centre: 1, isolate: 7 };
    assert_eq!(world.get_at(cold, "/a").text, "new");
    assert!(!journal.rows().contains_key("doubt"));
}

#[test]
fn a_journal_that_began_anew_is_found_in_kv_while_its_object_does_not_reply() {
    let (world, journal) = world(&[]);
    world.get_at(OTHER_CENTRE, "/a");
    world.wait(10_000);
    journal.empty();
    world.wait(1_000);
    change(&world);
    world.purge("hard", &["t"]);
    world.wait(400_000);
    assert_eq!(published(&world), Some(1));
    journal.fails.set(true);
    assert_eq!(world.get_at(OTHER_CENTRE, "/a").text, "new");
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
fn two_starts_at_once_begin_one_journal() {
    for seed in 1..40 {
        let world = World::with(seed, &[]);
        let journal = SimJournal::new(&world);
        world.kv.read_takes.set(800);
        let ask = |text: &str| {
            let (journal, text) = (journal.clone(), text.to_owned());
            world.executor.spawn(0, async move { drop(journal.answer(text).await) });
        };
        ask("read 0 0");
        ask("read 0 0");
        for _ in 0..500 {
            if journal.rows().contains_key("head") {
                break;
            }
            world.wait(10);
        }
        // The other start still reads KV, while the object forgets what it has in memory.
        ask("append 0 0 1 soft token 7");
        world.wait(50);
        journal.stored().rows_fail.set(true);
        ask("append 0 0 2 soft token 8");
        world.wait(50);
        journal.stored().rows_fail.set(false);
        world.wait(20_000);
        assert_eq!(held(&journal), 1, "seed {seed}");
    }
}

#[test]
fn a_listed_journal_that_kv_shows_late_is_adopted_when_it_does() {
    let (mut world, earlier) = world(&[]);
    world.get_at(OTHER_CENTRE, "/a");
    change(&world);
    world.purge("hard", &["t"]);
    world.wait(400_000);
    // The class has another name from now on, and KV does not show what was published last.
    let hidden = world.kv.values.borrow_mut().remove(HEAD).unwrap();
    earlier.fails.set(true);
    let journal = SimJournal::named(&world, "renamed");
    world.journal = Some(journal.clone());
    world.get("/b");
    world.wait(10_000);
    assert_eq!(held(&journal), 0);
    world.kv.values.borrow_mut().insert(HEAD.to_owned(), hidden);
    world.wait(61_000);
    world.get("/b");
    world.wait(1_000);
    assert_eq!(held(&journal), 1);
    world.wait(31_000);
    assert_eq!(world.get_at(OTHER_CENTRE, "/a").text, "new");
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
    world.wait(600_000);
    assert!(journal.rows().len() < 10, "{:?}", journal.rows().keys());
}
