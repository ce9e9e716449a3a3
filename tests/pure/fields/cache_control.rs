use std::time::Duration;

use edge_isr::fields::cache_control::{CacheControl, delta_seconds, latin1, list};
use http::header::CACHE_CONTROL;
use proptest::prelude::*;
use rstest::rstest;

use crate::headers;

fn seconds(seconds: u64) -> Option<Duration> {
    Some(Duration::from_secs(seconds))
}

#[rstest]
#[case::plain("max-age=60", seconds(60))]
#[case::case_does_not_count("Max-AGE=60", seconds(60))]
#[case::quoted("max-age=\"60\"", seconds(60))]
#[case::spaces_around("  max-age=60 ", seconds(60))]
#[case::a_space_before_the_equals_sign_is_another_name("max-age =60", None)]
#[case::a_space_after_it_is_no_number("max-age= 60", seconds(0))]
#[case::among_others("public, , max-age=60,foo=\"a, max-age=1\"", seconds(60))]
#[case::in_a_quoted_string("foo=\"max-age=60\"", None)]
#[case::the_first_of_two_4_2_1("max-age=60, max-age=1", seconds(60))]
#[case::overflow_1_2_2("max-age=99999999999999999999", seconds(1 << 31))]
#[case::just_over_1_2_2("max-age=2147483649", seconds(1 << 31))]
#[case::negative_is_stale_4_2_1("max-age=-1", seconds(0))]
#[case::a_word_is_stale_4_2_1("max-age=soon", seconds(0))]
#[case::a_fraction_is_stale("max-age=1.5", seconds(0))]
#[case::no_argument("max-age", seconds(0))]
#[case::not_there("s-maxage=5", None)]
#[case::a_prefix_of_a_name("xmax-age=60", None)]
fn max_age_is_read(#[case] value: &str, #[case] expected: Option<Duration>) {
    assert_eq!(CacheControl::parse(value).max_age, expected);
}

#[test]
fn repeated_lines_are_one_list() {
    let headers = headers("cache-control: max-age=60\ncache-control: private");
    let read = CacheControl::of(&headers, &CACHE_CONTROL);
    assert!(read.private && read.max_age == seconds(60));
}

#[test]
fn qualified_private_and_no_cache_withhold_fields_and_no_more_5_2_2_4() {
    let read = CacheControl::parse("private=\"a\", no-cache=\"X, y\", max-age=3");
    assert!(!read.private && !read.no_cache);
    assert_eq!(read.withheld, ["a", "x", "y"]);
    let both = CacheControl::parse("private=\"a\", private, no-cache=\"\"");
    assert!(both.private && both.no_cache);
}

#[test]
fn a_backslash_in_a_quotation_escapes_one_character_9110_5_6_4() {
    assert_eq!(CacheControl::parse(r#"private="a\\b""#).withheld, [r"a\b"]);
}

#[rstest]
#[case::never_ended("\"x, y")]
#[case::ended_by_an_escape("\"x\\\"")]
#[case::not_at_its_end("\"x\"y")]
#[case::a_quote_alone("\"")]
fn a_broken_quotation_names_no_field_so_the_directive_counts_in_full(#[case] argument: &str) {
    let private = CacheControl::parse(&format!("private={argument}"));
    let no_cache = CacheControl::parse(&format!("no-cache={argument}"));
    assert!(private.private && no_cache.no_cache);
    assert!(private.withheld.is_empty() && no_cache.withheld.is_empty());
}

#[test]
fn a_lifetime_in_a_broken_quotation_is_zero() {
    let read = CacheControl::parse("max-age=\"60, s-maxage=\"60\"0, public");
    assert!(read.max_age == seconds(0) && read.s_maxage == seconds(0) && read.public);
}

#[test]
fn every_directive_is_read() {
    let read = CacheControl::parse(
        "s-maxage=1, stale-while-revalidate=2, stale-if-error=3, public, private, no-cache, \
         no-store, must-revalidate, proxy-revalidate, must-understand",
    );
    let expected = CacheControl {
        max_age: None,
        s_maxage: seconds(1),
        stale_while_revalidate: seconds(2),
        stale_if_error: seconds(3),
        public: true,
        private: true,
        no_cache: true,
        no_store: true,
        must_revalidate: true,
        proxy_revalidate: true,
        must_understand: true,
        withheld: vec![],
    };
    assert_eq!(read, expected);
}

#[rstest]
#[case("a, b ,,\t c", &["a", "b", "c"])]
#[case("\"a,b\", c", &["\"a,b\"", "c"])]
#[case("\"a\\\",b\", c", &["\"a\\\",b\"", "c"])]
#[case::what_never_ends_is_no_quotation("\"never closed, c", &["\"never closed", "c"])]
#[case::what_ended_before_it_stays_one("a, \"b,c\", \"d,e\" \"f, g", &["a", "\"b,c\"", "\"d", "e\" \"f", "g"])]
#[case::an_escape_does_not_end_it("\"a\\\", b", &["\"a\\\"", "b"])]
#[case("", &[])]
fn lists_keep_commas_in_quotes_9110_5_6_1(#[case] value: &str, #[case] members: &[&str]) {
    assert_eq!(list(value).collect::<Vec<_>>(), members);
}

/// What a careful origin writes.
fn printed(directives: &CacheControl) -> String {
    let times = [
        ("max-age", directives.max_age),
        ("s-maxage", directives.s_maxage),
        ("stale-while-revalidate", directives.stale_while_revalidate),
        ("stale-if-error", directives.stale_if_error),
    ];
    let words = [
        ("public", directives.public),
        ("private", directives.private),
        ("no-cache", directives.no_cache),
        ("no-store", directives.no_store),
        ("must-revalidate", directives.must_revalidate),
        ("proxy-revalidate", directives.proxy_revalidate),
        ("must-understand", directives.must_understand),
    ];
    let times =
        times.iter().filter_map(|(name, time)| Some(format!("{name}={}", (*time)?.as_secs())));
    let words = words.iter().filter(|(_, set)| *set).map(|(name, _)| name.to_string());
    times.chain(words).collect::<Vec<_>>().join(", ")
}

/// A list by the letter of its grammar: each member is looked at anew, up to the end of the text.
fn members(text: &str) -> Vec<&str> {
    let (mut quoted, mut escaped, mut end) = (false, false, None);
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                end = Some(at);
                break;
            }
            _ => {}
        }
    }
    let end = if quoted { text.find(',') } else { end };
    let (first, rest) = end.map_or((text, ""), |end| (&text[..end], &text[end + 1..]));
    let first = Some(first.trim_matches([' ', '\t'])).filter(|first| !first.is_empty());
    let rest = if rest.is_empty() { Vec::new() } else { members(rest) };
    first.into_iter().chain(rest).collect()
}

proptest! {
    /// A quotation that never ends leaves none behind it that does and holds a comma.
    #[test]
    fn a_list_read_in_one_pass_has_the_members_that_its_grammar_gives(text in "[\"\\\\,a ]{0,24}") {
        prop_assert_eq!(list(&text).collect::<Vec<_>>(), members(&text));
    }

    #[test]
    fn no_bytes_make_the_parser_panic(bytes: Vec<u8>) {
        CacheControl::parse(&latin1(&bytes));
    }

    #[test]
    fn what_was_printed_is_read_back(
        times in prop::array::uniform4(prop::option::of(0u64..=1 << 31)),
        words in prop::array::uniform7(any::<bool>()),
    ) {
        let times = times.map(|time| time.map(Duration::from_secs));
        let directives = CacheControl {
            max_age: times[0], s_maxage: times[1],
            stale_while_revalidate: times[2], stale_if_error: times[3],
            public: words[0], private: words[1], no_cache: words[2], no_store: words[3],
            must_revalidate: words[4], proxy_revalidate: words[5], must_understand: words[6],
            withheld: vec![],
        };
        prop_assert_eq!(CacheControl::parse(&printed(&directives)), directives.clone());
        prop_assert_eq!(CacheControl::parse(&printed(&directives).to_uppercase()), directives);
    }

    #[test]
    fn a_delta_is_digits_alone(text in "[0-9]{1,9}") {
        prop_assert_eq!(delta_seconds(&text), Some(Duration::from_secs(text.parse().unwrap())));
    }
}

#[test]
fn a_value_that_is_not_ascii_is_read_byte_for_byte() {
    assert_eq!(latin1("ä".as_bytes()), "Ã¤");
    assert_eq!(latin1(b"\xe4"), "ä");
}
