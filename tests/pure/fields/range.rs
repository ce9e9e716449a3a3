use edge_isr::fields::range::{Part, describe, length, part};
use rstest::rstest;

use crate::headers;

#[rstest]
#[case::first_and_last("bytes=0-1", Part::Bytes { first: 0, last: 1 })]
#[case::one_byte("bytes=3-3", Part::Bytes { first: 3, last: 3 })]
#[case::no_last("bytes=5-", Part::Bytes { first: 5, last: 9 })]
#[case::suffix("bytes=-3", Part::Bytes { first: 7, last: 9 })]
#[case::suffix_longer_than_all("bytes=-30", Part::Bytes { first: 0, last: 9 })]
#[case::last_past_the_end("bytes=5-99", Part::Bytes { first: 5, last: 9 })]
#[case::overflow("bytes=5-99999999999999999999999", Part::Bytes { first: 5, last: 9 })]
#[case::unit_in_another_case("Bytes=0-1", Part::Bytes { first: 0, last: 1 })]
#[case::past_the_end("bytes=10-", Part::Unsatisfiable)]
#[case::nothing("bytes=-0", Part::Unsatisfiable)]
#[case::several("bytes=0-1,3-4", Part::Whole)]
#[case::backwards("bytes=4-3", Part::Whole)]
#[case::another_unit("lines=0-1", Part::Whole)]
#[case::malformed("bytes=a-b", Part::Whole)]
#[case::empty("bytes=-", Part::Whole)]
#[case::no_equals_sign("bytes", Part::Whole)]
fn a_range_selects_a_part_of_ten_bytes_14_1_2(#[case] range: &str, #[case] expected: Part) {
    let request = headers(&format!("range: {range}"));
    assert_eq!(part(&request, &headers(""), 10), expected);
}

#[rstest]
#[case("\"1\"", "etag: \"1\"", true)]
#[case("W/\"1\"", "etag: W/\"1\"", false)]
#[case("\"2\"", "etag: \"1\"", false)]
#[case("Wed, 21 Oct 2015 07:28:00 GMT", "last-modified: Wed, 21 Oct 2015 07:28:00 GMT", true)]
#[case("Wed, 21 Oct 2015 07:29:00 GMT", "last-modified: Wed, 21 Oct 2015 07:28:00 GMT", false)]
fn if_range_compares_strongly_13_1_5(
    #[case] validator: &str,
    #[case] response: &str,
    #[case] holds: bool,
) {
    let request = headers(&format!("range: bytes=0-1\nif-range: {validator}"));
    assert_eq!(part(&request, &headers(response), 10) != Part::Whole, holds);
}

#[rstest]
#[case("0", Some(0))]
#[case(" 9007199254740991 ", Some((1 << 53) - 1))]
#[case("9007199254740992", None)]
#[case("18446744073709551616", None)]
#[case("-1", None)]
#[case("1, 1", None)]
fn a_length_must_fit_a_number_of_the_runtime(#[case] value: &str, #[case] expected: Option<u64>) {
    assert_eq!(length(&headers(&format!("content-length: {value}"))), expected);
}

#[test]
fn a_part_says_which_it_is_15_3_7() {
    let mut given = headers("content-length: 10");
    describe(Part::Bytes { first: 1, last: 4 }, 10, &mut given);
    assert_eq!(given, headers("content-length: 4\ncontent-range: bytes 1-4/10"));
    describe(Part::Unsatisfiable, 10, &mut given);
    assert_eq!(given, headers("content-length: 0\ncontent-range: bytes */10"));
}
