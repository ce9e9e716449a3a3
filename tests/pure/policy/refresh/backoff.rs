use edge_isr::policy::refresh::backoff::{Cause, Failure, FailureOf, failed_lately, failure_of};
use edge_isr::policy::time::Time;
use rstest::rstest;

#[rstest]
#[case(1, 1)]
#[case(2, 2)]
#[case(3, 4)]
#[case(6, 32)]
#[case(7, 60)]
#[case(u32::MAX, 60)]
fn the_pauses_between_background_requests_grow(#[case] times: u32, #[case] seconds: i64) {
    let failure = Failure { at: Time(1000), times, cause: Cause::Failed };
    assert!(failure.backs_off(Time(1000 + seconds * 1000 - 1)));
    assert!(!failure.backs_off(Time(1000 + seconds * 1000)));
}

#[test]
fn failures_in_a_row_are_counted() {
    let first = Failure::after(None, Cause::Failed, Time(5));
    assert_eq!(first, Failure { at: Time(5), times: 1, cause: Cause::Failed });
    let second = Failure::after(Some(first), Cause::Behind, Time(6));
    assert_eq!(second, Failure { at: Time(6), times: 2, cause: Cause::Behind });
    let most = Failure { times: u32::MAX, ..second };
    assert_eq!(Failure::after(Some(most), Cause::Failed, Time(7)).times, u32::MAX);
}

#[rstest]
#[case::the_page(false, false, false, FailureOf::Page)]
#[case::a_stored_page(false, true, true, FailureOf::Page)]
#[case::one_variant(false, false, true, FailureOf::Variant)]
#[case::one_visitors_credentials(true, true, false, FailureOf::Visitor)]
fn a_failure_concerns(
    #[case] carries_credentials: bool,
    #[case] is_known: bool,
    #[case] carries_what_selects: bool,
    #[case] expected: FailureOf,
) {
    assert_eq!(failure_of(carries_credentials, is_known, carries_what_selects), expected);
}

#[rstest]
#[case::never(None, None, false)]
#[case::lately(Some((Cause::Failed, 119_999)), None, true)]
#[case::long_ago(Some((Cause::Failed, 120_000)), None, false)]
#[case::an_old_response(Some((Cause::Behind, 1_000)), None, false)]
#[case::before_the_stored_response(Some((Cause::Failed, 1_000)), Some(999), false)]
#[case::after_the_stored_response(Some((Cause::Failed, 1_000)), Some(1_000), true)]
fn the_failure_before_was_lately(
    #[case] before: Option<(Cause, i64)>,
    #[case] fetched_ago: Option<i64>,
    #[case] expected: bool,
) {
    let before = before.map(|(cause, ago)| Failure::after(None, cause, Time(-ago)));
    let fetched_at = fetched_ago.map(|ago| Time(-ago));
    assert_eq!(failed_lately(before, fetched_at, Time(0)), expected);
}
