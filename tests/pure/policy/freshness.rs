use std::time::Duration;

use edge_isr::fields::cache_control::CacheControl;
use edge_isr::policy::freshness::{
    Directives, Lifetimes, Made, age_value, born_at, heuristic_lifetime,
};
use edge_isr::policy::time::Time;
use rstest::rstest;

use crate::headers;

/// 2015-10-21T07:28:00Z.
const NOW: Time = Time(1_445_412_480_000);

#[rstest]
#[case::s_maxage_first_4_2_1("cache-control: max-age=1, s-maxage=60", Some(60))]
#[case::then_max_age_4_2_1(
    "cache-control: max-age=60\nexpires: Wed, 21 Oct 2015 07:29:40 GMT",
    Some(60)
)]
#[case::then_expires_minus_date_5_3(
    "date: Wed, 21 Oct 2015 07:28:00 GMT\nexpires: Wed, 21 Oct 2015 07:29:40 GMT",
    Some(100)
)]
#[case::expires_in_rfc_850_form("expires: Wednesday, 21-Oct-15 07:29:40 GMT", Some(100))]
#[case::expires_in_asctime_form("expires: Wed Oct 21 07:29:40 2015", Some(100))]
#[case::expires_zero_is_past_5_3("expires: 0", Some(0))]
#[case::expires_before_date("expires: Wed, 21 Oct 2015 07:27:00 GMT", Some(0))]
#[case::nothing("x: y", None)]
#[case::cdn_over_cache_control_9213(
    "cdn-cache-control: max-age=5\ncache-control: max-age=60",
    Some(5)
)]
#[case::cloudflare_over_cdn(
    "cloudflare-cdn-cache-control: max-age=7\ncdn-cache-control: max-age=5",
    Some(7)
)]
#[case::surrogate_over_cache_control(
    "surrogate-control: max-age=9\ncache-control: max-age=60",
    Some(9)
)]
#[case::an_invalid_targeted_field_is_none_9213_2_1(
    "cdn-cache-control: max-age=5, &&\ncache-control: max-age=60",
    Some(60)
)]
#[case::an_empty_one_too("cdn-cache-control:\ncache-control: max-age=60", Some(60))]
#[case::a_directive_of_the_wrong_type_is_none(
    "cdn-cache-control: max-age=\"5\"\ncache-control: max-age=60",
    None
)]
#[case::a_targeted_field_is_the_only_one_heard_2_2(
    "cdn-cache-control: public\ncache-control: max-age=60",
    None
)]
fn lifetime(#[case] lines: &str, #[case] seconds: Option<u64>) {
    let headers = headers(lines);
    let lifetime = Directives::of(&headers).freshness_lifetime(&headers, NOW);
    assert_eq!(lifetime, seconds.map(Duration::from_secs));
}

#[rstest]
#[case("age: 30", 30)]
#[case::a_list_uses_its_first_5_1("age: 30, 40", 30)]
#[case::malformed_is_ignored_5_1("age: -3", 0)]
#[case::a_word_is_ignored("age: old", 0)]
#[case::overflow("age: 99999999999999", 1 << 31)]
#[case("x: y", 0)]
fn age(#[case] lines: &str, #[case] seconds: u64) {
    assert_eq!(age_value(&headers(lines)).as_secs(), seconds);
}

/// The two sums of §4.2.3, computed as the RFC writes them.
#[rstest]
#[case::no_fields("x: y", 0)]
#[case::age("age: 30", 0)]
#[case::date_in_the_past("date: Wed, 21 Oct 2015 07:27:00 GMT", 0)]
#[case::date_and_age("date: Wed, 21 Oct 2015 07:27:00 GMT\nage: 10", 3)]
#[case::date_in_the_future("date: Wed, 21 Oct 2015 08:00:00 GMT", 3)]
#[case::slow_response("age: 5", 7)]
fn current_age_is_that_of_4_2_3(#[case] lines: &str, #[case] delay: i64) {
    let headers = headers(lines);
    let (request_time, response_time) = (NOW, Time(NOW.0 + delay * 1000));
    let now = Time(response_time.0 + 20_000);
    let date = headers.get("date").and_then(|date| Time::from_http_date(date.to_str().unwrap()));
    let apparent_age = date.map_or(0, |date| response_time.since(date).as_secs());
    let corrected_age_value = age_value(&headers).as_secs() + delay as u64;
    let expected = apparent_age.max(corrected_age_value) + 20;
    assert_eq!(now.since(born_at(&headers, request_time)).as_secs(), expected);
}

#[test]
fn the_windows_are_those_of_5861() {
    let read = CacheControl::parse("s-maxage=60, stale-while-revalidate=30, stale-if-error=90");
    let lifetimes = Lifetimes::of(&read, Duration::from_secs(60), false);
    assert_eq!(lifetimes.stale_while_revalidate, Some(30));
    assert_eq!(lifetimes.stale_if_error, Some(90));
    assert_eq!(lifetimes.longest_window(), 90);
    assert!(!lifetimes.never_stale);
}

#[rstest]
#[case("must-revalidate", 60)]
#[case("proxy-revalidate", 60)]
#[case("no-cache", 0)]
fn some_directives_forbid_the_stale_4_2_4(#[case] directive: &str, #[case] fresh: u64) {
    let read = CacheControl::parse(&format!("{directive}, stale-while-revalidate=30"));
    let lifetimes = Lifetimes::of(&read, Duration::from_secs(60), false);
    assert!(lifetimes.never_stale && lifetimes.longest_window() == 0);
    assert_eq!(lifetimes.fresh, fresh);
}

#[test]
fn strictly_s_maxage_forbids_the_stale_5_2_2_10() {
    let read = CacheControl::parse("s-maxage=60, stale-while-revalidate=30");
    assert!(Lifetimes::of(&read, Duration::from_secs(60), true).never_stale);
    assert!(!Lifetimes::of(&read, Duration::from_secs(60), false).never_stale);
    let max_age = CacheControl::parse("max-age=60, stale-while-revalidate=30");
    assert!(!Lifetimes::of(&max_age, Duration::from_secs(60), true).never_stale);
}

#[test]
fn s_maxage_alone_takes_no_granted_window_5_2_2_10() {
    let grace = |value| !Lifetimes::of(&CacheControl::parse(value), Duration::ZERO, false).no_grace;
    assert!(!grace("s-maxage=60"));
    assert!(grace("s-maxage=60, stale-if-error=5"));
    assert!(grace("max-age=60"));
}

#[rstest]
#[case::next("x-nextjs-cache: STALE", true)]
#[case::vercel("x-vercel-cache: stale", true)]
#[case::cloudflare("cf-cache-status: UPDATING", true)]
#[case::fresh("x-nextjs-cache: HIT", false)]
#[case::negative_9211_2_4("cache-status: nginx; hit; ttl=-1", true)]
#[case::no_longer_fresh("cache-status: nginx; hit; ttl=-0", false)]
#[case::positive("cache-status: nginx; hit; ttl=5", false)]
fn an_origins_own_cache_says_what_is_stale(#[case] lines: &str, #[case] is_stale: bool) {
    assert_eq!(matches!(Made::of(&headers(lines), NOW), Made::Stale(_)), is_stale);
}

#[rstest]
#[case::a_tenth("last-modified: Wed, 21 Oct 2015 07:11:20 GMT", Some(100))]
#[case::a_tenth_of_the_time_before_date(
    "date: Wed, 21 Oct 2015 07:13:00 GMT\nlast-modified: Wed, 21 Oct 2015 07:11:20 GMT",
    Some(10)
)]
#[case::a_day_at_most("last-modified: Tue, 21 Oct 2014 07:28:00 GMT", Some(86_400))]
#[case::no_date("x: y", None)]
fn a_guessed_lifetime_is_a_tenth_of_the_age_4_2_2(
    #[case] lines: &str,
    #[case] seconds: Option<u64>,
) {
    let lifetime = heuristic_lifetime(&headers(lines), NOW);
    assert_eq!(lifetime, seconds.map(Duration::from_secs));
}
