use std::time::Duration;

use edge_isr::policy::fence::{Provenance, PurgeMode, PurgeRecord, Purged, giving_way};
use edge_isr::policy::time::Time;
use proptest::prelude::*;
use rstest::rstest;

const SKEW: Duration = Duration::from_secs(5);

fn record(at: i64, id: &str) -> PurgeRecord {
    PurgeRecord { at: Time(at), id: id.to_owned(), replaced: vec![] }
}

#[rstest]
#[case::begun_before_the_purge(1_000, 2_000, false, true)]
#[case::begun_at_the_same_moment(2_000, 2_000, false, true)]
#[case::begun_within_the_skew_after(6_999, 2_000, false, true)]
#[case::begun_at_the_end_of_the_skew(7_000, 2_000, false, true)]
#[case::begun_past_the_skew(7_001, 2_000, false, false)]
#[case::begun_in_knowledge_of_it(2_001, 2_000, true, false)]
#[case::known_whatever_the_clocks_say(1_000, 2_000, true, false)]
fn a_record_outdates_a_response_by_when_it_was_fetched_and_what_it_knows(
    #[case] fetched_at: i64,
    #[case] at: i64,
    #[case] known: bool,
    #[case] outdated: bool,
) {
    let known = if known { vec!["id".to_owned()] } else { vec!["another".to_owned()] };
    let provenance = Provenance { fetched_at: Time(fetched_at), known, journal: None };
    assert_eq!(provenance.is_outdated_by(&record(at, "id"), SKEW), outdated);
}

#[test]
fn the_strongest_record_counts_in_any_order() {
    let (soft, hard) = (record(9_000, "s"), record(8_000, "h"));
    let provenance = Provenance { fetched_at: Time(1_000), known: vec![], journal: None };
    let both = [(PurgeMode::Soft, &soft), (PurgeMode::Hard, &hard)];
    assert_eq!(provenance.purged(both, SKEW), Purged::Hard);
    assert_eq!(provenance.purged([both[1], both[0]], SKEW), Purged::Hard);
    assert_eq!(provenance.purged([both[0]], SKEW), Purged::Soft);
    assert_eq!(provenance.purged([], SKEW), Purged::No);
}

#[rstest]
#[case::the_first_that_came(&[(1, 1), (2, 2), (3, 3)], Some(0))]
#[case::whatever_their_order(&[(2, 2), (1, 1), (3, 3)], Some(1))]
#[case::but_not_the_latest_stamp(&[(9, 1), (2, 2), (3, 3)], Some(1))]
#[case::of_equal_stamps_the_first(&[(5, 1), (5, 2), (5, 3)], Some(0))]
#[case::nothing_where_one_is_left(&[(5, 1)], None)]
#[case::nothing_of_nothing(&[], None)]
fn what_gives_way(#[case] records: &[(i64, u32)], #[case] position: Option<usize>) {
    let records = records.iter().map(|(stamp, came)| (Time(*stamp), *came));
    assert_eq!(giving_way(records), position);
}

/// A record made at `at` that names `replaced`.
fn replacing(at: i64, replaced: impl IntoIterator<Item = i64>) -> PurgeRecord {
    let mut record = record(at, &format!("at {at}"));
    record.replaces(replaced.into_iter().map(Time));
    record
}

fn since(fetched_at: i64, known: &[&str], records: &[PurgeRecord]) -> Option<i64> {
    let known = known.iter().map(|id| id.to_string()).collect();
    let provenance = Provenance { fetched_at: Time(fetched_at), known, journal: None };
    provenance.outdated_since(records, SKEW).map(|since| since.0)
}

#[rstest]
#[case::by_no_record(9_000, &[], &[], None)]
#[case::by_a_record_that_is_known(1_000, &["at 2000"], &[replacing(2_000, [])], None)]
#[case::by_one_record(1_000, &[], &[replacing(2_000, [])], Some(2_000))]
#[case::by_one_within_the_skew(3_000, &[], &[replacing(2_000, [])], Some(2_000))]
#[case::by_the_earlier_of_two(1_000, &[], &[replacing(9_000, []), replacing(2_000, [])], Some(2_000))]
#[case::by_the_later_alone(4_000, &["at 2000"], &[replacing(9_000, []), replacing(2_000, [])], Some(9_000))]
#[case::by_one_that_was_replaced(1_000, &[], &[replacing(90_000, [2_000, 50_000])], Some(2_000))]
#[case::by_one_that_was_replaced_at_the_same_moment(2_000, &[], &[replacing(90_000, [2_000])], Some(2_000))]
#[case::made_after_one_that_was_replaced(2_001, &[], &[replacing(90_000, [2_000, 50_000])], Some(50_000))]
#[case::made_after_all_that_were_replaced(50_001, &[], &[replacing(90_000, [2_000, 50_000])], Some(90_000))]
#[case::by_what_a_known_record_replaced(1_000, &["at 90000"], &[replacing(90_000, [2_000])], None)]
fn a_response_is_outdated_since(
    #[case] fetched_at: i64,
    #[case] known: &[&str],
    #[case] records: &[PurgeRecord],
    #[case] expected: Option<i64>,
) {
    assert_eq!(since(fetched_at, known, records), expected);
}

#[test]
fn a_record_names_earlier_stamps_once_and_in_order() {
    let record = replacing(9_000, [7_000, 2_000, 9_000, 7_000, 9_001]);
    assert_eq!(record.replaced, [Time(2_000), Time(7_000)]);
    assert_eq!(record.stamps().collect::<Vec<_>>(), [2_000, 7_000, 9_000].map(Time));
}

#[test]
fn records_are_read_by_this_version_and_the_one_before() {
    #[derive(serde::Deserialize, Debug, PartialEq)]
    struct Before {
        at: i64,
        id: String,
    }
    let written = serde_json::to_string(&replacing(9_000, [2_000])).unwrap();
    assert_eq!(written, r#"{"at":9000,"id":"at 9000","replaced":[2000]}"#);
    assert_eq!(PurgeRecord::of(&written, Time(0)), replacing(9_000, [2_000]));
    let before = Before { at: 9_000, id: "at 9000".to_owned() };
    assert_eq!(serde_json::from_str::<Before>(&written).unwrap(), before);
    let written = serde_json::to_string(&replacing(9_000, [])).unwrap();
    assert_eq!(written, r#"{"at":9000,"id":"at 9000"}"#);
    assert_eq!(PurgeRecord::of(&written, Time(0)), replacing(9_000, []));
}

#[test]
fn a_record_that_cannot_be_read_counts_from_when_it_was_read() {
    let unreadable = PurgeRecord::of("garbage", Time(5_000));
    assert_eq!(since(1_000, &[], &[unreadable]), Some(5_000));
}

/// Purges of a tag one after the other, each with so many milliseconds since the one before.
fn in_turn(gaps: &[i64]) -> (Vec<i64>, PurgeRecord) {
    let mut stamps = vec![1_000_000];
    let mut last = replacing(1_000_000, []);
    for gap in gaps {
        let at = stamps[stamps.len() - 1] + gap;
        last = replacing(at, last.stamps().map(|stamp| stamp.0));
        stamps.push(at);
    }
    (stamps, last)
}

/// How old the purge is by which a response of `fetched_at` is outdated, in fact and by `last`.
fn ages(stamps: &[i64], last: &PurgeRecord, fetched_at: i64) -> (i64, i64) {
    let in_fact = stamps.iter().copied().find(|stamp| fetched_at <= *stamp).unwrap();
    let said = since(fetched_at, &[], std::slice::from_ref(last)).unwrap();
    (last.at.0 - in_fact, last.at.0 - said)
}

#[test]
fn a_few_purges_are_all_remembered() {
    let (stamps, last) = in_turn(&[1_000, 5, 86_400_000, 60_000, 1, 1, 1, 3_600_000]);
    for fetched_at in (0..=last.at.0).step_by(997) {
        let (in_fact, said) = ages(&stamps, &last, fetched_at);
        assert_eq!(in_fact, said, "fetched at {fetched_at}");
    }
}

#[test]
fn a_purge_each_second_of_a_day_lengthens_a_window_twelve_times_at_most() {
    let mut last = replacing(1_000_000, []);
    for _ in 0..86_400 {
        last = replacing(last.at.0 + 1_000, last.stamps().map(|stamp| stamp.0));
        let left: Vec<Time> = last.stamps().collect();
        // The worst is a response that the purge outdates which came next after one that is named.
        let worst = left.windows(2).map(|of| {
            let (in_fact, said) = (last.at.0 - of[0].0 - 1_000, last.at.0 - of[1].0);
            (in_fact + 1_000) / (said + 1_000)
        });
        assert!(worst.max() <= Some(11), "{left:?}");
    }
}

proptest! {
    #[test]
    fn what_is_left_of_replaced_stamps(
        gaps in proptest::collection::vec(prop_oneof![0..10i64, 0..60_000i64, 0..90_000_000i64], 0..60),
        fetched_at in 0..2_000_000i64,
    ) {
        let (stamps, last) = in_turn(&gaps);
        let left: Vec<i64> = last.stamps().map(|stamp| stamp.0).collect();
        prop_assert!(left.len() <= 9, "they are few");
        prop_assert!(left.is_sorted(), "they are in order");
        prop_assert!(left.iter().all(|stamp| stamps.contains(stamp)), "none is made up");
        prop_assert_eq!(left[0], stamps[0], "the earliest stays");
        let (in_fact, said) = ages(&stamps, &last, fetched_at.min(last.at.0));
        prop_assert!(said <= in_fact, "none is earlier than in fact");
    }
}
