use edge_isr::fields::request::{FIELD_MOST, RequestFields};
use http::HeaderMap;
use rstest::rstest;

use crate::headers;

#[rstest]
#[case::as_long_as_is_read(FIELD_MOST, false)]
#[case::longer(FIELD_MOST + 1, true)]
fn a_field_beyond_its_length_counts_as_absent(#[case] length: usize, #[case] is_too_long: bool) {
    let request = headers(&format!("x: {}", "a".repeat(length)));
    assert_eq!(request.value("x").is_none(), is_too_long);
    assert_eq!(request.is_oversized("x"), is_too_long);
    assert_eq!(request.is_incomparable("x"), is_too_long);
    assert!(request.has("x") && !request.is_oversized("y"));
}

#[test]
fn a_field_that_is_not_there_is_neither_too_long_nor_incomparable() {
    let none = HeaderMap::new();
    assert!(!none.is_oversized("x") && !none.is_incomparable("x") && !none.has("x"));
}
