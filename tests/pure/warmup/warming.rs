use std::time::Duration;

use edge_isr::platform::{OriginError, Response};
use edge_isr::warmup::ask::{End, Reply};
use edge_isr::warmup::warming::{Warming, pause};
use http::{HeaderMap, StatusCode};
use rstest::rstest;

use crate::headers;

fn answered(status: u16, fields: &str) -> Result<Response<()>, OriginError> {
    let status = StatusCode::from_u16(status).unwrap();
    Ok(Response { status, headers: headers(fields), body: () })
}

/// What is noted of one answer that came in 20 ms.
fn noted(answer: Result<Response<()>, OriginError>) -> Warming {
    let warming = Warming::default();
    warming.note(&answer, Duration::from_millis(20));
    warming
}

#[rstest]
#[case::zero("0", 1)]
#[case::one("1", 1)]
#[case::a_few("5", 5)]
#[case::with_spaces("  5 ", 5)]
#[case::the_most("600", 600)]
#[case::more("601", 600)]
#[case::much_more("99999", 600)]
#[case::more_than_any_number("99999999999999999999999", 600)]
#[case::a_date("Mon, 23 Nov 2026 18:00:00 GMT", 10)]
#[case::negative("-5", 10)]
#[case::a_fraction("1.5", 10)]
#[case::with_a_unit("5s", 10)]
#[case::a_word("soon", 10)]
#[case::nothing("", 10)]
fn a_pause_is_from_1_to_600_seconds_9110_10_2_3(#[case] value: &str, #[case] seconds: u64) {
    assert_eq!(pause(&headers(&format!("retry-after: {value}"))), seconds);
}

#[test]
fn a_pause_without_a_time_is_10_seconds() {
    assert_eq!(pause(&HeaderMap::new()), 10);
    assert_eq!(pause(&headers("retry-after: \u{e9}")), 10);
}

#[rstest]
#[case::too_many(429, "retry-after: 7", 7)]
#[case::unavailable(503, "retry-after: 7", 7)]
#[case::unavailable_for_some_time(503, "", 10)]
#[case::an_error(500, "retry-after: 7", 0)]
#[case::a_redirect(301, "retry-after: 7", 0)]
#[case::a_page(200, "retry-after: 7", 0)]
fn an_origin_that_wants_no_requests_is_left_alone(
    #[case] status: u16,
    #[case] fields: &str,
    #[case] pause: u64,
) {
    let reply = noted(answered(status, fields)).reply(End::Failed);
    assert_eq!((reply.pause, reply.took), (pause, 20));
}

#[rstest]
#[case::a_page(200, End::Stored)]
#[case::an_absent_page(404, End::Stored)]
#[case::unchanged(304, End::Unchanged)]
fn what_was_stored_is_new_or_unchanged(#[case] status: u16, #[case] end: End) {
    let warming = noted(answered(status, ""));
    assert_eq!(warming.end(), None);
    warming.stored();
    assert_eq!(warming.end(), Some(end));
    assert_eq!(warming.reply(end), Reply { end, took: 20, ..Reply::default() });
}

/// A page that varies in another way is fetched again.
#[test]
fn the_last_answer_counts() {
    let warming = noted(answered(304, ""));
    warming.note(&answered(200, ""), Duration::from_millis(30));
    warming.stored();
    assert_eq!((warming.end(), warming.reply(End::Stored).took), (Some(End::Stored), 30));
}

#[rstest]
#[case(answered(500, ""), "the origin answered 500")]
#[case(answered(429, ""), "the origin answered 429")]
#[case(Err(OriginError::TimedOut), "the origin did not answer in time")]
#[case(Err(OriginError::Unreachable("refused".to_owned())), "the origin could not be reached: refused")]
fn a_failure_has_its_reason(
    #[case] answer: Result<Response<()>, OriginError>,
    #[case] reason: &str,
) {
    assert_eq!(noted(answer).reply(End::Failed).reason, reason);
}

#[test]
fn a_page_that_may_not_be_shared_has_the_reason_of_that() {
    let warming = noted(answered(200, ""));
    warming.uncacheable("it sets a cookie");
    assert_eq!(warming.end(), Some(End::Uncacheable));
    assert_eq!(warming.reply(End::Uncacheable).reason, "it sets a cookie");
}

#[rstest]
#[case::failed(End::Failed, true)]
#[case::uncacheable(End::Uncacheable, true)]
#[case::purged(End::Purged, true)]
#[case::fresh(End::Fresh, false)]
#[case::stored(End::Stored, false)]
fn what_was_not_warmed_always_has_a_reason(#[case] end: End, #[case] has_one: bool) {
    assert_eq!(!Warming::default().reply(end).reason.is_empty(), has_one);
}

#[test]
fn an_origin_that_was_asked_took_some_time() {
    let warming = Warming::default();
    assert_eq!(warming.reply(End::Fresh).took, 0);
    warming.note(&answered(200, ""), Duration::ZERO);
    assert_eq!(warming.reply(End::Stored).took, 1);
}
