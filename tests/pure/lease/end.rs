use edge_isr::lease::LeaseEnd;
use edge_isr::platform::Unsettled;
use rstest::rstest;

#[rstest]
#[case::broken_off(Unsettled::BrokenOff, false, LeaseEnd::Failed(502))]
#[case::broken_off_beside_an_own_request_that_succeeded(
    Unsettled::BrokenOff,
    true,
    LeaseEnd::Uncacheable
)]
#[case::read_too_slowly(Unsettled::VisitorTooSlow, false, LeaseEnd::Abandoned)]
#[case::not_kept(Unsettled::NotKept, false, LeaseEnd::Uncacheable)]
fn a_body_that_is_not_kept_ends_the_lease(
    #[case] error: Unsettled,
    #[case] own_went_well: bool,
    #[case] expected: LeaseEnd,
) {
    assert_eq!(LeaseEnd::of_body(&error, own_went_well), expected);
}
