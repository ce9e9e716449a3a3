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
fn an_append_of_many_tags_is_few_rows_and_idle_rows_are_swept() {
    let mut entries = bounded(100, 10);
    let mut rows = Rows::default();
    for request in 0..500u64 {
        let tags: Vec<u64> = (0..50).map(|tag| (tag * request) % 997).collect();
        let (_, changes) =
            entries.append(&append(request.into(), PurgeMode::Soft, &tags), Time(2_000));
        assert!(changes.len() <= 2, "{}", changes.len());
        rows.apply(changes);
        rows.apply(entries.sweep(5, Time(2_000)));
    }
    assert!(rows.0.len() < 150, "rows without a newest entry are deleted: {}", rows.0.len());
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
fn joined_rows_say_whose_their_entries_are() {
    let room = Room { most: 10, visitors_most: 3, rows_most: 3 };
    let (mut entries, born) = Entries::born(ID, Before::NoRecords, room, Time(1_000));
    let mut rows = Rows::default();
    rows.apply([born]);
    for request in 1..5u64 {
        rows.apply(
            entries.append(&append(request.into(), PurgeMode::Hard, &[request]), Time(2_000)).1,
        );
    }
    rows.apply(entries.append(&by_visitor(5, &[5, 6]), Time(3_000)).1);
    let now = Time(3_000) + JOURNAL_JOINED_AFTER;
    assert_eq!(entries.next_sweep(Time(3_000)), Some(Time(2_003) + JOURNAL_JOINED_AFTER));
    rows.apply(entries.sweep(5, now));
    assert_eq!(rows.0.keys().collect::<Vec<_>>(), ["b/t0000", "b/v0000", "head"]);
    assert_eq!(entries.next_sweep(now), None);
    let mut entries = Entries::restored(rows.0, room).unwrap();
    for request in 7..20u64 {
        entries.append(&by_visitor(request.into(), &[request]), Time(5_000));
    }
    let copy = copy(&entries);
    let purged = |tag| copy.effect([TagDigest(tag)], None, Time(1), SKEW).purged;
    assert_eq!((purged(4), purged(5), purged(19)), (Purged::Hard, Purged::No, Purged::Hard));
    assert_eq!(entries.head().dropped, Default::default());
}

#[test]
fn rows_of_the_last_minutes_are_not_joined() {
    let (mut entries, mut rows) = (bounded(10, 3), Rows::default());
    for request in 1..7u64 {
        rows.apply(
            entries.append(&append(request.into(), PurgeMode::Hard, &[request]), Time(2_000)).1,
        );
    }
    assert_eq!(entries.sweep(5, Time(1_000) + JOURNAL_JOINED_AFTER), []);
    assert_eq!(rows.0.len(), 6);
}

#[test]
fn the_number_of_a_deleted_row_is_not_given_again() {
    let room = Room { most: 10, visitors_most: 2, rows_most: 3 };
    let (mut entries, born) = Entries::born(ID, Before::NoRecords, room, Time(1_000));
    let mut rows = Rows::default();
    rows.apply([born]);
    // A purge of more tags than visitors have room for is forgotten at once, and its row is idle.
    rows.apply(entries.append(&by_visitor(1, &[1, 2, 3]), Time(9_000)).1);
    rows.apply(entries.sweep(5, Time(9_000)));
    assert_eq!(rows.0.keys().collect::<Vec<_>>(), ["head"]);
    let mut entries = Entries::restored(rows.0, room).unwrap();
    let (number, _) = entries.append(&append(2, PurgeMode::Soft, &[4]), Time(2_000));
    assert_eq!(number, Number(9_001));
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

#[test]
fn adopted_entries_stay_when_rows_are_joined() {
    let room = Room { rows_most: 3, ..Room::default() };
    let (mut entries, born) = Entries::born(ID, Before::NoRecords, room, Time(1_000));
    let mut rows = Rows::default();
    rows.apply([born]);
    for request in 1..6u64 {
        rows.apply(
            entries.append(&append(request.into(), PurgeMode::Soft, &[request]), Time(2_000)).1,
        );
    }
    let (mut other, _) = Entries::born(JournalId(8), Before::NoRecords, room, Time(1_000));
    // The purge of another journal has the number of one of this one.
    other.append(&append(9, PurgeMode::Soft, &[70]), Time(2_004));
    other.append(&append(10, PurgeMode::Soft, &[71]), Time(900_000));
    rows.apply(entries.adopt(&other.all()));
    rows.apply(entries.sweep(5, Time(3_000) + JOURNAL_JOINED_AFTER));
    assert_eq!(rows.0.keys().collect::<Vec<_>>(), ["b/t0000", "head"]);
    let restored = Entries::restored(rows.0, room).unwrap();
    assert_eq!(restored.all(), entries.all());
    let copy = copy(&restored);
    for tag in [1, 5, 70, 71] {
        assert_eq!(
            copy.effect([TagDigest(tag)], None, Time(1), SKEW).purged,
            Purged::Soft,
            "{tag}"
        );
    }
}

#[test]
fn rows_without_a_head_are_no_journal() {
    assert!(
        Entries::restored([("e/01".to_owned(), "1 soft token 1".to_owned())], Room::default())
            .is_none()
    );
    assert!(Entries::restored([("head".to_owned(), "x".to_owned())], Room::default()).is_none());
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
