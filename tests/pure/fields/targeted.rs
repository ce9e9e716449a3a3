//! Targeted fields, which are Dictionaries: RFC 9213 §2.1, RFC 9651 §3.2.

use edge_isr::fields::cache_control::CacheControl;
use edge_isr::fields::structured::dictionary;
use rstest::rstest;

fn of(value: &str) -> CacheControl {
    CacheControl::of_dictionary(&dictionary(value).expect("a dictionary"))
}

#[rstest]
#[case::seconds("max-age=60", Some(60))]
#[case::no_seconds("max-age=0", Some(0))]
#[case::negative_ones("max-age=-60", None)]
#[case::no_value("max-age", None)]
#[case::false_("max-age=?0", None)]
#[case::a_string("max-age=\"60\"", None)]
#[case::a_decimal("max-age=60.0", None)]
#[case::a_token("max-age=soon", None)]
#[case::as_many_as_there_can_be("max-age=999999999999999", Some(1 << 31))]
fn a_lifetime_is_a_whole_number_of_seconds(#[case] value: &str, #[case] seconds: Option<u64>) {
    assert_eq!(of(value).max_age.map(|lifetime| lifetime.as_secs()), seconds);
}

#[test]
fn a_number_of_sixteen_digits_is_none_and_spoils_the_field_9651_3_3_1() {
    assert_eq!(dictionary("public, max-age=9999999999999999"), None);
}

#[rstest]
#[case::no_value("private", true, &[])]
#[case::true_("private=?1", true, &[])]
#[case::false_("private=?0", false, &[])]
#[case::names_of_fields("private=\"A, b\"", false, &["a", "b"])]
#[case::no_names("private=\"\"", true, &[])]
#[case::a_number("private=1", false, &[])]
#[case::a_token("private=a", false, &[])]
fn a_directive_without_a_lifetime_is_true_or_names_fields(
    #[case] value: &str,
    #[case] private: bool,
    #[case] withheld: &[&str],
) {
    let read = of(value);
    assert_eq!(
        (read.private, &read.withheld[..]),
        (private, &withheld.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()[..])
    );
}
