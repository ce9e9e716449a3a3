use std::collections::BTreeSet;

use edge_isr::policy::key::part::{KeyPart, PartKind};
use edge_isr::policy::key::{CacheKey, KeyError, resolved_url};
use edge_isr::policy::time::Time;
use proptest::prelude::*;
use rstest::rstest;
use worker::Url;

fn key(url: &str) -> CacheKey {
    CacheKey::parse(url).unwrap()
}

#[rstest]
#[case::host_case("https://H/a", "https://h/a")]
#[case::scheme_case("HTTPS://h/a", "https://h/a")]
#[case::own_port("https://h:443/a", "https://h/a")]
#[case::own_port_of_http("http://h:80/a", "http://h/a")]
#[case::no_path("https://h", "https://h/")]
#[case::fragment("https://h/a#x", "https://h/a")]
#[case::empty_query("https://h/a?", "https://h/a")]
#[case::dot_segments("https://h/a/../b", "https://h/b")]
#[case::encoded_dot_segments("https://h/a/%2e%2E/b", "https://h/b")]
#[case::a_backslash("https://h/a\\b", "https://h/a/b")]
fn spellings_of_a_url_that_have_one_key(#[case] one: &str, #[case] other: &str) {
    assert_eq!(key(one), key(other));
    assert_eq!(key(one).slot(), key(other).slot());
}

#[rstest]
#[case::host("https://h/a", "https://i/a")]
#[case::port("https://h:8443/a", "https://h/a")]
#[case::scheme("https://h/a", "http://h/a")]
#[case::path_case("https://h/a", "https://h/A")]
#[case::encoded_slash("https://h/a%2Fb", "https://h/a/b")]
#[case::double_encoding("https://h/a%252Fb", "https://h/a%2Fb")]
#[case::case_of_an_escape("https://h/a%2fb", "https://h/a%2Fb")]
#[case::double_slash("https://h//a", "https://h/a")]
#[case::closing_slash("https://h/a/", "https://h/a")]
#[case::order_of_parameters("https://h/a?x=1&y=2", "https://h/a?y=2&x=1")]
#[case::order_within_a_name("https://h/a?x=1&x=2", "https://h/a?x=2&x=1")]
#[case::order_within_a_name_of_two_spellings("https://h/a?x=1&%78=2", "https://h/a?%78=2&x=1")]
#[case::empty_value("https://h/a?x=", "https://h/a?x")]
#[case::part_of_the_path_in_the_host("https://h/a", "https://h.a/")]
fn urls_that_have_two_keys(#[case] one: &str, #[case] other: &str) {
    assert_ne!(key(one), key(other));
    assert_ne!(key(one).slot(), key(other).slot());
    assert_ne!(key(one).page(), key(other).page());
}

#[rstest]
#[case("/a", KeyError::NotHttp)]
#[case("ftp://h/a", KeyError::NotHttp)]
#[case("https:///a", KeyError::NotHttp)]
#[case("https://h/ä", KeyError::NotAscii)]
#[case("https://h/a b", KeyError::NotAscii)]
#[case("https://u:p@h/a", KeyError::User)]
fn urls_that_have_no_key(#[case] url: &str, #[case] error: KeyError) {
    assert_eq!(CacheKey::parse(url), Err(error));
}

#[rstest]
#[case::of_an_absolute_target_behind_the_host("hosthttp:")]
#[case::no_port("h:")]
#[case::a_port_too_great("h:65536")]
#[case::a_signed_port("h:+80")]
#[case::a_port_alone(":80")]
#[case::an_empty_label("a..b")]
#[case::an_empty_label_first(".a")]
#[case::dots_alone("..")]
#[case::a_long_label(&"a".repeat(64))]
#[case::a_long_name(&"abc.".repeat(64))]
#[case::an_encoded_letter("%61.example")]
#[case::a_backslash("h\\a")]
#[case::a_comma("a,b")]
#[case::a_wildcard("*")]
#[case::open_brackets("[::1")]
#[case::brackets_around_a_name("[example.com]")]
#[case::an_address_of_three_numbers("10.0.1")]
#[case::an_address_out_of_range("10.0.0.256")]
#[case::a_number("12")]
#[case::a_hexadecimal_number("a.0x7f")]
fn texts_that_are_no_host(#[case] host: &str) {
    assert_eq!(CacheKey::parse(&format!("https://{host}/a")), Err(KeyError::Host));
}

#[rstest]
#[case("localhost:8787")]
#[case("www.example.com")]
#[case("www.example.com.")]
#[case("under_score.a-b--c.example")]
#[case("xn--mnchen-3ya.example")]
#[case("127.0.0.1:9000")]
#[case("1.example")]
#[case("[::1]")]
#[case("[2001:db8::7]:8080")]
fn texts_that_are_a_host(#[case] host: &str) {
    assert_eq!(key(&format!("https://{host}/a")).host(), host);
}

#[test]
fn a_slot_is_a_url_of_the_host_under_the_control_prefix() {
    let url = key("https://Shop.example/a").slot().url("/edge-isr", b"a secret");
    assert!(url.starts_with("https://shop.example/edge-isr/stored/"), "{url}");
}

#[test]
fn slots_of_different_purposes_never_meet() {
    let slot = key("https://h/a").slot();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let slots = BTreeSet::from([
        slot.clone(),
        slot.beside("lease"),
        slot.beside("seen 1"),
        slot.beside("lease").beside("lease"),
        key("https://h/a").variant_slot(Time(0), &[pair("ab", "c")]),
        key("https://h/a").variant_slot(Time(0), &[pair("a", "bc")]),
        key("https://h/a").variant_slot(Time(0), &[pair("a", "b"), pair("c", "d")]),
        key("https://h/a").variant_slot(Time(0), &[pair("a", "bcd")]),
        key("https://h/a").variant_slot(Time(1), &[pair("a", "bcd")]),
    ]);
    assert_eq!(slots.len(), 9);
}

#[test]
fn scripts_of_another_site_have_pages_of_their_own() {
    let page = key("https://shop.example/a");
    let of = |origin: &str| page.clone().for_origin(Some(origin.to_owned()));
    assert_eq!(of("https://shop.example"), page);
    assert_ne!(of("https://other.example").slot(), page.slot());
    assert_ne!(of("null").slot(), of("https://other.example").slot());
    assert_eq!(of("https://other.example").page(), page.page(), "one page in the graph");
}

#[rstest]
#[case::plain("https://h/a?b#c", "https://h/a?b#c")]
#[case::dots("https://h/a/../b/./c/..?d=/../#/../", "https://h/b/?d=/../#/../")]
#[case::encoded_dots("https://h/x/.%2E/%2e/a", "https://h/a")]
#[case::beyond_the_root("https://h/../../a", "https://h/a")]
#[case::backslashes("https://h/a\\..\\b", "https://h/b")]
#[case::an_encoded_slash_is_none("https://h/x/..%2fa", "https://h/x/..%2fa")]
#[case::three_dots_are_a_name("https://h/.../a/.b/c..", "https://h/.../a/.b/c..")]
#[case::an_empty_segment_is_one("https://h/a//../b", "https://h/a/b")]
#[case::no_path("https://h", "https://h/")]
#[case::no_path_but_a_query("https://h?a=/b", "https://h/?a=/b")]
#[case::no_url("/a/../b", "/a/../b")]
fn dot_segments_are_resolved(#[case] url: &str, #[case] resolved: &str) {
    assert_eq!(resolved_url(url), resolved);
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(url in ".*") {
        let _ = CacheKey::parse(&url);
        let _ = CacheKey::parse(&format!("https://{url}"));
    }

    /// The platform makes the slot's URL, and must be able to read it.
    #[test]
    fn a_host_that_is_accepted_is_a_host_to_another_parser(host in "[ab0-9x.:_-]{1,12}|\\[[0-9a-f:.]{2,9}\\](:[0-9]{1,6})?") {
        let url = format!("https://{host}/a");
        if CacheKey::parse(&url).is_ok() {
            prop_assert!(Url::parse(&url).is_ok(), "{}", url);
        }
    }

    #[test]
    fn a_canonical_url_is_read_back(path in "(/[a-zA-Z0-9%._~-]{0,8}){1,5}", query in "([a-c]=[0-9]&){0,5}[a-c]") {
        let first = key(&format!("https://h{path}?{query}"));
        prop_assert_eq!(key(&first.url()), first);
    }

    #[test]
    fn the_order_within_a_name_is_kept(values in prop::collection::vec(0u8..10, 0..6)) {
        let query: Vec<String> = values.iter().map(|value| format!("x={value}")).collect();
        let kept = key(&format!("https://h/?{}", query.join("&")));
        let expected = query.join("&");
        prop_assert_eq!(kept.query(), Some(expected.as_str()).filter(|query| !query.is_empty()));
    }

    #[test]
    fn the_origin_is_asked_for_the_path_that_is_keyed(
        path in "(/[a%2eE.\\\\]{0,7}/?){0,6}",
        query in "(\\?[./\\\\]{0,4})?",
    ) {
        let url = format!("https://h{path}{query}");
        let fetched = Url::parse(&url).unwrap();
        let keyed = CacheKey::parse(&url).unwrap();
        prop_assert_eq!(keyed.path(), fetched.path());
        prop_assert_eq!(resolved_url(&url), fetched.as_str());
    }
}

#[test]
fn the_first_page_of_a_host_has_no_query() {
    let key = |url| CacheKey::parse(url).unwrap();
    assert_eq!(key("https://h/a?b").of_host(), key("https://h/"));
}

#[test]
fn a_reference_that_is_a_query_belongs_to_the_page_3986_5_4() {
    let resolved = CacheKey::parse("https://h/a/b?c").unwrap().resolve("?x").unwrap();
    assert_eq!(resolved.url(), "https://h/a/b?x");
}

#[test]
fn a_key_counts_what_its_parts_name_and_its_url_has_no_parts() {
    let part = |kind, name: &str| KeyPart { kind, name: name.to_owned(), value: None };
    let parts = vec![part(PartKind::Cookie, "c"), part(PartKind::Header, "h")];
    let key = CacheKey::parse("https://site.test/a?b").unwrap().with_parts(parts);
    assert!(key.counts(PartKind::Cookie, "c") && key.counts(PartKind::Header, "h"));
    assert!(!key.counts(PartKind::Header, "c") && !key.counts(PartKind::Cookie, "h"));
    assert_eq!((key.of_url().parts(), key.of_url().url()), (&[][..], key.url()));
}
