//! What the object takes over from KV.

use edge_isr::journal::object::entries::{Before, Entries};
use edge_isr::journal::object::room::Room;
use edge_isr::journal::{JournalId, Number};
use edge_isr::platform::rows::RowChange;
use edge_isr::policy::fence::PurgeMode::{self, Hard, Soft};
use edge_isr::policy::time::Time;

use super::append;

/// A journal with a purge of a tag at each of these times.
fn journal(id: u64, purges: &[(u64, PurgeMode, i64)]) -> Entries {
    let born = Time(1_000);
    let (mut entries, _) = Entries::born(JournalId(id), Before::NoRecords, Room::default(), born);
    for (request, (tag, mode, at)) in (1..).zip(purges) {
        let (number, _) = entries.append(&append(request, *mode, &[*tag]), Time(*at));
        assert_eq!(number, Number(*at as u64));
    }
    entries
}

/// The tags, each with its number and its earlier stamps.
fn numbers(entries: &Entries) -> Vec<(u64, u64, Vec<i64>)> {
    let all = entries.all();
    let stamps = |earlier: Vec<Time>| earlier.iter().map(|stamp| stamp.0).collect();
    all.iter().map(|(tag, _, kept)| (tag.0, kept.number.0, stamps(kept.earlier))).collect()
}

#[test]
fn of_each_tag_the_later_entry_is_adopted() {
    let mut ours = journal(7, &[(1, Soft, 2_000), (3, Soft, 4_000), (2, Soft, 5_000)]);
    let theirs = journal(8, &[(1, Soft, 3_000), (2, Soft, 3_500), (4, Hard, 6_000)]);
    let rows = ours.adopt(&theirs.all());
    let expected = [(1, 3_000), (2, 5_000), (3, 4_000), (4, 6_000)];
    assert_eq!(numbers(&ours), expected.map(|(tag, number)| (tag, number, vec![])));
    let is_head = |row: &RowChange| matches!(row, RowChange::Put { key, .. } if key == "head");
    assert!(rows.len() == 2 && rows.iter().any(is_head), "{rows:?}");
}

#[test]
fn what_the_object_has_already_needs_no_row() {
    let mut ours = journal(7, &[(1, Soft, 2_000), (2, Hard, 3_000)]);
    assert_eq!(ours.adopt(&ours.all()), []);
}

#[test]
fn entries_that_are_adopted_late_get_numbers_that_no_reader_has_passed() {
    let mut ours = journal(7, &[(1, Soft, 5_000)]);
    ours.lose(Number(3_000), Time(5_000));
    let theirs = journal(
        8,
        &[
            (2, Hard, 2_500),
            (1, Soft, 4_000),
            (3, Soft, 4_100),
            (4, Hard, 4_500),
            (5, Hard, 5_000),
            (6, Soft, 7_000),
        ],
    );
    ours.adopt_late(&theirs.all(), Time(6_000));
    let expected = [
        // A later one is here.
        (1, 5_000, vec![]),
        // Readers count it as dropped.
        (2, 2_500, vec![]),
        // Readers have passed its number. Its stale window counts from when it was.
        (3, 7_001, vec![4_100]),
        (4, 7_001, vec![]),
        (5, 7_001, vec![]),
        // No reader has passed its number.
        (6, 7_000, vec![]),
    ];
    assert_eq!(numbers(&ours), expected);
}

#[test]
fn what_a_late_journal_has_dropped_gives_this_one_a_new_number() {
    let mut ours = journal(7, &[(1, Soft, 5_000)]);
    let mut theirs = journal(8, &[(1, Soft, 3_000)]);
    theirs.lose(Number(2_000), Time(3_000));
    ours.adopt_late(&theirs.all(), Time(4_000));
    let head = ours.head();
    assert_eq!((head.dropped.hard, head.last), (Number(2_000), Number(5_001)));
    // Once is enough.
    ours.adopt_late(&theirs.all(), Time(4_000));
    assert_eq!(ours.head(), head);
}
