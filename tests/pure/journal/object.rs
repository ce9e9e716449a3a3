use edge_isr::journal::object::entries::Before;
use edge_isr::journal::object::{JournalObject, Terms};
use edge_isr::journal::wire::JournalRequest;
use edge_isr::journal::{JournalId, Number};
use edge_isr::policy::fence::PurgeMode;
use edge_isr::policy::time::Time;

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
