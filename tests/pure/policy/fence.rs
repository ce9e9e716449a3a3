use std::time::Duration;

use edge_isr::policy::fence::{Provenance, PurgeMode, PurgeRecord, Purged, giving_way};
use edge_isr::policy::time::Time;
use rstest::rstest;

const SKEW: Duration = Duration::from_secs(5);

fn record(at: i64, id: &str) -> PurgeRecord {
    PurgeRecord { at: Time(at), id: id.to_owned() }
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
    let provenance = Provenance { fetched_at: Time(fetched_at), known };
    assert_eq!(provenance.is_outdated_by(&record(at, "id"), SKEW), outdated);
}

#[test]
fn the_strongest_record_counts_in_any_order() {
    let (soft, hard) = (record(9_000, "s"), record(8_000, "h"));
    let provenance = Provenance { fetched_at: Time(1_000), known: vec![] };
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
