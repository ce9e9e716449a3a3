use edge_isr::policy::time::{Time, median};
use proptest::prelude::*;
use rstest::rstest;

#[rstest]
#[case(0, "1970-01-01T00:00:00.000Z")]
#[case(951_782_400_001, "2000-02-29T00:00:00.001Z")]
#[case(1_795_171_828_000, "2026-11-20T10:50:28.000Z")]
#[case(4_107_542_399_999, "2100-02-28T23:59:59.999Z")]
#[case(4_107_542_400_000, "2100-03-01T00:00:00.000Z")]
fn a_time_is_written_as_3339_says(#[case] milliseconds: i64, #[case] text: &str) {
    assert_eq!(Time(milliseconds).to_string(), text);
}

#[rstest]
#[case::imf_fixdate("Sun, 06 Nov 1994 08:49:37 GMT")]
#[case::rfc_850("Sunday, 06-Nov-94 08:49:37 GMT")]
#[case::asctime("Sun Nov  6 08:49:37 1994")]
#[case::in_another_case("sun, 06 NOV 1994 08:49:37 gmt")]
#[case::on_another_weekday("Mon, 06 Nov 1994 08:49:37 GMT")]
fn the_three_forms_of_9110_5_6_7_are_read(#[case] text: &str) {
    assert_eq!(Time::from_http_date(text), Some(Time(784_111_777_000)));
}

#[rstest]
#[case("0")]
#[case("")]
#[case("Sun, 06 Nov 1994 08:49:37")]
#[case("Sun, 06 Nov 1994 08:49:37 EST")]
#[case("Sun, 06 Nov 1994 24:49:37 GMT")]
#[case("Sun, 31 Nov 1994 08:49:37 GMT")]
#[case("Sun, 06 Nov 1994 08:60:37 GMT")]
#[case("Sun, 06 Nov 1994 08:49:61 GMT")]
#[case("Sun, +6 Nov 1994 08:49:37 GMT")]
#[case("Sun, 06 Nov 1994 8:49:37 GMT")]
#[case("Sun, 06 Nov 1994 08:49 GMT")]
#[case("Sun, 6 Nov 94 08:49:37:00 GMT")]
#[case("06 Nov 1994 08:49:37 GMT")]
#[case("Sun, 06 Nov 94 08:49:37 GMT")]
#[case("Sun, 06-Nov-1994 08:49:37 GMT")]
#[case("Sun, 06 Nov  1994 08:49:37 GMT")]
#[case("Someday, 06 Nov 1994 08:49:37 GMT")]
fn what_is_no_date_is_none(#[case] text: &str) {
    assert_eq!(Time::from_http_date(text), None);
}

#[rstest]
#[case::of_1970("Thursday, 01-Jan-70 00:00:00 GMT", 0)]
#[case::of_2069("Tuesday, 01-Jan-69 00:00:00 GMT", 3_124_224_000)]
#[case::a_leap_second("Sat, 31 Dec 2016 23:59:60 GMT", 1_483_228_799)]
fn a_date_at_the_edge_of_its_form(#[case] text: &str, #[case] seconds: i64) {
    assert_eq!(Time::from_http_date(text), Some(Time(seconds * 1000)));
}

#[test]
fn seconds_left_are_rounded_down_also_below_zero() {
    assert_eq!(Time(1_500).seconds_until(Time(3_000)), 1);
    assert_eq!(Time(3_000).seconds_until(Time(2_999)), -1);
    assert_eq!(Time(3_000).seconds_until(Time(3_000)), 0);
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text: String, date in "[A-Za-z]{3,9}[, ][ -~]{0,30}") {
        Time::from_http_date(&text);
        Time::from_http_date(&date);
    }

    #[test]
    fn what_httpdate_writes_is_read(seconds in 0u64..10_000_000_000) {
        let system = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        let text = httpdate::fmt_http_date(system);
        prop_assert_eq!(Time::from_http_date(&text), Some(Time(seconds as i64 * 1000)));
    }

    #[test]
    fn what_is_written_agrees_with_httpdate(seconds in 0i64..4_000_000_000) {
        let written = Time(seconds * 1000).to_string();
        let system = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds as u64);
        let theirs = httpdate::fmt_http_date(system);
        prop_assert_eq!(&written[8..10], &theirs[5..7]);
        prop_assert_eq!(&written[0..4], &theirs[12..16]);
        prop_assert_eq!(&written[11..19], &theirs[17..25]);
    }
}

#[rstest]
#[case(&[], None)]
#[case(&[None], None)]
#[case(&[Some(1)], Some(1))]
#[case(&[Some(2), None, Some(1)], Some(2))]
#[case(&[Some(3), Some(1), Some(2)], Some(2))]
#[case(&[Some(1), Some(1), Some(1), Some(9)], Some(1))]
fn what_is_later_than_the_median_is_half_at_most(
    #[case] times: &[Option<i64>],
    #[case] middle: Option<i64>,
) {
    let times = || times.iter().map(|at| at.map(Time));
    let found = median(times());
    assert_eq!(found, middle.map(Time));
    let later = times().flatten().filter(|at| Some(*at) > found).count();
    assert!(later <= times().count() / 2);
}
