use edge_isr::journal::Known;
use edge_isr::journal::append::{Append, Sender};
use edge_isr::journal::copy::JournalCopy;
use edge_isr::journal::object::entries::{Before, Entries};
use edge_isr::journal::object::room::Room;
use edge_isr::journal::{JournalId, Number, TagDigest};
use edge_isr::policy::fence::{PurgeMode, Purged};
use edge_isr::policy::time::Time;
use edge_isr::policy::timing::JOURNAL_JOINED_AFTER;
use proptest::prelude::*;

use super::{Rows, SKEW, append, by_visitor};

const ID: JournalId = JournalId(7);

fn journal() -> Entries {
    Entries::born(ID, Before::Records, Room::default(), Time(1_000)).0
}

fn bounded(most: usize, visitors_most: usize) -> Entries {
    Entries::born(ID, Before::Records, Room { most, visitors_most, rows_most: 3 }, Time(1_000)).0
}

fn copy(entries: &Entries) -> JournalCopy {
    JournalCopy::whole(entries.after(ID, Number(0)), Time(0)).unwrap()
}

#[test]
fn numbers_increase_and_are_no_earlier_than_the_clock() {
    let mut entries = journal();
    let mut number =
        |request, now| entries.append(&append(request, PurgeMode::Soft, &[1]), Time(now)).0;
    assert_eq!(number(1, 5_000), Number(5_000));
    assert_eq!(number(2, 5_000), Number(5_001));
    assert_eq!(number(3, 4_000), Number(5_002), "the clock went back");
    assert_eq!(number(4, 6_000), Number(6_000));
}

#[test]
fn a_number_that_a_reader_has_is_not_given_again() {
    let mut entries = journal();
    entries.seen(ID, Number(9_000));
    entries.seen(JournalId(8), Number(20_000));
    let (number, _) = entries.append(&append(1, PurgeMode::Soft, &[1]), Time(5_000));
    assert_eq!(number, Number(9_001));
}

#[test]
fn a_number_that_is_not_of_this_journal_brings_all_entries() {
    let mut entries = journal();
    for (request, at) in [(1, 2_000), (2, 3_000)] {
        entries.append(&append(request.into(), PurgeMode::Soft, &[request]), Time(at));
    }
    let tags = |id, number: u64| {
        entries.after(id, Number(number)).iter().map(|(tag, ..)| tag.0).collect::<Vec<_>>()
    };
    assert_eq!(tags(ID, 2_000), [2]);
    assert_eq!(tags(ID, 3_000), [0; 0]);
    assert_eq!(tags(ID, 3_001), [1, 2], "the object never gave it");
    assert_eq!(tags(JournalId(8), 2_000), [1, 2]);
}

#[test]
fn a_repeated_request_is_the_same_entry() {
    let mut entries = journal();
    let first = append(1, PurgeMode::Soft, &[1, 2]);
    let (number, changes) = entries.append(&first, Time(2_000));
    assert_eq!(changes.len(), 1);
    assert_eq!(entries.append(&first, Time(3_000)), (number, vec![]));
    assert_eq!(entries.head().last, number);
    // Also when a later purge has taken its place.
    let (later, _) = entries.append(&append(2, PurgeMode::Soft, &[1, 2]), Time(4_000));
    assert_eq!(entries.append(&first, Time(5_000)), (number, vec![]));
    assert_eq!(entries.head().last, later);
}

#[test]
fn visitors_displace_no_entry_of_a_token() {
    let mut entries = bounded(10, 2);
    entries.append(&append(1, PurgeMode::Soft, &[1]), Time(2_000));
    for request in 2..50u64 {
        entries.append(&by_visitor(request.into(), &[request]), Time(3_000));
    }
    let copy = copy(&entries);
    let purged = |tag| copy.effect([TagDigest(tag)], None, Time(1), SKEW).purged;
    assert_eq!(entries.head().dropped, Default::default());
    assert_eq!((purged(1), purged(2), purged(47)), (Purged::Soft, Purged::No, Purged::No));
    assert_eq!((purged(48), purged(49)), (Purged::Hard, Purged::Hard));
}

#[test]
fn a_visitor_makes_no_entry_of_a_token_one_of_visitors() {
    let mut entries = bounded(10, 1);
    entries.append(&append(1, PurgeMode::Hard, &[1]), Time(2_000));
    for request in 2..9u64 {
        entries.append(
            &by_visitor(request.into(), &[if request == 2 { 1 } else { request }]),
            Time(3_000),
        );
    }
    assert_eq!(copy(&entries).effect([TagDigest(1)], None, Time(1), SKEW).purged, Purged::Hard);
}

#[test]
fn the_oldest_soft_entries_are_dropped_first() {
    let mut entries = bounded(2, 1);
    entries.append(&append(1, PurgeMode::Hard, &[1]), Time(2_000));
    entries.append(&append(2, PurgeMode::Soft, &[2]), Time(3_000));
    entries.append(&append(3, PurgeMode::Soft, &[3]), Time(4_000));
    let dropped = |entries: &Entries| (entries.head().dropped.soft, entries.head().dropped.hard);
    assert_eq!(dropped(&entries), (Number(3_000), Number(0)));
    entries.append(&append(4, PurgeMode::Hard, &[4]), Time(5_000));
    entries.append(&append(5, PurgeMode::Hard, &[5]), Time(6_000));
    assert_eq!(dropped(&entries), (Number(4_000), Number(2_000)));
}

#[test]
fn visitors_fill_no_room_of_tokens() {
    let mut entries = bounded(10, 5);
    for request in 1..11u64 {
        entries.append(&append(request.into(), PurgeMode::Soft, &[request]), Time(2_000));
    }
    for request in 11..16u64 {
        entries.append(&by_visitor(request.into(), &[request]), Time(3_000));
    }
    assert_eq!(entries.head().dropped, Default::default());
    assert_eq!(entries.all().iter().count(), 15);
}

fn step() -> impl Strategy<Value = (Append, i64)> {
    let tags = prop::collection::btree_set(0u64..12, 1..4);
    (any::<bool>(), prop::bool::weighted(0.2), tags, -3i64..30).prop_map(
        |(hard, visitor, tags, later)| {
            let mode = if hard { PurgeMode::Hard } else { PurgeMode::Soft };
            let sender = if visitor { Sender::Visitor } else { Sender::Token };
            let tags = tags.into_iter().map(TagDigest).collect();
            (Append { request: 0, mode, sender, tags, receipt: None }, later)
        },
    )
}

proptest! {
    /// Against a list of all purges: what one of them outdates is outdated, and with room for all,
    /// nothing else is.
    #[test]
    fn no_purge_is_lost(
        steps in prop::collection::vec(step(), 1..40),
        most in prop_oneof![Just(6usize), Just(1_000)],
        response in (0u64..12, 0i64..1_500, prop::option::of(0usize..40)),
        restarts in any::<bool>(),
        sweeps in any::<bool>(),
    ) {
        let visitors_most = if most > 6 { most } else { 2 };
        let room = Room { most, visitors_most, rows_most: 3 };
        let (mut entries, born) = Entries::born(ID, Before::Records, room, Time(1_000));
        let (mut rows, mut all, mut now) = (Rows::default(), Vec::new(), 1_000);
        rows.apply([born]);
        for (request, (append, later)) in steps.into_iter().enumerate() {
            now += later;
            let append = Append { request: request as u128, ..append };
            let (number, changes) = entries.append(&append, Time(now));
            rows.apply(changes);
            all.push((number, append));
            if sweeps {
                rows.apply(entries.sweep(5, number.stamp() + JOURNAL_JOINED_AFTER));
                let purges = rows.0.keys().filter(|key| key.starts_with("e/")).count();
                prop_assert!(purges <= 3, "{} rows", purges);
            }
        }
        if restarts {
            let before = entries.all();
            entries = Entries::restored(rows.0.clone(), room).unwrap();
            if most > 6 {
                prop_assert_eq!(&entries.all(), &before, "the rows say what the object said");
            }
        }
        let (tag, fetched_at, knows) = response;
        let number = knows.and_then(|at| all.get(at)).map_or(Number(0), |(number, _)| *number);
        let known = (number > Number(0)).then_some(Known { journal: ID, number });
        let outdates = |(entry, append): &&(Number, Append)| {
            append.tags.contains(&TagDigest(tag))
                && *entry > number
                && Time(fetched_at) <= entry.stamp() + SKEW
                && (most > 6 || append.sender == Sender::Token)
        };
        let mode = |(_, append): &(Number, Append)| match append.mode {
            PurgeMode::Soft => Purged::Soft,
            PurgeMode::Hard => Purged::Hard,
        };
        let expected = all.iter().filter(outdates).map(mode).max().unwrap_or(Purged::No);
        let effect = copy(&entries).effect([TagDigest(tag)], known, Time(fetched_at), SKEW);
        prop_assert!(effect.purged >= expected, "{:?} of {:?}", effect, expected);
        if most > 6 && all.iter().filter(|(_, append)| append.sender == Sender::Visitor).count() == 0 {
            prop_assert_eq!(effect.purged, expected);
        }
    }
}
