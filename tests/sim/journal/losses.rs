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
pub(super) const COLD: At = At { centre: 1, isolate: 7 };

/// The id of the journal that the object's rows hold.
fn id(journal: &SimJournal) -> JournalId {
    Entries::restored(journal.rows(), Room::default()).unwrap().head().id
}

/// A world in which a page was purged that another data centre holds. The object has published the
/// purge.
pub(super) struct AfterPurge {
    pub world: World,
    pub journal: Rc<SimJournal>,
    /// What the object's rows, and the published journal, were before the purge.
    pub rows_before: Rows,
    pub published_before: KvEntry,
}

pub(super) fn purged() -> AfterPurge {
    let (world, journal) = world(&[]);
    world.get_at(OTHER_CENTRE, "/a");
    world.wait(1_000);
    let rows_before = journal.rows();
    let published_before = world.kv.values.borrow()[PUBLISHED_KEY].clone();
    change(&world);
    world.purge("hard", &["t"]);
    world.wait(301_000);
    AfterPurge { world, journal, rows_before, published_before }
}

/// Puts something else in the place of the published journal. Returns what was there.
fn replace_publication(world: &World, entry: KvEntry) -> KvEntry {
    world.kv.values.borrow_mut().insert(PUBLISHED_KEY.to_owned(), entry).unwrap()
}

/// Tells whether rows hold what the object took from KV.
pub(super) fn has_adopted(journal: &SimJournal) -> bool {
    journal.rows().keys().any(|key| key.starts_with("a/"))
}

#[test]
fn an_object_that_lost_its_rows_adopts_what_it_had_published() {
    let AfterPurge { world, journal, .. } = purged();
    journal.empty();
    // An isolate that has no copy yet gets the entry from the new journal.
    assert_eq!(world.get_at(COLD, "/a").text, "new");
}

#[test]
fn an_object_that_was_restored_to_an_earlier_state_adopts_what_it_had_published_since() {
    let AfterPurge { world, journal, rows_before, .. } = purged();
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
    let AfterPurge { world, journal, rows_before, .. } = purged();
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
        let AfterPurge { world, journal, rows_before, published_before } = purged();
        journal.stored().terms.set(Terms { plan: AccountPlan::Paid, ..Terms::default() });
        let newer = replace_publication(&world, published_before);
        loses(&journal, rows_before);
        world.purge("soft", &["other"]);
        world.wait(50_000);
        journal.evict();
        replace_publication(&world, newer);
        world.get("/b");
        world.wait(200_000);
        assert_eq!(published(&world), Some(2));
        assert_eq!(world.get_at(COLD, "/a").text, "new");
        assert!(!journal.rows().contains_key("doubt"));
    }
}

#[test]
fn an_object_in_doubt_looks_in_kv_though_no_request_comes() {
    let AfterPurge { world, journal, rows_before, published_before } = purged();
    let newer = replace_publication(&world, published_before);
    journal.restore(rows_before);
    // A reader names the number that the object has lost. KV does not show it yet.
    world.get("/a");
    world.wait(50_000);
    replace_publication(&world, newer);
    assert!(journal.rows().contains_key("doubt") && !has_adopted(&journal));
    world.wait(100_000);
    assert!(!journal.rows().contains_key("doubt") && has_adopted(&journal));
    assert_eq!(world.get_at(COLD, "/a").text, "new");
}

#[test]
fn a_doubt_that_begins_while_the_journal_is_being_published_puts_that_off() {
    let AfterPurge { world, journal, mut rows_before, published_before } = purged();
    // A write to KV that has not ended is made again after a minute.
    let put = rows_before["put"].strip_suffix(" ended").unwrap().to_owned();
    rows_before.insert("put".to_owned(), put);
    let newer = replace_publication(&world, published_before.clone());
    journal.restore(rows_before);
    world.get_at(COLD, "/b");
    world.wait(59_000);
    // The alarm reads the list of journals before it writes.
    world.kv.read_takes.set(2_000);
    world.wait(2_000);
    assert!(!journal.rows().contains_key("doubt"));
    world.get("/a");
    world.kv.read_takes.set(0);
    world.wait(60_000);
    assert_eq!(replace_publication(&world, newer).value, published_before.value);
    assert!(journal.rows().contains_key("doubt"));
    world.wait(100_000);
    assert!(has_adopted(&journal));
}

#[test]
fn a_number_that_is_lost_for_good_begins_one_doubt() {
    let AfterPurge { world, journal, rows_before, published_before } = purged();
    replace_publication(&world, published_before);
    journal.restore(rows_before);
    let is_in_doubt = || journal.rows().contains_key("doubt");
    world.get("/a");
    world.wait(1_000);
    assert!(is_in_doubt());
    journal.evict();
    world.wait(130_000);
    // The tags of the lost purges are unknown, so every page from before them counts as purged.
    assert_eq!(world.get_at(COLD, "/a").text, "new");
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
    let AfterPurge { world, journal, rows_before, .. } = purged();
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
    let AfterPurge { mut world, journal: earlier, .. } = purged();
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
