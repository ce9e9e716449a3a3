use edge_isr::fields::url::{self, normal, resolved_path};
use edge_isr::policy::key::{CacheKey, resolved_url};
use edge_isr::policy::tag::{Tag, implicit};
use proptest::prelude::*;
use rstest::rstest;
use worker::Url;

fn key(path_and_query: &str) -> CacheKey {
    CacheKey::parse(&format!("https://h{path_and_query}")).unwrap()
}

/// The tag that a purge by this URL purges.
fn purged(path_and_query: &str) -> Tag {
    let key = key(path_and_query);
    match key.query() {
        Some(query) => Tag::query("h", key.path(), query),
        None => Tag::path("h", key.path()),
    }
}

#[rstest]
#[case::an_encoded_name("/a?b=1", "/a?%62=1")]
#[case::an_encoded_name_among_others("/a?a=2&b=1", "/a?%62=1&a=2")]
#[case::values_of_a_name_in_two_spellings("/a?b=1&b=2", "/a?b=1&%62=2")]
#[case::a_space_as_a_plus_sign("/a?q=x+y", "/a?q=x%20y")]
#[case::a_space_in_a_name("/a?x+y=1&x=2", "/a?x=2&x%20y=1")]
#[case::a_slash_in_a_value("/a?next=/b/c?d", "/a?next=%2Fb%2fc%3Fd")]
#[case::an_equals_sign_in_a_value("/a?b=c=d", "/a?b=c%3Dd")]
#[case::empty_parameters("/a?b=1&c=2", "/a?&c=2&&b=1&")]
#[case::two_slashes("/a/b", "//a//b")]
#[case::a_backslash("/a/b", "/a\\b")]
#[case::dot_segments("/a/b", "/x/%2e%2E/./a/b")]
#[case::letters("/caf%C3%A9", "/%63af%c3%a9")]
#[case::a_plus_sign_in_a_path("/a+b", "/a%2Bb")]
#[case::a_percent_sign_that_escapes_nothing("/a%25", "/a%")]
fn a_purge_by_url_reaches_every_spelling(#[case] one: &str, #[case] other: &str) {
    for (purge, page) in [(one, other), (other, one)] {
        assert!(implicit(&key(page)).contains(&purged(purge)), "{purge} reaches {page}");
    }
}

#[rstest]
#[case::a_plus_sign("/a?b=x%2By", "/a?b=x+y")]
#[case::an_ampersand("/a?b=1%26c=2", "/a?b=1&c=2")]
#[case::an_equals_sign_in_a_name("/a?b%3Dc=1", "/a?b=c=1")]
#[case::order_within_a_name("/a?b=1&b=2", "/a?b=2&b=1")]
#[case::a_slash("/a%2Fb", "/a/b")]
#[case::a_percent_sign("/a%252Fb", "/a%2Fb")]
#[case::case("/a", "/A")]
#[case::a_closing_slash("/a", "/a/")]
fn a_purge_by_url_reaches_no_other_page(#[case] one: &str, #[case] other: &str) {
    assert_ne!(purged(one), purged(other));
}

#[test]
fn pages_stay_apart_by_spelling_where_purges_do_not() {
    for (one, other) in [("/a?b=1", "/a?%62=1"), ("/a?b=x+y", "/a?b=x%20y"), ("/a", "//a")] {
        assert_ne!(key(one), key(other));
    }
}

#[test]
fn a_prefix_is_found_behind_slashes_in_a_row() {
    for path in ["/a/b/c", "//a//b//c", "/a/%62/c/"] {
        assert!(implicit(&key(path)).contains(&Tag::prefix("/a/b")), "{path}");
    }
    assert_eq!(implicit(&key("//")), implicit(&key("/")));
    assert_eq!(implicit(&key(&"//a".repeat(40))).len(), 3 + 16);
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

    #[test]
    fn what_is_resolved_stays_as_it_is(path in "/[a%2e./\\\\]{0,20}") {
        let resolved = resolved_path(&path).into_owned();
        prop_assert_eq!(&*resolved_path(&resolved), &resolved);
    }

    #[test]
    fn what_is_in_normal_form_stays_as_it_is(text in "[a-c%0-9A-F+&=;/\\\\?#. é]{0,24}") {
        for form in [normal, url::path, url::query] {
            let once = form(&text);
            prop_assert_eq!(form(&once), once);
        }
    }

    #[test]
    fn a_text_in_any_spelling_is_one(text in "/[a-z]{1,12}", encoded in prop::collection::vec(any::<bool>(), 13)) {
        let spelt: String = text
            .char_indices()
            .map(|(at, letter)| match encoded[at] && letter != '/' {
                true => format!("%{:02x}", u32::from(letter)),
                false => letter.to_string(),
            })
            .collect();
        prop_assert_eq!(purged(&spelt), purged(&text));
        prop_assert_eq!(purged(&format!("/?{}", &spelt[1..])), purged(&format!("/?{}", &text[1..])));
    }

    #[test]
    fn no_text_makes_them_panic(text: String) {
        normal(&text);
        url::path(&text);
        url::query(&text);
        resolved_path(&text);
        resolved_url(&text);
        resolved_url(&format!("https://{text}"));
    }
}
