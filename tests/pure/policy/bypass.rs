use edge_isr::fields::cache_status::Forward;
use edge_isr::policy::bypass::{Bypass, BypassSettings, bypass, loops};
use edge_isr::policy::cookies::CookieNames;
use http::Method;
use rstest::rstest;

use crate::headers;

fn settings(login_cookies: &CookieNames) -> BypassSettings<'_> {
    BypassSettings {
        login_cookies,
        share_authorized: false,
        request_directives: false,
        by_rule: None,
    }
}

#[rstest]
#[case::get("GET", "a: b", None)]
#[case::head("HEAD", "a: b", None)]
#[case::post("POST", "a: b", Some(Bypass::Method))]
#[case::unknown("PURGE", "a: b", Some(Bypass::Method))]
#[case::upgrade("GET", "upgrade: websocket", Some(Bypass::Upgrade))]
#[case::authorization("GET", "authorization: Basic x", Some(Bypass::Authorization))]
#[case::login("GET", "cookie: a=b; sessionid=1", Some(Bypass::LoginCookie))]
#[case::login_on_a_second_line(
    "GET",
    "cookie: a=b\ncookie: sessionid=1",
    Some(Bypass::LoginCookie)
)]
#[case::another_cookie("GET", "cookie: mysessionid=1; sessionid2=1; a=sessionid", None)]
#[case::by_its_beginning("GET", "cookie: wordpress_logged_in_1f=1", Some(Bypass::LoginCookie))]
fn a_request(#[case] method: &str, #[case] lines: &str, #[case] expected: Option<Bypass>) {
    let method: Method = method.parse().unwrap();
    let cookies = CookieNames::parse(&["sessionid", "wordpress_logged_in_*"]).unwrap();
    let settings = settings(&cookies);
    assert_eq!(bypass(&method, "https://site.test/", &headers(lines), settings), expected);
}

/// Directives of requests heeded, a rule that bypasses, authorized responses shared.
#[rstest]
#[case::nothing("a: b", false, None, false, None)]
#[case::rule("a: b", false, Some(Bypass::Rule), false, Some(Bypass::Rule))]
#[case::invalid_rules("a: b", false, Some(Bypass::RulesInvalid), false, Some(Bypass::RulesInvalid))]
#[case::no_store("cache-control: no-store", true, None, false, Some(Bypass::NoStore))]
#[case::no_store_not_heeded("cache-control: no-store", false, None, false, None)]
#[case::another_directive("cache-control: no-cache", true, None, false, None)]
#[case::shared_authorization("authorization: Basic x", false, None, true, None)]
#[case::the_login_cookie_first(
    "cookie: sessionid=1",
    false,
    Some(Bypass::Rule),
    false,
    Some(Bypass::LoginCookie)
)]
#[case::the_rule_before_no_store(
    "cache-control: no-store",
    true,
    Some(Bypass::Rule),
    false,
    Some(Bypass::Rule)
)]
fn by_setting(
    #[case] lines: &str,
    #[case] request_directives: bool,
    #[case] by_rule: Option<Bypass>,
    #[case] share_authorized: bool,
    #[case] expected: Option<Bypass>,
) {
    let cookies = CookieNames::parse(&["sessionid"]).unwrap();
    let settings =
        BypassSettings { login_cookies: &cookies, share_authorized, request_directives, by_rule };
    assert_eq!(bypass(&Method::GET, "https://site.test/", &headers(lines), settings), expected);
}

#[rstest]
#[case(4096, None)]
#[case(4097, Some(Bypass::LongUrl))]
fn a_long_url_is_no_pages(#[case] length: usize, #[case] expected: Option<Bypass>) {
    let cookies = CookieNames::parse(&["sessionid"]).unwrap();
    let url = format!("{:a<length$}", "https://site.test/");
    assert_eq!(bypass(&Method::GET, &url, &headers("a: b"), settings(&cookies)), expected);
}

#[rstest]
#[case::cookie("cookie", Some(Bypass::Oversized))]
#[case::origin("origin", Some(Bypass::Oversized))]
#[case::another("x-long", None)]
fn a_field_longer_than_is_read(#[case] name: &str, #[case] expected: Option<Bypass>) {
    let cookies = CookieNames::parse(&["sessionid"]).unwrap();
    let lines = format!("{name}: {}", "a".repeat(20_000));
    let settings = settings(&cookies);
    assert_eq!(bypass(&Method::GET, "https://site.test/", &headers(&lines), settings), expected);
}

#[rstest]
#[case::unconfigured(None, "via: 1.1 edge-isr", true)]
#[case::unconfigured_and_new(None, "via: 1.1 another", false)]
#[case::itself(Some("site.test"), "via: 1.1 edge-isr", true)]
#[case::an_origin_of_its_own(Some("origin.test"), "via: 1.1 edge-isr", false)]
fn a_request_comes_round(
    #[case] origin: Option<&str>,
    #[case] lines: &str,
    #[case] expected: bool,
) {
    assert_eq!(loops(origin, "site.test", &headers(lines)), expected);
}

#[test]
fn only_a_method_of_its_own_is_a_reason_to_forward_9211_2_2() {
    assert_eq!(Bypass::Method.forward(), Forward::Method);
    for other in [Bypass::Upgrade, Bypass::Rule, Bypass::LoginCookie] {
        assert_eq!(other.forward(), Forward::Bypass);
    }
}
