use edge_isr::fields::cache_status::Detail;
use edge_isr::fields::request_directives::RequestDirectives;
use edge_isr::policy::reuse::Verdict;
use rstest::rstest;

const FRESH: Verdict = Verdict::Serve { ttl: 50 };
const STALE: Verdict = Verdict::Revalidate { ttl: -20, on_error_until: None };

fn revalidates(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Revalidate { .. })
}

#[rstest]
#[case::no_cache_5_2_1_4("no-cache", true)]
#[case::too_old_5_2_1_1("max-age=9", true)]
#[case::young_enough("max-age=10", false)]
#[case::not_fresh_for_long_enough_5_2_1_3("min-fresh=51", true)]
#[case::fresh_for_long_enough("min-fresh=50", false)]
#[case::nothing_of_ours("max-stale=5, foo", false)]
#[case::broken("max-age=x", false)]
fn directives_narrow_the_use_of_a_fresh_response(#[case] value: &str, #[case] asked: bool) {
    assert_eq!(revalidates(RequestDirectives::parse(value).apply_to(FRESH, 10, false)), asked);
}

#[rstest]
#[case::any_5_2_1_2("max-stale", false, false)]
#[case::enough("max-stale=20", false, false)]
#[case::too_stale("max-stale=19", false, true)]
#[case::forbidden_by_the_origin("max-stale", true, true)]
#[case::not_asked("max-age=1000", false, true)]
fn directives_narrow_the_use_of_a_stale_response(
    #[case] value: &str,
    #[case] never_stale: bool,
    #[case] expected: bool,
) {
    assert_eq!(
        revalidates(RequestDirectives::parse(value).apply_to(STALE, 80, never_stale)),
        expected
    );
}

#[test]
fn no_directive_makes_a_discarded_response_usable() {
    let purged = Verdict::Discard { detail: Detail::Purged };
    assert_eq!(RequestDirectives::parse("max-stale").apply_to(purged, 0, false), purged);
}
