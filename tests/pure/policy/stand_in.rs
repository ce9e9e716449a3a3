use edge_isr::fields::cache_status::Detail;
use edge_isr::policy::reuse::Verdict;
use edge_isr::policy::stand_in::{StandIn, stand_in};
use edge_isr::policy::time::Time;
use rstest::rstest;

const NOW: Time = Time(1000);

fn until(milliseconds: i64) -> Verdict {
    Verdict::Revalidate { ttl: -9, on_error_until: Some(Time(milliseconds)) }
}

#[rstest]
#[case::fresh(Verdict::Serve { ttl: 5 }, StandIn::Shown { ttl: 5 })]
#[case::stale(Verdict::ServeStale { ttl: -5 }, StandIn::Shown { ttl: -5 })]
#[case::inside_stale_if_error_5861_4(until(1001), StandIn::Shown { ttl: -9 })]
#[case::past_stale_if_error(until(1000), StandIn::No)]
#[case::without_a_window(Verdict::Revalidate { ttl: -9, on_error_until: None }, StandIn::No)]
#[case::purged(Verdict::Discard { detail: Detail::Purged }, StandIn::No)]
fn a_stored_response_stands_in(#[case] verdict: Verdict, #[case] expected: StandIn) {
    assert_eq!(stand_in(verdict, NOW), expected);
}
