use std::time::Duration;

use edge_isr::fields::cache_status::Detail;
use edge_isr::policy::fence::{Provenance, Purged};
use edge_isr::policy::freshness::Lifetimes;
use edge_isr::policy::reuse::{PurgeState, RecordsRead, ReuseSettings, Verdict, decide};
use edge_isr::policy::stored::{BodyAt, GraphMarks, StoredResponse, Variant};
use edge_isr::policy::time::Time;
use http::{HeaderMap, StatusCode};
use rstest::rstest;

const FETCHED: Time = Time(1_000_000);
const CLEAR: PurgeState = PurgeState {
    purged: Purged::No,
    outdated_since: None,
    records: RecordsRead::Known,
    journal_unavailable: false,
};
const TERMS: ReuseSettings = ReuseSettings {
    trusted_for: Duration::from_secs(10),
    purge_swr: Duration::ZERO,
    stale_if_error: Duration::ZERO,
    max_life: Duration::from_secs(100_000),
};

/// Fresh for 60 seconds, 30 more while revalidating, 90 more on error.
fn stored() -> StoredResponse {
    StoredResponse {
        for_all: false,
        by_rule: false,
        stripped: Vec::new(),
        build: None,
        browser_ttl: None,
        status: StatusCode::OK,
        headers: HeaderMap::new(),
        provenance: Provenance { fetched_at: FETCHED, known: vec![], journal: None },
        born_at: FETCHED,
        lifetimes: Lifetimes {
            fresh: 60,
            stale_while_revalidate: Some(30),
            stale_if_error: Some(90),
            never_stale: false,
            no_grace: false,
        },
        tags: vec![],
        variant: Variant { selecting: vec![], era: Time(0) },
        graph: GraphMarks::default(),
        body: BodyAt::Inline,
    }
}

fn at(seconds: u64) -> Time {
    FETCHED + Duration::from_secs(seconds)
}

/// A soft purge so many seconds after it was fetched.
fn soft(seconds: u64) -> PurgeState {
    PurgeState {
        purged: Purged::Soft,
        outdated_since: Some(at(seconds)),
        records: RecordsRead::Known,
        journal_unavailable: false,
    }
}

fn revalidate(ttl: i64, until: u64) -> Verdict {
    Verdict::Revalidate { ttl, on_error_until: Some(at(until)) }
}

#[rstest]
#[case::fresh(CLEAR, 0, Verdict::Serve { ttl: 60 })]
#[case::fresh_to_the_last_second(CLEAR, 59, Verdict::Serve { ttl: 1 })]
#[case::stale_4_2(CLEAR, 60, Verdict::ServeStale { ttl: 0 })]
#[case::stale_to_the_end_of_swr_5861_3(CLEAR, 89, Verdict::ServeStale { ttl: -29 })]
#[case::past_swr(CLEAR, 90, revalidate(-30, 150))]
#[case::soft_purged(soft(10), 10, Verdict::ServeStale { ttl: 0 })]
#[case::soft_purged_a_while_ago(soft(10), 39, Verdict::ServeStale { ttl: -29 })]
#[case::soft_purged_past_its_window(soft(10), 40, revalidate(-30, 100))]
#[case::soft_purged_and_not_visited_for_a_day(soft(10), 86_410, revalidate(-86_400, 100))]
#[case::soft_purged_when_already_stale(soft(80), 89, Verdict::ServeStale { ttl: -29 })]
#[case::soft_purged_when_already_stale_lengthens_nothing(soft(80), 90, revalidate(-30, 150))]
fn a_stored_response(#[case] fence: PurgeState, #[case] seconds: u64, #[case] verdict: Verdict) {
    assert_eq!(decide(&stored(), fence, TERMS, at(seconds)), verdict);
}

#[test]
fn hard_purged_is_discarded() {
    let fence = PurgeState { purged: Purged::Hard, ..CLEAR };
    assert_eq!(decide(&stored(), fence, TERMS, at(0)), Verdict::Discard { detail: Detail::Purged });
}

#[test]
fn nothing_is_used_past_its_greatest_age() {
    let mut stored = stored();
    stored.lifetimes.fresh = 1_000_000;
    let verdict = |seconds| decide(&stored, CLEAR, TERMS, at(seconds));
    assert!(matches!(verdict(99_999), Verdict::Serve { .. }));
    assert_eq!(verdict(100_000), Verdict::Discard { detail: Detail::MaxLife });
}

#[test]
fn with_records_unreadable_the_young_is_served_and_the_old_revalidated() {
    let unreadable = PurgeState { records: RecordsRead::Unreadable, ..CLEAR };
    assert_eq!(decide(&stored(), unreadable, TERMS, at(9)), Verdict::Serve { ttl: 51 });
    assert_eq!(decide(&stored(), unreadable, TERMS, at(10)), revalidate(50, 150));
    assert_eq!(decide(&stored(), unreadable, TERMS, at(70)), revalidate(-10, 150));
}

#[test]
fn what_is_never_stale_is_revalidated_even_when_purged_softly_with_a_window_granted() {
    let mut stored = stored();
    stored.lifetimes.never_stale = true;
    let terms = ReuseSettings { purge_swr: Duration::from_secs(60), ..TERMS };
    let never = |ttl| Verdict::Revalidate { ttl, on_error_until: None };
    assert_eq!(decide(&stored, soft(10), terms, at(10)), never(0));
    assert_eq!(decide(&stored, CLEAR, terms, at(60)), never(0));
}

#[test]
fn a_window_is_granted_to_soft_purged_responses_that_ask_for_none() {
    let mut stored = stored();
    stored.lifetimes.stale_while_revalidate = None;
    let terms = ReuseSettings { purge_swr: Duration::from_secs(20), ..TERMS };
    assert_eq!(decide(&stored, soft(10), terms, at(29)), Verdict::ServeStale { ttl: -19 });
    assert_eq!(decide(&stored, soft(10), terms, at(30)), revalidate(-20, 100));
    assert_eq!(decide(&stored, CLEAR, terms, at(60)), revalidate(0, 150));
}

#[test]
fn what_an_origins_cache_had_made_before_the_purge_is_stale_since_it_came() {
    let mut stored = stored();
    // Declared stale without an `Age`: it may have been made up to a day before.
    stored.provenance.fetched_at = Time(0);
    stored.lifetimes.fresh = 0;
    let purged = PurgeState { outdated_since: Some(Time(1_000)), ..soft(0) };
    assert_eq!(decide(&stored, purged, TERMS, at(29)), Verdict::ServeStale { ttl: -29 });
    assert_eq!(decide(&stored, purged, TERMS, at(30)), revalidate(-30, 90));
}

#[test]
fn a_purge_by_a_clock_that_is_ahead_is_not_in_the_future() {
    assert_eq!(decide(&stored(), soft(12), TERMS, at(10)), Verdict::ServeStale { ttl: 0 });
}

#[test]
fn an_explicit_window_of_zero_is_a_window() {
    let mut stored = stored();
    stored.lifetimes.stale_while_revalidate = Some(0);
    let terms = ReuseSettings { purge_swr: Duration::from_secs(20), ..TERMS };
    assert_eq!(decide(&stored, soft(10), terms, at(11)), revalidate(-1, 100));
}

#[test]
fn what_is_never_fresh_is_not_so_by_a_clock_that_is_behind() {
    let mut stored = stored();
    stored.lifetimes.fresh = 0;
    let earlier = Time(FETCHED.0 - 2_000);
    let verdict = |stored: &StoredResponse| decide(stored, CLEAR, TERMS, earlier);
    assert_eq!(verdict(&stored), Verdict::ServeStale { ttl: 0 });
    stored.lifetimes.never_stale = true;
    assert_eq!(verdict(&stored), Verdict::Revalidate { ttl: 0, on_error_until: None });
}
