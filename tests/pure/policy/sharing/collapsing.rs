use std::time::Duration;

use edge_isr::fields::cache_status::Detail;
use edge_isr::policy::freshness::Lifetimes;
use edge_isr::policy::reuse::Verdict;
use edge_isr::policy::sharing::collapsing::{
    AfterWaiting, Awaited, after_waiting, has_waited_enough,
};
use edge_isr::policy::stored::StoredResponse;
use edge_isr::policy::time::Time;
use rstest::rstest;

use crate::samples::{FRESH, VALIDATED, response};

const ARRIVED: Time = Time(1000);
const NOW: Time = Time(3000);
const STALE: Verdict = Verdict::Revalidate { ttl: -1, on_error_until: None };
const PURGED: Verdict = Verdict::Discard { detail: Detail::Purged };

fn told(fetched_at: i64, is_outdated: bool) -> Option<Awaited> {
    Some(Awaited { fetched_at: Time(fetched_at), is_outdated })
}

/// What is stored was fetched at 2000, after the request had come, and at 500, before.
#[rstest]
#[case::fresh(500, Verdict::Serve { ttl: 7 }, None, Some(7))]
#[case::stale_in_its_window(500, Verdict::ServeStale { ttl: -7 }, None, Some(-7))]
#[case::stale_and_not_waited_for(2000, STALE, None, None)]
#[case::waited_for(2000, STALE, told(2000, false), Some(59))]
#[case::purged_and_waited_for(2000, PURGED, told(2000, false), Some(59))]
#[case::asked_for_after_the_request_came(2000, PURGED, told(2000, true), Some(59))]
#[case::asked_for_at_the_same_moment_and_purged(1000, PURGED, told(1000, true), None)]
#[case::asked_for_before_and_not_purged_since(500, STALE, told(500, false), Some(57))]
#[case::asked_for_before_and_purged_since(500, PURGED, told(500, true), None)]
#[case::another_than_it_was_told_of(2000, STALE, told(1999, false), None)]
fn a_request_that_waited(
    #[case] fetched_at: i64,
    #[case] verdict: Verdict,
    #[case] awaited: Option<Awaited>,
    #[case] ttl: Option<i64>,
) {
    let expected = ttl.map_or(AfterWaiting::GoOn, |ttl| AfterWaiting::Show { ttl });
    let after = after_waiting(&response(fetched_at), verdict, awaited, ARRIVED, NOW);
    assert_eq!(after, expected);
}

#[rstest]
#[case(FRESH, AfterWaiting::Show { ttl: 59 })]
#[case(VALIDATED, AfterWaiting::GoOn)]
fn what_is_validated_at_each_use_is_handed_to_no_other_5_2_2_4(
    #[case] lifetimes: Lifetimes,
    #[case] expected: AfterWaiting,
) {
    let stored = StoredResponse { lifetimes, ..response(2000) };
    let after = after_waiting(&stored, STALE, told(2000, false), ARRIVED, NOW);
    assert_eq!(after, expected);
}

#[rstest]
#[case(20_999, false)]
#[case(21_000, true)]
fn no_request_waits_for_more_than_two_leases(#[case] now: i64, #[case] enough: bool) {
    assert_eq!(has_waited_enough(ARRIVED, Duration::from_secs(10), Time(now)), enough);
}
