//! The copies of the journal: when they are refreshed, and what a request waits for.

use edge_isr::platform::Document;
use edge_isr::policy::key::CacheKey;
use edge_isr::policy::time::Time;

use super::{OTHER_CENTRE, OTHER_ISOLATE, PUBLISHED_KEY, change, world};
use crate::world::journal::SimJournal;
use crate::world::origin::Page;
use crate::world::platform::Body;
use crate::world::{At, Pending, World};

fn hit_takes(world: &World, at: At) -> u128 {
    let start = world.executor.now();
    let seen = world.get_at(at, "/a");
    assert!(seen.cache().starts_with("hit"), "{}", seen.cache());
    seen.at.since(start).as_millis()
}

#[test]
fn a_hit_waits_for_nothing_while_the_copy_is_young() {
    let (world, journal) = world(&[]);
    world.get("/a");
    world.wait(100);
    journal.takes.set(200);
    world.kv.read_takes.set(200);
    let reads = world.kv.reads.get();
    for _ in 0..40 {
        world.wait(5_000);
        assert!(hit_takes(&world, At::default()) < 5);
    }
    // The object looks in KV for itself, once a minute for a while.
    assert!(world.kv.reads.get() - reads <= 4, "no hit reads KV");
}

#[test]
fn a_request_that_finds_the_copy_too_old_waits_for_another() {
    let (world, journal) = world(&[]);
    world.get("/a");
    world.get_at(OTHER_CENTRE, "/a");
    change(&world);
    world.purge("hard", &["t"]);
    journal.takes.set(200);
    world.wait(40_000);
    let start = world.executor.now();
    let seen = world.get_at(OTHER_CENTRE, "/a");
    assert_eq!(seen.text, "new");
    let took = seen.at.since(start).as_millis();
    assert!((400..500).contains(&took), "{took} ms");
}

#[test]
fn a_crowd_shares_one_refresh() {
    let (world, journal) = world(&[]);
    world.get("/a");
    world.wait(40_000);
    let asks = journal.asks.get();
    let crowd: Vec<Pending> = (0..50).map(|_| world.start("/a")).collect();
    world.wait(1_000);
    assert!(crowd.iter().all(|asked| asked.seen().cache().starts_with("hit")));
    assert_eq!(journal.asks.get() - asks, 1);
}

#[test]
fn the_isolates_of_a_data_centre_share_a_copy() {
    let (world, journal) = world(&[]);
    world.get("/a");
    world.wait(100);
    let asks = journal.asks.get();
    assert!(hit_takes(&world, OTHER_ISOLATE) < 5);
    assert_eq!(journal.asks.get(), asks, "the copy came from the cache");
    // Also after entries came, which the block in the cache has.
    world.purge("soft", &["other"]);
    world.wait(23_000);
    world.get("/a");
    world.wait(1_000);
    let asks = journal.asks.get();
    hit_takes(&world, At { centre: 0, isolate: 2 });
    assert_eq!(journal.asks.get(), asks);
}

#[test]
fn an_object_that_does_not_answer_costs_one_short_wait_and_pages_are_judged_by_kv() {
    for hangs in [true, false] {
        let (world, journal) = world(&[]);
        world.get("/a");
        world.get_at(OTHER_CENTRE, "/a");
        change(&world);
        world.purge("hard", &["t"]);
        // The object publishes the purge.
        world.wait(301_000);
        journal.hangs.set(hangs);
        journal.fails.set(!hangs);
        world.wait(31_000);
        let start = world.executor.now();
        let seen = world.get_at(OTHER_CENTRE, "/a");
        assert_eq!(seen.text, "new", "{}", seen.cache());
        assert!(seen.at.since(start).as_millis() < 700);
        world.wait(100);
        let start = world.executor.now();
        let seen = world.get_at(OTHER_CENTRE, "/a");
        assert!(seen.cache().ends_with("detail=journal-unavailable"), "{}", seen.cache());
        assert!(world.executor.now().since(start).as_millis() < 50, "it is left alone for a while");
        world.wait(5_000);
        let complaints = world.log.borrow().iter().filter(|line| line.contains("journal")).count();
        assert_eq!(complaints, 1, "{:?}", world.log.borrow());
        // It is asked again once it answers.
        journal.hangs.set(false);
        journal.fails.set(false);
        world.wait(31_000);
        world.get_at(OTHER_CENTRE, "/a");
        world.wait(100);
        let seen = world.get_at(OTHER_CENTRE, "/a");
        assert!(seen.cache().starts_with("hit") && !seen.cache().contains("detail"));
    }
}

#[test]
fn with_neither_the_object_nor_kv_an_old_page_is_revalidated_before_it_is_shown() {
    let (world, journal) = world(&[]);
    world.get("/a");
    world.wait(200);
    journal.fails.set(true);
    world.kv.reads_fail.set(true);
    world.wait(29_000);
    assert!(world.get("/a").cache().starts_with("hit"), "within the bound the copy is enough");
    world.wait(2_000);
    let seen = world.get("/a");
    assert!(seen.cache().starts_with("fwd=stale"), "{}", seen.cache());
    assert!(seen.cache().ends_with("detail=journal-unavailable"), "{}", seen.cache());
}

#[test]
fn a_journal_that_begins_anew_is_taken_over() {
    let (world, journal) = world(&[]);
    world.get("/a");
    change(&world);
    journal.empty();
    world.wait(10_000);
    world.purge("hard", &["t"]);
    assert_eq!(world.get("/a").text, "new");
    world.wait(100);
    assert!(world.get("/a").cache().starts_with("hit"));
}

#[test]
fn a_refresh_that_was_lost_blocks_no_later_one() {
    let (world, journal) = world(&[]);
    world.get("/a");
    world.wait(20_000);
    journal.takes.set(400);
    world.get("/a");
    // The isolate's work ends with the invocation.
    world.executor.end(|_| true);
    journal.takes.set(20);
    world.wait(20_000);
    assert!(hit_takes(&world, At::default()) < 60);
}

#[test]
fn a_number_of_another_journal_says_nothing() {
    let (world, journal) = world(&[]);
    journal.stored().ahead.set(2_000);
    // The first request brings the copy of the journal.
    world.get_at(OTHER_CENTRE, "/b");
    world.wait(100);
    world.get_at(OTHER_CENTRE, "/a");
    world.wait(100);
    // The other journal's clock is behind: its numbers are lower than one that the page knows. KV
    // shows it nothing to go on from.
    world.kv.values.borrow_mut().clear();
    journal.empty();
    journal.stored().ahead.set(-2_000);
    world.wait(1_000);
    change(&world);
    world.purge("hard", &["t"]);
    world.wait(31_000);
    assert_eq!(world.get_at(OTHER_CENTRE, "/a").text, "new");
}

#[test]
fn a_copy_of_another_isolate_is_as_old_as_it_was_there() {
    let (world, _) = world(&[]);
    world.get("/a");
    world.wait(1_000);
    change(&world);
    world.purge_at(OTHER_CENTRE, "hard", &["t"]);
    world.wait(13_000);
    assert_eq!(world.get_at(OTHER_ISOLATE, "/a").text, "old");
    world.wait(17_500);
    assert_eq!(world.get_at(OTHER_ISOLATE, "/a").text, "new");
}

#[test]
fn an_object_that_starts_slowly_is_awaited_behind_the_requests() {
    let (world, journal) = world(&[]);
    world.get_at(OTHER_CENTRE, "/a");
    change(&world);
    journal.takes.set(800);
    world.purge("hard", &["t"]);
    // KV shows no later journal all the while.
    world.kv.values.borrow_mut().remove(PUBLISHED_KEY);
    let mut seen = world.get_at(OTHER_CENTRE, "/a");
    for _ in 0..4 {
        world.wait(16_000);
        let start = world.executor.now();
        seen = world.get_at(OTHER_CENTRE, "/a");
        assert!(seen.at.since(start).as_millis() < 700);
    }
    assert_eq!(seen.text, "new", "{}", seen.cache());
    assert!(!seen.cache().contains("journal-unavailable"), "{}", seen.cache());
}

#[test]
fn the_isolates_of_a_data_centre_leave_the_refresh_to_one_of_them() {
    let (world, journal) = world(&[]);
    world.get("/a");
    let ask_from = |first: usize, seconds: u64| {
        for _ in 0..seconds * 2 {
            world.wait(500);
            for isolate in first..10 {
                // No hit waits for the object.
                assert!(hit_takes(&world, At { centre: 0, isolate }) < 5);
            }
        }
    };
    ask_from(0, 60);
    let asks = journal.asks.get();
    ask_from(0, 150);
    // Ten half bounds have passed.
    let asks = journal.asks.get() - asks;
    assert!((9..=15).contains(&asks), "{asks} requests to the object");
    // The isolate that asked is gone: another one asks in its place, before a hit has to wait.
    ask_from(1, 60);
}

#[test]
fn a_shared_block_that_is_older_than_its_note_is_not_taken() {
    let (world, journal) = world(&[]);
    world.origin.set("/c", Page::new("c").fresh(600, 600).tags("t"));
    world.get("/a");
    world.get("/c");
    world.wait(1_000);
    // The cache goes on to hold the first block, though there is a note of a later one.
    let slot = CacheKey::parse("https://site.test/").unwrap().slot();
    let slot = slot.beside("journal").beside(&journal.id()).beside("block");
    let (metadata, block) = world.cache(0).held(&slot, world.executor.now()).unwrap();
    change(&world);
    world.purge_at(OTHER_CENTRE, "hard", &["t"]);
    world.wait(31_000);
    assert_eq!(world.get("/a").text, "new");
    world.wait(1_000);
    let document = Document { metadata, body: Body::whole(&block) };
    world.cache(0).keep(&slot, document, Time(i64::MAX));
    let seen = world.get_at(OTHER_ISOLATE, "/c");
    assert!(seen.cache().starts_with("fwd=miss"), "{}", seen.cache());
}

#[test]
fn the_shared_copy_of_another_environment_is_not_taken() {
    let (mut world, _) = world(&[]);
    world.get("/a");
    world.wait(1_000);
    let other = SimJournal::named(&world, "other-object");
    world.journal = Some(other.clone());
    world.get_at(OTHER_ISOLATE, "/a");
    assert_eq!(other.asks.get(), 1);
}

#[test]
fn a_clock_that_is_ahead_makes_no_shared_copy_younger() {
    let (world, _) = world(&[]);
    world.ahead.borrow_mut().insert(0, 8_000);
    // The copy that this isolate shares says that it is of some seconds from now.
    world.get("/b");
    world.wait(1_000);
    assert_eq!(world.get_at(OTHER_ISOLATE, "/a").text, "old");
    change(&world);
    world.purge_at(OTHER_CENTRE, "hard", &["t"]);
    world.wait(31_000);
    assert_eq!(world.get_at(OTHER_ISOLATE, "/a").text, "new");
}
