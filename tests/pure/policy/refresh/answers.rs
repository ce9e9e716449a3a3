use edge_isr::policy::freshness::Lifetimes;
use edge_isr::policy::refresh::answers::{
    AfterRefusal, Credentials, OwnAnswer, PlainAnswer, own_answer, plain_answer,
};
use edge_isr::policy::storing::{Refusal, Storing};
use http::StatusCode;
use rstest::rstest;

const KEPT: Storing = Storing::Store(Lifetimes {
    fresh: 60,
    stale_while_revalidate: None,
    stale_if_error: None,
    never_stale: false,
    no_grace: false,
});
const REFUSED: Storing = Storing::Refuse(Refusal::NoLifetime);

fn of(status: u16, has_stored: bool, storing: Storing) -> PlainAnswer {
    plain_answer(StatusCode::from_u16(status).unwrap(), has_stored, Credentials::NotShared, storing)
}

#[rstest]
fn a_revalidation_that_is_forbidden_or_redirected_removes_the_page(
    #[values(401, 403, 302, 303, 307)] status: u16,
) {
    assert!(matches!(of(status, true, REFUSED), PlainAnswer::Pass(_)));
}

#[rstest]
fn a_revalidation_that_fails_leaves_the_page(
    #[values(400, 408, 425, 429, 500, 502, 503, 504)] status: u16,
    #[values(KEPT, REFUSED)] storing: Storing,
) {
    assert_eq!(of(status, true, storing), PlainAnswer::Failed);
}

#[rstest]
fn a_page_that_is_gone_is_replaced(#[values(404, 410)] status: u16) {
    assert!(matches!(of(status, true, KEPT), PlainAnswer::Store(_)));
    assert!(matches!(of(status, true, REFUSED), PlainAnswer::Pass(_)));
}

#[rstest]
fn on_a_cold_page_a_refusal_may_concern_the_edge_alone(
    #[values(401, 403, 429, 500, 503)] status: u16,
    #[values(KEPT, REFUSED)] storing: Storing,
) {
    assert!(matches!(of(status, false, storing), PlainAnswer::Refused(_)));
}

#[test]
fn what_is_refused_to_all_is_shared_only_if_it_is_a_failure() {
    let after = |status| match of(status, false, REFUSED) {
        PlainAnswer::Refused(after) => after,
        other => panic!("{other:?}"),
    };
    assert_eq!(after(503), AfterRefusal::Failed);
    assert_eq!(after(429), AfterRefusal::Failed);
    assert_eq!(after(403), AfterRefusal::EachAsksTheOrigin);
}

#[rstest]
#[case(200, KEPT, OwnAnswer::Promising)]
#[case(404, KEPT, OwnAnswer::Promising)]
#[case(200, REFUSED, OwnAnswer::Pass(Refusal::NoLifetime))]
#[case(302, REFUSED, OwnAnswer::Pass(Refusal::NoLifetime))]
#[case(403, REFUSED, OwnAnswer::TellsNothing)]
#[case(403, KEPT, OwnAnswer::TellsNothing)]
#[case(500, REFUSED, OwnAnswer::TellsNothing)]
#[case(429, REFUSED, OwnAnswer::TellsNothing)]
fn one_visitors_answer_tells_of_the_page_only_so_much(
    #[case] status: u16,
    #[case] storing: Storing,
    #[case] tells: OwnAnswer,
) {
    assert_eq!(own_answer(StatusCode::from_u16(status).unwrap(), storing), tells);
}

#[rstest]
#[case::forbidden_and_storable(403, KEPT, Refusal::PlainRefused)]
#[case::forbidden(401, REFUSED, Refusal::PlainRefused)]
#[case::moved(302, REFUSED, Refusal::NoLifetime)]
fn a_page_passes_for_what_the_revalidation_met(
    #[case] status: u16,
    #[case] storing: Storing,
    #[case] refusal: Refusal,
) {
    assert_eq!(of(status, true, storing), PlainAnswer::Pass(refusal));
}
