use edge_isr::fields::vary::{Encoding, Languages};
use edge_isr::policy::refresh::plain::{
    Allowed, ForwardHeaders, added, adds_nothing, carried, is_as_good_as_plain, plain_fields,
};
use http::HeaderMap;
use http::header::HeaderName;
use rstest::rstest;

use crate::headers;

const BROWSER: &str = "user-agent: Firefox\naccept: text/html\naccept-language: de\n\
                       accept-encoding: br, gzip, zstd\ncookie: _ga=1; sid=2\nreferer: /x\n\
                       origin: https://x.test\ncf-connecting-ip: 192.0.2.1\nx-anything: 1\n\
                       connection: close\nif-none-match: \"1\"\nrange: bytes=0-1\nhost: x";

fn plain(visitor: &HeaderMap, selected_by: &[&'static str]) -> HeaderMap {
    with(visitor, selected_by, &ForwardHeaders::These(Vec::new()), None)
}

fn with(
    visitor: &HeaderMap,
    selected_by: &[&'static str],
    forward: &ForwardHeaders,
    cookies: Option<&str>,
) -> HeaderMap {
    let selected_by: Vec<HeaderName> =
        selected_by.iter().map(|name| HeaderName::from_static(name)).collect();
    let allowed = Allowed {
        forward,
        authorization: false,
        cookies,
        encoding: Encoding::BrotliOrGzip,
        languages: Languages::AsSpelt,
    };
    plain_fields(visitor, &selected_by, allowed)
}

#[test]
fn a_plain_request_carries_nothing_of_a_visitor_but_what_selects() {
    let visitor = headers(BROWSER);
    assert_eq!(plain(&visitor, &[]), headers("accept-encoding: br, gzip"));
    assert_eq!(
        plain(&visitor, &["accept-language"]),
        headers("accept-encoding: br, gzip\naccept-language: de")
    );
}

#[test]
fn no_field_that_the_edge_decides_about_selects() {
    let names = ["host", "range", "if-none-match", "connection", "x-forwarded-host", "script_name"];
    let visitor = headers(&format!("{BROWSER}\nx-forwarded-host: evil\nscript_name: /a"));
    assert_eq!(plain(&visitor, &names), headers("accept-encoding: br, gzip"));
}

#[test]
fn cookies_select_by_setting_only() {
    let visitor = headers(BROWSER);
    assert!(!plain(&visitor, &["cookie"]).contains_key("cookie"));
    let none = ForwardHeaders::These(Vec::new());
    assert_eq!(with(&visitor, &["cookie"], &none, Some("sid=2"))["cookie"], "sid=2");
    assert!(!with(&visitor, &[], &none, Some("sid=2")).contains_key("cookie"));
}

#[test]
fn forward_headers_add_names_or_everything() {
    let visitor = headers(BROWSER);
    let one = ForwardHeaders::These(vec![HeaderName::from_static("x-anything")]);
    assert_eq!(with(&visitor, &[], &one, None)["x-anything"], "1");
    let all = with(&visitor, &[], &ForwardHeaders::All, None);
    assert_eq!(all["cookie"], "_ga=1; sid=2");
    assert!(!all.contains_key("if-none-match") && !all.contains_key("connection"));
}

#[test]
fn a_request_that_adds_nothing_is_the_plain_request() {
    let bare = headers("host: x\naccept-encoding: gzip\nif-none-match: \"1\"\ncookie: _ga=1");
    let own = carried(&bare, Encoding::BrotliOrGzip);
    assert!(added(&own, &plain(&bare, &[]), None).is_empty());
    assert_eq!(added(&own, &plain(&bare, &[]), Some("_ga=1")), ["cookie"]);
}

#[rstest]
#[case::in_vary("vary: accept-language, x-theme", true)]
#[case::not_in_vary("vary: accept-language", false)]
#[case::no_vary("x: y", false)]
#[case::any("vary: *", false)]
fn what_a_request_added_must_select(#[case] answer: &str, #[case] good: bool) {
    let added = ["accept-language", "x-theme"].map(HeaderName::from_static);
    assert_eq!(is_as_good_as_plain(&added, &HeaderMap::new(), &headers(answer)), good);
}

#[test]
fn a_request_with_a_cookie_is_never_as_good_as_plain() {
    let cookie = [HeaderName::from_static("cookie")];
    assert!(!is_as_good_as_plain(&cookie, &HeaderMap::new(), &headers("vary: cookie")));
    assert!(is_as_good_as_plain(&[], &HeaderMap::new(), &headers("x: y")));
}

#[test]
fn a_field_too_long_to_be_compared_does_not_select() {
    let mut visitor = headers(BROWSER);
    let name = HeaderName::from_static("accept-language");
    visitor.insert(&name, "de,".repeat(4_000).parse().unwrap());
    assert_eq!(plain(&visitor, &["accept-language"]), headers("accept-encoding: br, gzip"));
    assert!(!is_as_good_as_plain(&[name], &visitor, &headers("vary: accept-language")));
}

#[test]
fn a_plain_request_carries_the_very_text_by_which_its_answer_is_found() {
    let one = headers("accept-language: ,de,,en\nx-country: US,");
    let other = headers("accept-language: de, en\nx-country: US");
    let names = ["accept-language", "x-country"];
    assert_eq!(plain(&one, &names), plain(&other, &names));
}

#[rstest]
#[case(&["cf-connecting-ip", "cdn-loop"], true)]
#[case(&[], true)]
#[case(&["cf-ray", "x-theme"], false)]
#[case(&["cdn-loops"], false)]
fn what_the_platform_says_is_not_said_by_the_visitor(
    #[case] names: &[&'static str],
    #[case] nothing: bool,
) {
    let names: Vec<HeaderName> = names.iter().map(|name| HeaderName::from_static(name)).collect();
    assert_eq!(adds_nothing(&names), nothing);
}
