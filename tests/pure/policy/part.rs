use edge_isr::fields::range::Part;
use edge_isr::policy::part::{Sent, sent};
use http::{Method, StatusCode};
use rstest::rstest;

use crate::headers;

const STORED: &str = "content-length: 10\netag: \"1\"";
const FIRST: Sent = Sent::Part(Part::Bytes { first: 0, last: 3 }, 10);

#[rstest]
#[case::part("GET", 200, STORED, "range: bytes=0-3", FIRST)]
#[case::nothing_of_it("GET", 200, STORED, "range: bytes=10-", Sent::Part(Part::Unsatisfiable, 10))]
#[case::no_range("GET", 200, STORED, "a: b", Sent::Whole)]
#[case::head("HEAD", 200, STORED, "range: bytes=0-3", Sent::Whole)]
#[case::not_found("GET", 404, STORED, "range: bytes=0-3", Sent::Whole)]
#[case::length_unknown("GET", 200, "etag: \"1\"", "range: bytes=0-3", Sent::Whole)]
#[case::conditions_first_13_2_2(
    "GET",
    200,
    STORED,
    "range: bytes=0-3\nif-none-match: \"1\"",
    Sent::Whole
)]
#[case::a_condition_that_fails("GET", 200, STORED, "range: bytes=0-3\nif-none-match: \"2\"", FIRST)]
#[case::several("GET", 200, STORED, "range: bytes=0-1,4-5", Sent::Whole)]
fn a_request_gets_a_part_or_the_whole(
    #[case] method: Method,
    #[case] status: u16,
    #[case] stored: &str,
    #[case] request: &str,
    #[case] expected: Sent,
) {
    let status = StatusCode::from_u16(status).unwrap();
    assert_eq!(sent(&method, &headers(request), status, &headers(stored)), expected);
}
