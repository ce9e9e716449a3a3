//! No text makes a parser visit more than a fixed number of times its bytes: what a visitor or an
//! origin sends costs what its length costs.
#![cfg(debug_assertions)]

use edge_isr::fields::cache_control::{CacheControl, list};
use edge_isr::fields::conditional::is_not_modified;
use edge_isr::fields::no_vary_search::{NoVarySearch, form_decoded};
use edge_isr::fields::range;
use edge_isr::fields::request_directives::RequestDirectives;
use edge_isr::fields::steps::{self, taken};
use edge_isr::fields::structured::{dictionary, strings};
use edge_isr::fields::vary::Vary;
use edge_isr::policy::key::CacheKey;
use edge_isr::policy::tag::{self, Tag, TagSet, implicit};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use proptest::prelude::*;
use rstest::rstest;

const LONGEST: usize = 64 << 10;
/// How often a parser may visit a byte.
const VISITS_MOST: usize = 8;
const AT_LEAST: usize = 500;

fn fields(name: &'static str, value: &str) -> HeaderMap {
    let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
    HeaderMap::from_iter([(HeaderName::from_static(name), value)])
}

fn key(path_and_query: &str) -> Option<CacheKey> {
    CacheKey::parse(&format!("https://h/{path_and_query}")).ok()
}

type Parser = fn(&str);

const PARSERS: [(&str, Parser); 19] = [
    ("list", |text| list(text).for_each(drop)),
    ("Cache-Control", |text| drop(CacheControl::parse(text))),
    ("a request's Cache-Control", |text| _ = RequestDirectives::parse(text)),
    ("a dictionary", |text| drop(dictionary(text))),
    ("a list of strings", |text| drop(strings(text))),
    ("Cache-Tag", |text| drop(TagSet::of(&fields("cache-tag", text), "h"))),
    ("Surrogate-Key", |text| drop(TagSet::of(&fields("surrogate-key", text), "h"))),
    ("Cache-Groups", |text| drop(TagSet::of(&fields("cache-groups", text), "h"))),
    ("a purge's tag", |text| drop(Tag::origin(text))),
    ("a path in normal form", |text| drop(tag::normal(text))),
    ("a purge's prefix", |text| drop(Tag::prefix(text))),
    ("a purge's query", |text| drop(Tag::query("h", "/", text))),
    ("Vary", |text| drop(Vary::of(&fields("vary", text)))),
    ("If-None-Match", |text| {
        let (request, response) = (fields("if-none-match", text), fields("etag", "\"1\""));
        is_not_modified(&Method::GET, &request, StatusCode::OK, &response);
    }),
    ("No-Vary-Search", |text| drop(NoVarySearch::parse(text))),
    ("a form's text", |text| drop(form_decoded(text))),
    ("Range", |text| {
        range::part(&fields("range", text), &HeaderMap::new(), 10);
    }),
    ("If-Range", |text| {
        let mut request = fields("range", "bytes=0-1");
        request.extend(fields("if-range", text));
        range::part(&request, &fields("etag", text), 10);
    }),
    ("a URL", |text| drop(key(text))),
];

/// Which parsers visit the bytes of `text` more often, and how often.
fn too_slow(text: &str) -> Vec<String> {
    let most = VISITS_MOST * text.len() + AT_LEAST;
    let steps = PARSERS.iter().map(|(name, parse)| (name, taken(|| parse(text))));
    let slow = steps.filter(|(_, steps)| *steps > most);
    slow.map(|(name, steps)| format!("{name}: {steps} steps for {} bytes", text.len())).collect()
}

#[rstest]
#[case::quotations_that_never_end("\"\\\",")]
#[case::quotations("\",")]
#[case::empty_quotations("\"\",")]
#[case::escapes("\\")]
#[case::an_escape_in_each("a\"\\,")]
#[case::commas(",")]
#[case::semicolons(";")]
#[case::parameters("a;a=1;")]
#[case::members("a,")]
#[case::open_lists("(")]
#[case::percents("%")]
#[case::almost_escapes("%%2")]
#[case::escapes_in_a_url("%2e")]
#[case::slashes("/")]
#[case::backslashes_and_dots("\\..\\a")]
#[case::dots("/../")]
#[case::parameters_of_a_url("&=")]
#[case::names_of_a_url("%62+&")]
#[case::spaces(" ")]
#[case::digits("9")]
#[case::hyphens("-")]
#[case::colons(":")]
#[case::brackets("[")]
fn what_repeats_is_read_in_linear_time(#[case] text: &str) {
    assert_eq!(too_slow(&text.repeat(LONGEST / text.len())), [""; 0]);
    let repeated = text.repeat(LONGEST / 16 / text.len());
    for before in ["", "\"", "a=\"", "a=(\"", "?"] {
        assert_eq!(too_slow(&format!("{before}{repeated}")), [""; 0]);
    }
}

#[rstest]
#[case::directives("", ", ")]
#[case::strings("\"", "\", ")]
#[case::parameters("", "=1&")]
#[case::qualified("private=\"", "\",")]
fn many_different_members_are_read_in_linear_time(#[case] before: &str, #[case] behind: &str) {
    let members = |most| (0..most).map(|number| format!("{before}x{number}{behind}"));
    let text: String = members(6_000).collect();
    assert_eq!(too_slow(text.trim_end_matches([' ', ','])), [""; 0]);
}

/// A tag has up to three bytes for each of its URL, and sixteen tags are prefixes of its path.
#[rstest]
fn the_tags_of_a_url_are_made_in_linear_time(
    #[values("/", "%", "%2f", "//a", "a", "%/", "?%62&")] text: &str,
) {
    for behind in ["", "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q"] {
        let key = key(&(text.repeat(LONGEST / 16 / text.len()) + behind)).unwrap();
        let steps = taken(|| drop(implicit(&key)));
        assert!(steps <= 3 * (16 + VISITS_MOST) * key.url().len() + AT_LEAST, "{steps}");
    }
}

#[test]
fn a_query_of_many_names_is_held_against_many_names_in_linear_time() {
    let names: Vec<String> = (0..5_000).map(|number| format!("\"x{number}\"")).collect();
    let said = NoVarySearch::parse(&format!("params=({})", names.join(" "))).unwrap();
    let query: Vec<String> = (0..5_000).map(|number| format!("y{number}=1")).collect();
    let key = key(&format!("?{}", query.join("&"))).unwrap();
    let steps = taken(|| drop(said.shared(&key)));
    assert!(steps <= VISITS_MOST * key.url().len(), "{steps}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn what_is_mixed_at_random_is_read_in_linear_time(
        words in prop::collection::vec("[\"\\\\,;%=&/.() a-c0-2]{1,6}", 1..40),
        first in prop::sample::select(vec!["", "\"", "a=", "a=(", "/", "?"]),
        length in 0..LONGEST,
    ) {
        let words = words.concat();
        let text = format!("{first}{}", words.repeat(length / words.len()));
        prop_assert_eq!(too_slow(&text), [""; 0]);
    }

    #[test]
    fn letters_at_random_are_read_in_linear_time(text in "[\"\\\\,;%=&/.() a-c0-2]{0,4000}") {
        prop_assert_eq!(too_slow(&text), [""; 0]);
    }
}

#[test]
fn what_the_parsers_visit_is_counted() {
    assert_eq!(taken(steps::step), 1);
    assert_eq!(taken(|| [2, 3].into_iter().for_each(steps::steps)), 5);
    let separators = fields("cache-tag", ",,,,");
    assert!(taken(|| drop(TagSet::of(&separators, "h"))) >= 5);
}
