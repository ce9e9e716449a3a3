use edge_isr::journal::object::entries::Before;
use edge_isr::journal::object::{JournalObject, Terms};
use edge_isr::journal::wire::JournalRequest;
use edge_isr::journal::{Dropped, JournalId, Known, Number};
use edge_isr::policy::fence::PurgeMode;
use edge_isr::policy::time::Time;
use edge_isr::policy::timing::{JOURNAL_DOUBTED_FOR, JOURNAL_JOINED_AFTER};

use super::{Rows, append};

const ID: JournalId = JournalId(5);

fn born(before: Before) -> (JournalObject, Rows) {
    let mut rows = Rows::default();
    let (object, changes) = JournalObject::born(ID, before, Terms::default(), Time(1_000));
    rows.apply(changes);
    (object, rows)
}

#[test]
fn a_journal_is_complete_from_the_beginning_if_there_were_no_records() {
    for (before, complete_since) in [(Before::NoRecords, 0), (Before::Records, 1_000)] {
        let (mut object, _) = born(before);
        let (reply, changes) = object.answer(&JournalRequest::Read(None), Time(1_000));
        assert_eq!(reply.news.head().complete_since, Number(complete_since));
        assert_eq!((reply.appended, changes.len()), (None, 0));
    }
}

#[test]
fn a_reply_to_a_purge_brings_the_entries_that_the_sender_lacks() {
    let (mut object, mut rows) = born(Before::NoRecords);
    let purge = |request, tag| append(request, PurgeMode::Soft, &[tag]);
    let (first, changes) = object.answer(&JournalRequest::Append(purge(1, 10), None), Time(2_000));
    rows.apply(changes);
    assert_eq!((first.appended, first.news.iter().count()), (Some(Number(2_000)), 1));
    // The object was evicted, and restores its journal. Nothing begins anew.
    let rows = rows.0.into_iter().collect();
    let mut object = JournalObject::restored(rows, Terms::default(), Time(1_000)).unwrap();
    let (second, _) = object.answer(&JournalRequest::Append(purge(2, 11), None), Time(2_000));
    assert_eq!((second.appended, second.news.iter().count()), (Some(Number(2_001)), 2));
    assert_eq!(second.news.head().complete_since, Number(0));
}

/// The object with a purge of a tag, which it was restored to.
fn restored() -> JournalObject {
    let (mut object, mut rows) = born(Before::NoRecords);
    let purge = append(1, PurgeMode::Soft, &[10]);
    rows.apply(object.answer(&JournalRequest::Append(purge, None), Time(2_000)).1);
    JournalObject::restored(rows.0.into_iter().collect(), Terms::default(), Time(3_000)).unwrap()
}

#[test]
fn rows_that_nothing_needs_are_to_be_deleted() {
    let mut object = restored();
    assert_eq!(object.next_sweep(), None);
    let purge = append(2, PurgeMode::Soft, &[10]);
    object.answer(&JournalRequest::Append(purge, None), Time(3_000));
    let at = Time(2_000) + JOURNAL_JOINED_AFTER;
    assert_eq!(object.next_sweep(), Some(at));
    assert!(!object.sweep(5, at).is_empty());
    assert_eq!(object.next_sweep(), None);
}

/// A reader has a number that the object does not have.
fn in_doubt(number: u64) -> JournalObject {
    let mut object = restored();
    let reader = Known { journal: ID, number: Number(number) };
    object.answer(&JournalRequest::Read(Some(reader)), Time(3_000));
    assert!(object.is_in_doubt());
    object
}

#[test]
fn what_a_reader_has_and_kv_shows_is_not_lost() {
    for (shown, is_lost) in [(8_999, true), (9_000, false), (9_001, false)] {
        let mut object = in_doubt(9_000);
        let (mut newer, _) = born(Before::NoRecords);
        let purge = append(2, PurgeMode::Soft, &[11]);
        newer.answer(&JournalRequest::Append(purge, None), Time(shown));
        object.found(&newer.published(), Time(4_000));
        object.put_begins(Time(3_000) + JOURNAL_DOUBTED_FOR);
        let lost = if is_lost { Number(9_000) } else { Number(0) };
        assert_eq!(object.head().dropped, Dropped { soft: lost, hard: lost });
    }
}

#[test]
fn a_number_that_was_lost_stays_lost_when_the_rows_after_it_are_replaced() {
    let mut object = in_doubt(9_000);
    for (request, at) in [(2, 10_000), (3, 11_000)] {
        let purge = append(request, PurgeMode::Soft, &[12]);
        object.answer(&JournalRequest::Append(purge, None), Time(at));
    }
    object.put_begins(Time(3_000) + JOURNAL_DOUBTED_FOR);
    assert_eq!(object.head().dropped, Dropped { soft: Number(9_000), hard: Number(9_000) });
}

#[test]
fn what_is_given_up_gives_the_journal_a_new_number() {
    let mut object = in_doubt(2_500);
    let before = object.head().last;
    let at = Time(3_000) + JOURNAL_DOUBTED_FOR;
    object.put_begins(at);
    assert!(object.head().last > before, "{:?}", object.head());
    object.put_ends(object.head().last, true, at);
    assert_eq!(object.next_publication(at), None);
}

#[test]
fn a_number_that_is_named_late_is_awaited_as_long_as_any() {
    let mut object = in_doubt(9_000);
    let due = Time(3_000) + JOURNAL_DOUBTED_FOR;
    object.put_begins(due);
    let reader = Known { journal: JournalId(6), number: Number(9_001) };
    object.answer(&JournalRequest::Read(Some(reader)), due);
    object.put_ends(object.head().last, true, due);
    assert_eq!(object.next_publication(due), Some(due + JOURNAL_DOUBTED_FOR));
}

#[test]
fn an_object_that_starts_adopts_nothing_from_a_write_of_its_own_that_had_not_ended() {
    let (mut object, mut rows) = born(Before::NoRecords);
    let purge = append(1, PurgeMode::Soft, &[10]);
    rows.apply(object.answer(&JournalRequest::Append(purge, None), Time(2_000)).1);
    rows.apply(object.put_begins(Time(2_000)));
    let published = object.published();
    let rows = rows.0.into_iter().collect();
    let mut object = JournalObject::restored(rows, Terms::default(), Time(3_000)).unwrap();
    assert_eq!(object.found(&published, Time(3_000)), []);
    // It may not have landed.
    assert!(object.next_publication(Time(3_000)).is_some());
}

#[test]
fn a_publication_that_succeeds_ends_a_doubt_that_is_old_enough() {
    let until = Time(3_000) + JOURNAL_DOUBTED_FOR;
    let before = Time(until.0 - 1);
    for (is_written, at, is_in_doubt) in
        [(true, before, true), (false, until, true), (true, until, false)]
    {
        let mut object = in_doubt(9_000);
        object.put_begins(at);
        object.put_ends(object.head().last, is_written, at);
        assert_eq!(object.is_in_doubt(), is_in_doubt);
    }
}
