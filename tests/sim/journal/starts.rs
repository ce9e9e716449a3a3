//! A start of the journal's object: what it looks at in KV, and when.

use edge_isr::journal::append::{Append, Sender};
use edge_isr::journal::object::entries::{Before, Entries};
use edge_isr::journal::object::room::Room;
use edge_isr::journal::{JournalId, TagDigest};
use edge_isr::platform::kv::KvEntry;
use edge_isr::policy::fence::PurgeMode;
use edge_isr::policy::time::Time;

use super::losses::{AfterPurge, COLD, has_adopted, purged};
use super::{PUBLISHED_KEY, entries, published, world};
use crate::world::journal::SimJournal;

#[test]
fn an_object_without_rows_doubts_if_kv_lists_it_or_shows_its_journal() {
    for hidden in ["j", PUBLISHED_KEY] {
        let AfterPurge { world, journal, .. } = purged();
        world.kv.values.borrow_mut().remove(hidden);
        journal.empty();
        world.get_at(COLD, "/b");
        world.wait(1_000);
        assert!(journal.rows().contains_key("doubt"), "without {hidden}");
    }
    let (world, journal) = world(&[]);
    world.get("/a");
    assert!(!journal.rows().contains_key("doubt"));
}

#[test]
fn an_object_that_its_alarm_starts_looks_in_kv_before_it_publishes() {
    let AfterPurge { world, journal, rows_before, .. } = purged();
    journal.restore(rows_before);
    // No request lets the object look, and none has a number that it lacks.
    world.kv.reads_fail.set(true);
    world.purge_at(COLD, "soft", &["other"]);
    world.wait(10_000);
    journal.evict();
    world.kv.reads_fail.set(false);
    assert!(!has_adopted(&journal));
    world.wait(100_000);
    assert!(has_adopted(&journal));
    assert_eq!(published(&world), Some(2));
}

#[test]
fn an_object_that_its_alarm_starts_deletes_receipts_that_have_expired() {
    let (world, journal) = world(&[("RECEIPT_LIFE", "90")]);
    world.purge("soft", &["t"]);
    world.wait(10_000);
    let receipts = || journal.rows().keys().filter(|key| key.starts_with("r/")).count();
    assert_eq!(receipts(), 1);
    journal.evict();
    world.wait(600_000);
    assert_eq!(receipts(), 0);
}

/// A journal with a purge of a tag, as it is published.
fn journal_with(tag: u64, entry: &KvEntry) -> KvEntry {
    let born = Time(1_000);
    let (mut entries, _) = Entries::born(JournalId(tag), Before::NoRecords, Room::default(), born);
    let (mode, sender, tags) = (PurgeMode::Soft, Sender::Token, vec![TagDigest(tag)]);
    entries.append(&Append { request: 1, mode, sender, tags, receipt: None }, born);
    KvEntry { value: entries.all().to_text(), ..entry.clone() }
}

#[test]
fn each_listed_journal_that_kv_shows_late_is_adopted_when_it_does() {
    let AfterPurge { mut world, journal: earlier, .. } = purged();
    earlier.fails.set(true);
    // The class had two other names before, and KV shows what was published under neither.
    let entry = world.kv.values.borrow_mut().remove(PUBLISHED_KEY).unwrap();
    let listed = KvEntry { value: "first second".to_owned(), ..entry.clone() };
    world.kv.values.borrow_mut().insert("j".to_owned(), listed);
    let journal = SimJournal::named(&world, "third");
    world.journal = Some(journal.clone());
    world.get("/b");
    for (name, tag) in [("second", 2), ("first", 1)] {
        world.wait(10_000);
        let shown = journal_with(tag, &entry);
        world.kv.values.borrow_mut().insert(format!("j/{name}"), shown);
        world.wait(61_000);
        world.get("/b");
        world.wait(1_000);
    }
    assert_eq!(entries(&journal), 2);
}
