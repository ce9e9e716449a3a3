use std::collections::BTreeSet;

use edge_isr::policy::key::{CacheKey, KeyError};
use edge_isr::policy::time::Time;
use proptest::prelude::*;
use rstest::rstest;

fn key(url: &str) -> CacheKey {
    CacheKey::parse(url).unwrap()
}

#[rstest]
#[case::order_of_parameters("https://h/a?x=1&y=2", "https://h/a?y=2&x=1")]
#[case::host_case("https://H/a", "https://h/a")]
#[case::scheme_case("HTTPS://h/a", "https://h/a")]
#[case::own_port("https://h:443/a", "https://h/a")]
#[case::own_port_of_http("http://h:80/a", "http://h/a")]
#[case::no_path("https://h", "https://h/")]
#[case::fragment("https://h/a#x", "https://h/a")]
#[case::empty_query("https://h/a?", "https://h/a")]
fn one_page(#[case] one: &str, #[case] other: &str) {
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
#[case::dot_segments("https://h/a/../b", "https://h/b")]
#[case::double_slash("https://h//a", "https://h/a")]
#[case::closing_slash("https://h/a/", "https://h/a")]
#[case::order_within_a_name("https://h/a?x=1&x=2", "https://h/a?x=2&x=1")]
#[case::empty_value("https://h/a?x=", "https://h/a?x")]
#[case::part_of_the_path_in_the_host("https://h/a", "https://h.a/")]
fn two_pages(#[case] one: &str, #[case] other: &str) {
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
fn no_page(#[case] url: &str, #[case] error: KeyError) {
    assert_eq!(CacheKey::parse(url), Err(error));
}

#[test]
fn a_slot_is_a_url_of_the_host_under_the_control_prefix() {
    let url = key("https://Shop.example/a").slot().url("/edge-isr");
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

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(url in ".*") {
        let _ = CacheKey::parse(&url);
        let _ = CacheKey::parse(&format!("https://{url}"));
    }

    #[test]
    fn a_canonical_url_is_read_back(path in "(/[a-zA-Z0-9%._~-]{0,8}){1,5}", query in "([a-c]=[0-9]&){0,5}[a-c]") {
        let first = key(&format!("https://h{path}?{query}"));
        prop_assert_eq!(key(&first.url()), first);
    }

    #[test]
    fn the_order_of_differently_named_parameters_does_not_count(
        names in prop::sample::subsequence(vec!["a", "b", "c", "d", "e"], 0..=5).prop_shuffle(),
    ) {
        let query: Vec<String> = names.iter().map(|name| format!("{name}=1")).collect();
        let mut sorted = query.clone();
        sorted.sort();
        let url = |query: &[String]| format!("https://h/?{}", query.join("&"));
        prop_assert_eq!(key(&url(&query)), key(&url(&sorted)));
    }

    #[test]
    fn the_order_within_a_name_is_kept(values in prop::collection::vec(0u8..10, 0..6)) {
        let query: Vec<String> = values.iter().map(|value| format!("x={value}")).collect();
        let kept = key(&format!("https://h/?{}", query.join("&")));
        let expected = query.join("&");
        prop_assert_eq!(kept.query(), Some(expected.as_str()).filter(|query| !query.is_empty()));
    }
}
