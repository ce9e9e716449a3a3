use edge_isr::journal::object::entries::Before;
use edge_isr::journal::object::{JournalObject, Terms};
use edge_isr::journal::wire::JournalRequest;
use edge_isr::journal::{Dropped, JournalId, Known, Number};
use edge_isr::policy::fence::PurgeMode;
use edge_isr::policy::time::Time;
use edge_isr::policy::timing::JOURNAL_DOUBTED_FOR;

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
    assert_eq!(object.next_sweep(Time(3_000)), None);
    let purge = append(2, PurgeMode::Soft, &[10]);
    object.answer(&JournalRequest::Append(purge, None), Time(3_000));
    assert_eq!(object.next_sweep(Time(3_000)), Some(Time(3_000)));
    assert!(!object.sweep(5, Time(3_000)).is_empty());
    assert_eq!(object.next_sweep(Time(3_000)), None);
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
