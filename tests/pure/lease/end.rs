use edge_isr::lease::LeaseEnd;
use edge_isr::platform::Unsettled;
use edge_isr::policy::refresh::backoff::FailureOf;
use rstest::rstest;

#[rstest]
#[case::broken_off(Unsettled::BrokenOff, false, false, LeaseEnd::Failed(502))]
#[case::broken_off_again(Unsettled::BrokenOff, false, true, LeaseEnd::Failed(502))]
#[case::broken_off_once_beside_an_own_request_that_succeeded(
    Unsettled::BrokenOff,
    true,
    false,
    LeaseEnd::Abandoned
)]
#[case::broken_off_again_beside_an_own_request_that_succeeded(
    Unsettled::BrokenOff,
    true,
    true,
    LeaseEnd::Uncacheable
)]
#[case::read_too_slowly(Unsettled::VisitorTooSlow, false, false, LeaseEnd::Abandoned)]
#[case::not_kept(Unsettled::NotKept, false, false, LeaseEnd::Uncacheable)]
#[case::not_kept_beside_an_own_request(Unsettled::NotKept, true, false, LeaseEnd::Uncacheable)]
fn a_body_that_is_not_kept_ends_the_lease(
    #[case] error: Unsettled,
    #[case] own_went_well: bool,
    #[case] failed_lately: bool,
    #[case] expected: LeaseEnd,
) {
    assert_eq!(LeaseEnd::of_body(&error, own_went_well, failed_lately), expected);
}

#[rstest]
#[case::of_the_page(FailureOf::Page, false, LeaseEnd::Abandoned)]
#[case::of_a_variant(FailureOf::Variant, false, LeaseEnd::Abandoned)]
#[case::of_credentials(FailureOf::Visitor, false, LeaseEnd::Uncacheable)]
#[case::again(FailureOf::Page, true, LeaseEnd::Uncacheable)]
fn a_failure_in_whose_place_an_own_request_succeeded_ends_the_lease(
    #[case] concerns: FailureOf,
    #[case] failed_lately: bool,
    #[case] expected: LeaseEnd,
) {
    assert_eq!(LeaseEnd::of_failure_with_own(concerns, failed_lately), expected);
}
