use edge_isr::policy::freshness::{Directives, Lifetimes};
use edge_isr::policy::sharing::says_it_is_for_all;
use edge_isr::policy::time::Time;
use http::StatusCode;
use rstest::rstest;

use crate::headers;

fn lifetimes(lines: &str) -> Lifetimes {
    let fields = headers(lines);
    let directives = Directives::of(&fields);
    let fresh = directives.freshness_lifetime(&fields, Time(0)).unwrap_or_default();
    Lifetimes::of(&directives.cache_control, fresh, false)
}

#[rstest]
#[case::public("cache-control: public, max-age=0", 200, true)]
#[case::shared("cache-control: s-maxage=0, stale-while-revalidate=9", 200, true)]
#[case::targeted("cdn-cache-control: max-age=0", 200, true)]
#[case::lifetime("cache-control: max-age=60", 200, true)]
#[case::expires("expires: Thu, 01 Jan 2099 00:00:00 GMT", 200, true)]
#[case::stale_at_once("cache-control: max-age=0", 200, false)]
#[case::validated("cache-control: no-cache", 200, false)]
#[case::silent("etag: \"1\"", 200, false)]
#[case::by_cookie("cache-control: public, max-age=60\nvary: Cookie", 200, false)]
#[case::redirect_of_state("cache-control: public, max-age=60", 302, false)]
#[case::redirect_for_good("cache-control: public, max-age=60", 301, true)]
fn a_visitor_with_cookies_is_shown_what_says_it_is_for_all(
    #[case] lines: &str,
    #[case] status: u16,
    #[case] for_all: bool,
) {
    let status = StatusCode::from_u16(status).unwrap();
    assert_eq!(says_it_is_for_all(status, &headers(lines), &lifetimes(lines), false), for_all);
}

#[rstest]
#[case("no-cache", true)]
#[case("max-age=0, must-revalidate", true)]
#[case("max-age=60, must-revalidate", false)]
#[case("max-age=0, stale-while-revalidate=60", false)]
fn what_has_to_be_validated_at_each_use_is_not_handed_on_5_2_2_4(
    #[case] said: &str,
    #[case] each: bool,
) {
    assert_eq!(lifetimes(&format!("cache-control: {said}")).validates_each_use(), each);
}

#[rstest]
#[case::silent("etag: \"1\"", 200, true)]
#[case::private("cache-control: private", 200, true)]
#[case::by_cookie("vary: Cookie", 200, false)]
#[case::redirect_of_state("etag: \"1\"", 302, false)]
fn a_visitor_with_cookies_is_shown_what_a_rule_stores(
    #[case] lines: &str,
    #[case] status: u16,
    #[case] for_all: bool,
) {
    let status = StatusCode::from_u16(status).unwrap();
    assert_eq!(says_it_is_for_all(status, &headers(lines), &lifetimes(lines), true), for_all);
}
