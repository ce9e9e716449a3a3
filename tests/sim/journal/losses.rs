//! An object that is restored, emptied or renamed: what it adopts from KV, and what it overwrites.

use std::rc::Rc;

use edge_isr::journal::JournalId;
use edge_isr::journal::object::Terms;
use edge_isr::journal::object::entries::Entries;
use edge_isr::journal::object::quota::AccountPlan;
use edge_isr::journal::object::room::Room;
use edge_isr::platform::kv::KvEntry;

use super::{OTHER_CENTRE, PUBLISHED_KEY, change, entries, published, world};
use crate::world::journal::{Rows, SimJournal};
use crate::world::{At, World};

/// An isolate that has no copy of the journal yet.
const COLD: At = At { centre: 1, isolate: 7 };

/// The id of the journal that the object's rows hold.
fn id(journal: &SimJournal) -> JournalId {
    Entries::restored(journal.rows(), Room::default()).unwrap().head().id
}

/// The purge of a page that another data centre holds, which the object has published.
struct Purged {
    world: World,
    journal: Rc<SimJournal>,
    /// What the object's rows, and the published journal, were before the purge.
    rows_before: Rows,
    published_before: KvEntry,
}

fn purged() -> Purged {
    let (world, journal) = world(&[]);
    world.get_at(OTHER_CENTRE, "/a");
    world.wait(1_000);
    let rows_before = journal.rows();
    let published_before = world.kv.values.borrow()[PUBLISHED_KEY].clone();
    change(&world);
    world.purge("hard", &["t"]);
    world.wait(301_000);
    Purged { world, journal, rows_before, published_before }
}

/// KV holds something else as the published journal. Returns what it held.
fn publication_is(world: &World, entry: KvEntry) -> KvEntry {
    world.kv.values.borrow_mut().insert(PUBLISHED_KEY.to_owned(), entry).unwrap()
}

/// The object has rows with what it took from KV.
fn has_adopted(journal: &SimJournal) -> bool {
    journal.rows().keys().any(|key| key.starts_with("a/"))
}

#[test]
fn an_object_that_lost_its_rows_adopts_what_it_had_published() {
    let Purged { world, journal, .. } = purged();
    journal.empty();
    // An isolate that has no copy yet gets the entry from the new journal.
    assert_eq!(world.get_at(COLD, "/a").text, "new");
}

#[test]
fn an_object_that_was_restored_to_an_earlier_state_adopts_what_it_had_published_since() {
    let Purged { world, journal, rows_before, .. } = purged();
    journal.restore(rows_before);
    // After its first answer the object looks in KV.
    world.get("/b");
    world.wait(1_000);
    assert_eq!(world.get_at(COLD, "/a").text, "new");
    assert!(has_adopted(&journal));
    journal.evict();
    world.wait(31_000);
    assert_eq!(world.get_at(At { centre: 1, isolate: 8 }, "/a").text, "new");
}

#[test]
fn an_object_that_was_restored_adopts_what_was_published_though_it_has_a_later_purge() {
    let Purged { world, journal, rows_before, .. } = purged();
    journal.restore(rows_before);
    // The first request is a purge: its number is later than what KV shows.
    world.purge("soft", &["other"]);
    world.wait(60_000);
    assert_eq!(world.get_at(OTHER_CENTRE, "/a").text, "new");
    // It waits two minutes before it publishes.
    assert_eq!(published(&world), Some(1));
    world.wait(400_000);
    assert_eq!(published(&world), Some(2));
}

#[test]
fn an_object_that_lost_entries_overwrites_no_newer_journal_in_kv() {
    let restored = |journal: &SimJournal, rows: Rows| journal.restore(rows);
    let emptied = |journal: &SimJournal, _: Rows| journal.empty();
    let losses: [fn(&SimJournal, Rows); 2] = [restored, emptied];
    for loses in losses {
        let Purged { world, journal, rows_before, published_before } = purged();
        journal.stored().terms.set(Terms { plan: AccountPlan::Paid, ..Terms::default() });
        let newer = publication_is(&world, published_before);
        loses(&journal, rows_before);
        world.purge("soft", &["other"]);
        world.wait(50_000);
        journal.evict();
        publication_is(&world, newer);
        world.get("/b");
        world.wait(200_000);
        assert_eq!(published(&world), Some(2));
        assert_eq!(world.get_at(COLD, "/a").text, "new");
        assert!(!journal.rows().contains_key("doubt"));
    }
}

#[test]
fn an_object_in_doubt_looks_in_kv_though_no_request_comes() {
    let Purged { world, journal, rows_before, published_before } = purged();
    let newer = publication_is(&world, published_before);
    journal.restore(rows_before);
    // A reader names the number that the object has lost. KV does not show it yet.
    world.get("/a");
    world.wait(50_000);
    publication_is(&world, newer);
    assert!(journal.rows().contains_key("doubt") && !has_adopted(&journal));
    world.wait(100_000);
    assert!(!journal.rows().contains_key("doubt") && has_adopted(&journal));
    assert_eq!(world.get_at(COLD, "/a").text, "new");
}

#[test]
fn a_number_that_is_lost_for_good_begins_one_doubt() {
    let Purged { world, journal, rows_before, published_before } = purged();
    publication_is(&world, published_before);
    journal.restore(rows_before);
    let is_in_doubt = || journal.rows().contains_key("doubt");
    world.get("/a");
    world.wait(1_000);
    assert!(is_in_doubt());
    world.wait(130_000);
    let writes = world.kv.writes.get();
    for _ in 0..20 {
        // The reader goes on to name its number.
        assert_eq!(world.get("/a").text, "new");
        world.wait(31_000);
        assert!(!is_in_doubt());
    }
    assert_eq!(world.kv.writes.get(), writes);
}

#[test]
fn an_object_whose_rows_fail_while_it_adopts_adopts_again() {
    let Purged { world, journal, rows_before, .. } = purged();
    journal.restore(rows_before);
    // After its first answer the object looks in KV. What it finds cannot be written.
    world.kv.read_takes.set(500);
    world.get("/b");
    world.wait(400);
    journal.stored().rows_fail.set(true);
    world.wait(200);
    journal.stored().rows_fail.set(false);
    assert!(!has_adopted(&journal));
    world.wait(61_000);
    world.get("/b");
    world.wait(1_000);
    assert!(has_adopted(&journal));
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
        let id = id(&journal);
        journal.stored().rows_fail.set(true);
        ask("append 0 0 2 soft token 8");
        world.wait(50);
        journal.stored().rows_fail.set(false);
        world.wait(20_000);
        assert_eq!((entries(&journal), self::id(&journal)), (1, id), "seed {seed}");
    }
}

#[test]
fn a_listed_journal_that_kv_shows_late_is_adopted_when_it_does() {
    let Purged { mut world, journal: earlier, .. } = purged();
    // The class has another name from now on, and KV does not show what was published last.
    let hidden = world.kv.values.borrow_mut().remove(PUBLISHED_KEY).unwrap();
    earlier.fails.set(true);
    let journal = SimJournal::named(&world, "renamed");
    world.journal = Some(journal.clone());
    world.get("/b");
    world.wait(10_000);
    assert_eq!(entries(&journal), 0);
    world.kv.values.borrow_mut().insert(PUBLISHED_KEY.to_owned(), hidden);
    world.wait(61_000);
    world.get("/b");
    world.wait(1_000);
    assert_eq!(entries(&journal), 1);
    world.wait(31_000);
    assert_eq!(world.get_at(OTHER_CENTRE, "/a").text, "new");
}

#[test]
fn a_journal_that_began_anew_is_found_in_kv_while_its_object_does_not_reply() {
    let (world, journal) = world(&[]);
    world.get_at(OTHER_CENTRE, "/a");
    world.wait(10_000);
    // A hit, so that the isolate remembers that nothing outdates the page.
    assert!(world.get_at(OTHER_CENTRE, "/a").cache().starts_with("hit"));
    journal.empty();
    world.wait(1_000);
    change(&world);
    world.purge("hard", &["t"]);
    world.wait(400_000);
    assert_eq!(published(&world), Some(1));
    journal.fails.set(true);
    let seen = world.get_at(OTHER_CENTRE, "/a");
    assert_eq!(seen.text, "new");
    // By the purge, and not because nothing is known of purges.
    assert!(seen.cache().starts_with("fwd=miss"), "{}", seen.cache());
}
