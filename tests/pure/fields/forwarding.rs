use edge_isr::fields::forwarding;
use edge_isr::fields::{relocation, response};
use edge_isr::policy::key::CacheKey;
use http::Method;
use rstest::rstest;

use crate::headers;

#[test]
fn hop_by_hop_fields_and_those_connection_names_are_dropped_9110_7_6_1() {
    let mut given =
        headers("connection: close, X-Mine\nkeep-alive: 1\nx-mine: 1\nte: x\nx-yours: 2");
    forwarding::drop_hop_by_hop(&mut given);
    assert_eq!(given, headers("x-yours: 2"));
}

#[test]
fn a_filling_request_carries_no_conditions_and_no_range() {
    let mut given = headers(
        "if-none-match: \"1\"\nif-modified-since: x\nif-range: x\nif-match: x\nrange: bytes=0-1\na: b",
    );
    forwarding::drop_conditions(&mut given);
    assert_eq!(given, headers("a: b"));
}

#[test]
fn overrides_of_host_scheme_url_and_method_are_dropped() {
    let mut given = headers(
        "forwarded: host=evil\nx-forwarded-host: evil\nx-original-url: /admin\nx-rewrite-url: /\n\
         x-http-method-override: POST\nx-forwarded-scheme: http\nx-host: evil\naccept: */*",
    );
    forwarding::drop_overrides(&mut given, &Method::GET);
    assert_eq!(given, headers("accept: */*"));
}

#[test]
fn directions_for_this_cache_alone_are_not_shown_9213_2() {
    let mut given = headers(
        "cloudflare-cdn-cache-control: max-age=1\nsurrogate-control: max-age=1\n\
         cdn-cache-control: max-age=1\ncache-tag: a\nsurrogate-key: a\nxkey: a\nedge-cache-tag: a",
    );
    response::for_visitor(&mut given, false, false);
    assert_eq!(given, headers("cache-control: max-age=0"));
    let mut kept = headers("surrogate-control: max-age=1\ncdn-cache-control: max-age=1");
    response::for_visitor(&mut kept, false, true);
    assert_eq!(kept, headers("cdn-cache-control: max-age=1"));
}

#[rstest]
#[case("s-maxage=60, stale-while-revalidate=600, stale-if-error=9", "max-age=0")]
#[case("public, max-age=30, s-maxage=60", "public, max-age=30")]
#[case("public, S-MaxAge=60", "public, max-age=0")]
#[case("s-maxage=60, no-store", "no-store")]
#[case("s-maxage=60, private", "private, max-age=0")]
#[case("max-age=60, x=\"a, s-maxage=5\"", "max-age=60, x=\"a, s-maxage=5\"")]
#[case("max-age=60", "max-age=60")]
#[case("no-cache", "no-cache")]
fn browsers_are_told_what_is_meant_for_them(#[case] said: &str, #[case] shown: &str) {
    let mut given = headers(&format!("cache-control: {said}"));
    response::for_visitor(&mut given, false, false);
    assert_eq!(given["cache-control"], shown);
}

#[rstest]
#[case::an_editor_of_wordpress("POST", "PUT", true)]
#[case::deletes("POST", "DELETE", true)]
#[case::reads("POST", "GET", false)]
#[case::not_on_a_get("GET", "PUT", false)]
fn a_method_override_stays_where_a_form_needs_it(
    #[case] method: Method,
    #[case] value: &str,
    #[case] stays: bool,
) {
    let mut given = headers(&format!("x-http-method-override: {value}"));
    forwarding::drop_overrides(&mut given, &method);
    assert_eq!(given.contains_key("x-http-method-override"), stays);
}

#[rstest]
#[case::gunicorn("script_name")]
#[case::next("x-middleware-rewrite")]
#[case::next_invoke("x-invoke-path")]
#[case::nginx("x-original-uri")]
#[case::httpoxy("proxy")]
#[case::an_address("true-client-ip")]
#[case::cgi("x_forwarded_host")]
fn fields_that_move_a_page_are_overrides(#[case] name: &str) {
    assert!(forwarding::is_override(name));
}

#[rstest]
#[case("location: http://origin.test/account/", "location: https://www.example.com/account/")]
#[case("location: https://ORIGIN.test:443/a?b#c", "location: https://www.example.com/a?b#c")]
#[case("location: //origin.test", "location: https://www.example.com")]
#[case("content-location: http://origin.test/a", "content-location: https://www.example.com/a")]
#[case("refresh: 5; url=http://origin.test/a", "refresh: 5; url=https://www.example.com/a")]
#[case("location: http://origin.test:8080/a", "location: https://www.example.com/a")]
#[case("location: /a//b", "location: /a//b")]
#[case("location: https://origin.test.evil/a", "location: https://origin.test.evil/a")]
#[case("location: /to?u=http://origin.test/a", "location: /to?u=http://origin.test/a")]
fn redirects_name_the_visitors_address(#[case] said: &str, #[case] shown: &str) {
    let mut given = headers(said);
    relocation::relocate(&mut given, "origin.test", "https://www.example.com");
    assert_eq!(given, headers(shown));
}

#[rstest]
#[case("location: https://www.example.com/a", true)]
#[case("location: /a", true)]
#[case("location: /a/", false)]
#[case("location: http://www.example.com/a", false)]
#[case("x: y", false)]
fn a_redirect_to_itself_is_seen(#[case] lines: &str, #[case] itself: bool) {
    let key = CacheKey::parse("https://www.example.com/a").unwrap();
    assert_eq!(relocation::redirects_to(&headers(lines), &key), itself);
}

#[test]
fn cookies_of_load_balancers_say_nothing_of_a_page() {
    let mut given =
        headers("set-cookie: AWSALB=1; Path=/\nset-cookie: sid=1\nset-cookie: AWSALBCORS=1");
    forwarding::drop_load_balancers(&mut given);
    assert_eq!(given, headers("set-cookie: sid=1"));
}
