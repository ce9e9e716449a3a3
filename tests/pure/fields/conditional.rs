use edge_isr::fields::conditional::{conditions, is_not_modified, keep_for_304, selects, updated};
use http::{Method, StatusCode};
use rstest::rstest;

use crate::headers;

const OLDER: &str = "Wed, 21 Oct 2015 07:27:00 GMT";
const NEWER: &str = "Wed, 21 Oct 2015 07:29:00 GMT";

#[rstest]
#[case::the_same("if-none-match: \"1\"", "etag: \"1\"", true)]
#[case::weakly_the_same_8_8_3_2("if-none-match: W/\"1\"", "etag: \"1\"", true)]
#[case::in_a_list("if-none-match: \"0\", \"1\"", "etag: W/\"1\"", true)]
#[case::on_a_second_line("if-none-match: \"0\"\nif-none-match: \"1\"", "etag: \"1\"", true)]
#[case::with_a_comma("if-none-match: \"a,b\"", "etag: \"a,b\"", true)]
#[case::any_13_1_2("if-none-match: *", "x: y", true)]
#[case::another("if-none-match: \"2\"", "etag: \"1\"", false)]
#[case::none_to_compare("if-none-match: \"2\"", "x: y", false)]
#[case::it_goes_before_the_date_13_1_3(
    "if-none-match: \"2\"\nif-modified-since: Wed, 21 Oct 2015 07:29:00 GMT",
    "etag: \"1\"\nlast-modified: Wed, 21 Oct 2015 07:27:00 GMT",
    false
)]
#[case::no_condition("x: y", "etag: \"1\"", false)]
fn entity_tags_decide_about_a_304_13_1_2(
    #[case] request: &str,
    #[case] response: &str,
    #[case] expected: bool,
) {
    let (request, response) = (headers(request), headers(response));
    assert_eq!(is_not_modified(&Method::GET, &request, StatusCode::OK, &response), expected);
}

#[rstest]
#[case(OLDER, NEWER, true)]
#[case(OLDER, OLDER, true)]
#[case(NEWER, OLDER, false)]
#[case(OLDER, "yesterday", false)]
fn dates_decide_about_a_304_13_1_3(
    #[case] modified: &str,
    #[case] since: &str,
    #[case] expected: bool,
) {
    let request = headers(&format!("if-modified-since: {since}"));
    let response = headers(&format!("last-modified: {modified}"));
    assert_eq!(is_not_modified(&Method::GET, &request, StatusCode::OK, &response), expected);
}

#[test]
fn without_last_modified_the_date_is_compared_9111_4_3_2() {
    let request = headers(&format!("if-modified-since: {NEWER}"));
    let seen = |response| is_not_modified(&Method::GET, &request, StatusCode::OK, &response);
    assert!(seen(headers(&format!("date: {OLDER}"))));
    assert!(!seen(headers(&format!(
        "date: {OLDER}\nlast-modified: Fri, 23 Oct 2015 07:27:00 GMT"
    ))));
}

#[test]
fn conditions_are_for_a_200_to_a_get_or_a_head() {
    let (request, response) = (headers("if-none-match: \"1\""), headers("etag: \"1\""));
    let seen = |method, status| is_not_modified(&method, &request, status, &response);
    assert!(seen(Method::HEAD, StatusCode::OK));
    assert!(!seen(Method::POST, StatusCode::OK));
    assert!(!seen(Method::GET, StatusCode::NOT_FOUND));
}

#[test]
fn the_origin_is_asked_with_both_validators_4_3_1() {
    let asked = conditions(&headers(&format!("etag: \"1\"\nlast-modified: {OLDER}")));
    assert_eq!(asked[0], ("if-none-match".parse().unwrap(), "\"1\"".parse().unwrap()));
    assert_eq!(asked[1], ("if-modified-since".parse().unwrap(), OLDER.parse().unwrap()));
    assert!(conditions(&headers("x: y")).is_empty());
}

#[rstest]
#[case("etag: \"1\"", "etag: W/\"1\"", true)]
#[case("etag: \"2\"", "etag: \"1\"", false)]
#[case("etag: \"2\"", "x: y", false)]
#[case("last-modified: a", "last-modified: a", true)]
#[case("last-modified: a", "last-modified: b", false)]
#[case("x: y", "etag: \"1\"", true)]
fn a_304_must_speak_of_what_is_stored_4_3_4(
    #[case] answer: &str,
    #[case] stored: &str,
    #[case] expected: bool,
) {
    assert_eq!(selects(&headers(answer), &headers(stored)), expected);
}

#[test]
fn a_304_updates_all_but_what_describes_the_body_3_2() {
    let stored =
        headers("a: 1\nb: 2\nage: 9\ncontent-length: 5\ncontent-type: text/html\nset: x\nset: y");
    let answer =
        headers("a: 3\ncontent-length: 0\ncontent-type: text/plain\nset: z\nconnection: close");
    let expected = headers("b: 2\ncontent-length: 5\ncontent-type: text/html\na: 3\nset: z");
    assert_eq!(updated(&stored, &answer), expected);
}

#[test]
fn a_304_speaks_of_no_body_15_4_5() {
    let mut given =
        headers("content-length: 5\ncontent-type: x\ncontent-encoding: gzip\netag: \"1\"\nvary: a");
    keep_for_304(&mut given);
    assert_eq!(given, headers("etag: \"1\"\nvary: a"));
}
