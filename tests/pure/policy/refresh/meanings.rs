//! What responses of the origin mean, besides their status (`policy::refresh::answers`).

use edge_isr::policy::refresh::answers::{
    AfterOwn, AfterRefusal, Credentials, NotModified, OwnAnswer, OwnRequest, PlainAnswer,
    after_own, no_answer, not_modified, plain_answer, serves_own,
};
use edge_isr::policy::storing::{Refusal, Storing};
use http::StatusCode;
use rstest::rstest;

use crate::headers;
use crate::samples::FRESH;

const KEPT: Storing = Storing::Store(FRESH);
const REFUSED: Storing = Storing::Refuse(Refusal::Authorization);

#[rstest]
#[case::asked_for(401, Credentials::Absent, REFUSED, true)]
#[case::asked_for_where_none_are_shared(401, Credentials::NotShared, REFUSED, false)]
#[case::forbidden_without(403, Credentials::Absent, REFUSED, false)]
#[case::not_to_be_stored(200, Credentials::Carried, REFUSED, true)]
#[case::shared(200, Credentials::Carried, KEPT, false)]
#[case::forbidden_with(403, Credentials::Carried, KEPT, true)]
#[case::failed_with(500, Credentials::Carried, REFUSED, false)]
#[case::found_without(200, Credentials::Absent, KEPT, false)]
fn a_response_to_credentials_is_the_visitors(
    #[case] status: u16,
    #[case] credentials: Credentials,
    #[case] storing: Storing,
    #[case] expected: bool,
) {
    let status = StatusCode::from_u16(status).unwrap();
    for has_stored in [true, false] {
        let means = plain_answer(status, has_stored, credentials, storing.clone());
        assert_eq!(means == PlainAnswer::KeepToVisitor, expected, "{means:?}");
    }
}

#[test]
fn an_origin_that_does_not_respond_may_do_so_to_the_visitors_own_request() {
    assert_eq!(no_answer(true), PlainAnswer::Failed);
    assert_eq!(no_answer(false), PlainAnswer::Refused(AfterRefusal::Failed));
}

#[rstest]
#[case::nothing("a: b", "etag: \"1\"", true)]
#[case::the_same_tag("etag: \"1\"", "etag: W/\"1\"", true)]
#[case::another_tag("etag: \"2\"", "etag: \"1\"", false)]
#[case::another_time(
    "last-modified: Thu, 01 Jan 2099 00:00:00 GMT",
    "last-modified: Thu, 01 Jan 2098 00:00:00 GMT",
    false
)]
#[case::varies_by_more("vary: accept-language", "etag: \"1\"", false)]
#[case::varies_by_less("etag: \"1\"", "etag: \"1\"\nvary: accept-language", true)]
#[case::codings_always_select("vary: accept-encoding", "etag: \"1\"", true)]
#[case::varies_by_anything("vary: *", "etag: \"1\"", false)]
fn a_304_vouches_for_what_is_stored_4_3_4(
    #[case] said: &str,
    #[case] stored: &str,
    #[case] expected: bool,
) {
    let means = not_modified(&headers(said), &headers(stored));
    assert_eq!(means == NotModified::VouchesForStored, expected);
}

#[rstest]
#[case(200, true)]
#[case(302, true)]
#[case(404, false)]
#[case(500, false)]
fn the_origin_serves_the_visitors_own_request(#[case] status: u16, #[case] expected: bool) {
    assert_eq!(serves_own(StatusCode::from_u16(status).unwrap()), expected);
}

const ALONE: OwnRequest =
    OwnRequest { not_for_visitor: false, has_lease: true, is_awaited: false, follow: false };
const FOLLOWED: OwnRequest = OwnRequest { follow: true, ..ALONE };
const AWAITED: OwnRequest = OwnRequest { is_awaited: true, ..ALONE };
const NOT_FOR_VISITOR: OwnRequest = OwnRequest { not_for_visitor: true, ..FOLLOWED };
const PASSED: OwnRequest = OwnRequest { has_lease: false, ..ALONE };
const REFUSAL: OwnAnswer = OwnAnswer::Pass(Refusal::Private);

#[rstest]
#[case::passes(REFUSAL, ALONE, AfterOwn::Pass(Refusal::Private))]
#[case::passed_before(REFUSAL, PASSED, AfterOwn::Nothing)]
#[case::says_nothing_of_the_page(REFUSAL, NOT_FOR_VISITOR, AfterOwn::Abandon)]
#[case::promises(OwnAnswer::Promising, FOLLOWED, AfterOwn::Follow)]
#[case::promises_in_vain(OwnAnswer::Promising, ALONE, AfterOwn::EachAsksTheOrigin)]
#[case::promises_to_another(OwnAnswer::Promising, NOT_FOR_VISITOR, AfterOwn::Abandon)]
#[case::fails(OwnAnswer::TellsNothing, FOLLOWED, AfterOwn::Abandon)]
#[case::fails_while_others_wait(OwnAnswer::TellsNothing, AWAITED, AfterOwn::FollowForWaiting)]
fn after_the_visitors_own_request(
    #[case] tells: OwnAnswer,
    #[case] own: OwnRequest,
    #[case] expected: AfterOwn,
) {
    assert_eq!(after_own(tells, own), expected);
}
