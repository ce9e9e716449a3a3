//! The rows of the object: which there are, which are joined or deleted, and what a start reads of them.

use edge_isr::journal::copy::JournalCopy;
use edge_isr::journal::object::entries::{Before, Entries};
use edge_isr::journal::object::room::Room;
use edge_isr::journal::{JournalId, Number, TagDigest};
use edge_isr::policy::fence::{PurgeMode, Purged};
use edge_isr::policy::time::Time;
use edge_isr::policy::timing::JOURNAL_JOINED_AFTER;

use super::{Rows, SKEW, append, by_visitor};

const ID: JournalId = JournalId(7);

/// A journal with room for `most` entries of tokens and `visitors_most` of visitors, and the rows of
/// its birth.
fn born(most: usize, visitors_most: usize) -> (Entries, Rows, Room) {
    let room = Room { most, visitors_most, rows_most: 3 };
    let (entries, change) = Entries::born(ID, Before::NoRecords, room, Time(1_000));
    let mut rows = Rows::default();
    rows.apply([change]);
    (entries, rows, room)
}

fn purged(entries: &Entries, tag: u64) -> Purged {
    let copy = JournalCopy::whole(entries.all(), Time(0)).unwrap();
    copy.effect([TagDigest(tag)], None, Time(1), SKEW).purged
}

fn keys(rows: &Rows) -> Vec<&str> {
    rows.0.keys().map(String::as_str).collect()
}

/// Appends a purge of a tag of its own for each of these requests.
fn purges(entries: &mut Entries, rows: &mut Rows, requests: std::ops::Range<u64>, at: Time) {
    for request in requests {
        let purge = append(request.into(), PurgeMode::Soft, &[request]);
        rows.apply(entries.append(&purge, at).1);
    }
}

#[test]
fn an_append_of_many_tags_is_few_rows_and_idle_rows_are_swept() {
    let (mut entries, mut rows, _) = born(100, 10);
    for request in 0..500u64 {
        let tags: Vec<u64> = (0..50).map(|tag| (tag * request) % 997).collect();
        let (_, changes) =
            entries.append(&append(request.into(), PurgeMode::Soft, &tags), Time(2_000));
        assert!(changes.len() <= 2, "{}", changes.len());
        rows.apply(changes);
        rows.apply(entries.sweep(5, Time(3_000) + JOURNAL_JOINED_AFTER));
    }
    assert!(rows.0.len() < 150, "rows without a newest entry are deleted: {}", rows.0.len());
}

#[test]
fn a_repeated_request_is_the_same_entry_after_a_start_though_nothing_needs_its_row() {
    let (mut entries, mut rows, room) = born(10, 3);
    let [first, second] = [1, 2].map(|request| append(request, PurgeMode::Soft, &[1]));
    let (number, changes) = entries.append(&first, Time(2_000));
    rows.apply(changes);
    rows.apply(entries.append(&second, Time(3_000)).1);
    let repeated_until = Time(2_000) + JOURNAL_JOINED_AFTER;
    rows.apply(entries.sweep(5, Time(repeated_until.0 - 1)));
    let mut entries = Entries::restored(rows.0, room).unwrap();
    assert_eq!(entries.append(&first, Time(4_000)), (number, Vec::new()));
}

#[test]
fn joined_rows_say_whose_their_entries_are() {
    let (mut entries, mut rows, room) = born(10, 3);
    purges(&mut entries, &mut rows, 1..5, Time(2_000));
    rows.apply(entries.append(&by_visitor(5, &[5, 6]), Time(3_000)).1);
    let now = Time(3_000) + JOURNAL_JOINED_AFTER;
    assert_eq!(entries.next_sweep(), Some(Time(2_003) + JOURNAL_JOINED_AFTER));
    rows.apply(entries.sweep(5, now));
    assert_eq!(keys(&rows), ["b/t0000", "b/v0000", "head"]);
    assert_eq!(entries.next_sweep(), None);
    let mut entries = Entries::restored(rows.0, room).unwrap();
    for request in 7..20u64 {
        entries.append(&by_visitor(request.into(), &[request]), Time(5_000));
    }
    let purged = [4, 5, 19].map(|tag| purged(&entries, tag));
    assert_eq!(purged, [Purged::Soft, Purged::No, Purged::Hard]);
    assert_eq!(entries.head().dropped, Default::default());
}

#[test]
fn a_start_knows_whose_each_entry_is() {
    let (mut entries, mut rows, room) = born(10, 2);
    rows.apply(entries.append(&append(1, PurgeMode::Hard, &[1]), Time(2_000)).1);
    // A visitor invalidates what a token has purged, and something else.
    rows.apply(entries.append(&by_visitor(2, &[1, 2]), Time(3_000)).1);
    let mut entries = Entries::restored(rows.0, room).unwrap();
    for request in 3..9u64 {
        entries.append(&by_visitor(request.into(), &[request]), Time(4_000));
    }
    assert_eq!([1, 2].map(|tag| purged(&entries, tag)), [Purged::Hard, Purged::No]);
}

#[test]
fn rows_of_the_last_minutes_are_not_joined() {
    let (mut entries, mut rows, _) = born(10, 3);
    purges(&mut entries, &mut rows, 1..7, Time(2_000));
    assert_eq!(entries.sweep(5, Time(1_000) + JOURNAL_JOINED_AFTER), []);
    assert_eq!(rows.0.len(), 7);
}

#[test]
fn rows_are_joined_once_a_start_would_read_too_many() {
    let (mut entries, mut rows, _) = born(10, 3);
    let later = Time(3_000) + JOURNAL_JOINED_AFTER;
    purges(&mut entries, &mut rows, 1..4, Time(2_000));
    assert_eq!(entries.sweep(5, later), []);
    purges(&mut entries, &mut rows, 4..5, Time(2_000));
    rows.apply(entries.sweep(5, later));
    assert_eq!(keys(&rows), ["b/t0000", "head"]);
}

#[test]
fn the_number_of_a_request_is_known_for_ten_minutes() {
    let (mut entries, mut rows, _) = born(10, 3);
    let later = Time(2_000) + JOURNAL_JOINED_AFTER;
    purges(&mut entries, &mut rows, 1..2, Time(2_000));
    purges(&mut entries, &mut rows, 2..3, later);
    assert_eq!(
        [1, 2].map(|request| entries.number_of(request)),
        [2_000, later.0 as u64].map(|at| Some(Number(at)))
    );
    purges(&mut entries, &mut rows, 3..4, Time(later.0 + 1));
    assert_eq!([1, 2].map(|request| entries.number_of(request).is_some()), [false, true]);
}

#[test]
fn a_number_between_those_of_two_purges_was_not_given() {
    let (mut entries, mut rows, room) = born(10, 3);
    entries.seen(ID, Number(2_500));
    purges(&mut entries, &mut rows, 1..3, Time(2_000));
    rows.apply([entries.gap(Time(3_000))]);
    purges(&mut entries, &mut rows, 3..4, Time(4_000));
    let given = [1_000, 2_501, 2_502, 3_000, 4_000];
    let others = [1_001, 2_000, 2_500, 3_001, 3_999, 4_001];
    for entries in [&entries, &Entries::restored(rows.0, room).unwrap()] {
        assert!(given.iter().all(|number| entries.has_given(Number(*number))));
        assert!(!others.iter().any(|number| entries.has_given(Number(*number))));
    }
}

#[test]
fn the_number_of_a_deleted_row_is_not_given_again() {
    let (mut entries, mut rows, room) = born(10, 2);
    // A purge of more tags than visitors have room for is forgotten at once, and its row is idle.
    rows.apply(entries.append(&by_visitor(1, &[1, 2, 3]), Time(9_000)).1);
    rows.apply(entries.sweep(5, Time(9_000) + JOURNAL_JOINED_AFTER));
    assert_eq!(keys(&rows), ["head"]);
    let mut entries = Entries::restored(rows.0, room).unwrap();
    let (number, _) = entries.append(&append(2, PurgeMode::Soft, &[4]), Time(2_000));
    assert_eq!(number, Number(9_001));
}

#[test]
fn adopted_entries_stay_when_rows_are_joined_also_after_a_start() {
    for restarts in [false, true] {
        let (mut entries, mut rows, room) = born(1_000, 10);
        purges(&mut entries, &mut rows, 1..6, Time(2_000));
        let (mut other, _) = Entries::born(JournalId(8), Before::NoRecords, room, Time(1_000));
        // The purge of another journal has the number of one of this one.
        other.append(&append(9, PurgeMode::Soft, &[70]), Time(2_004));
        // It has a later purge of a tag, too.
        other.append(&append(10, PurgeMode::Soft, &[71, 1]), Time(900_000));
        rows.apply(entries.adopt(&other.all()));
        if restarts {
            entries = Entries::restored(rows.0.clone(), room).unwrap();
        }
        rows.apply(entries.sweep(5, Time(3_000) + JOURNAL_JOINED_AFTER));
        assert_eq!(keys(&rows), ["b/t0000", "head"]);
        let restored = Entries::restored(rows.0, room).unwrap();
        assert_eq!(restored.all(), entries.all());
        assert!([1, 5, 70, 71].iter().all(|tag| purged(&restored, *tag) == Purged::Soft));
        let later = restored.after(ID, Number(800_000));
        assert_eq!(later.iter().map(|(tag, ..)| tag.0).collect::<Vec<_>>(), [1, 71]);
    }
}

#[test]
fn rows_without_a_head_are_no_journal() {
    let rows = [("e/01", "1 soft token 1"), ("head", "x")];
    for (key, value) in rows {
        let row = (key.to_owned(), value.to_owned());
        assert!(Entries::restored([row], Room::default()).is_none());
    }
}
