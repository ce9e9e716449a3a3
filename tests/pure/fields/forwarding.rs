use edge_isr::fields::forwarding;
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

#[test]
fn cookies_of_load_balancers_say_nothing_of_a_page() {
    let mut given =
        headers("set-cookie: AWSALB=1; Path=/\nset-cookie: sid=1\nset-cookie: AWSALBCORS=1");
    forwarding::drop_harmless_cookies(&mut given, None);
    assert_eq!(given, headers("set-cookie: sid=1"));
}

#[rstest]
#[case("via: 1.1 edge-isr", true)]
#[case("via: 1.1 varnish, 1.1 edge-isr", true)]
#[case("via: 1.1 varnish\nvia: 1.1 edge-isr", true)]
#[case("via: 1.1 varnish", false)]
#[case("x: 1.1 edge-isr", false)]
fn a_request_that_has_been_here_says_so_in_via(#[case] lines: &str, #[case] came: bool) {
    assert_eq!(forwarding::came_through_here(&headers(lines)), came);
}
