use std::collections::BTreeSet;

use edge_isr::policy::key::CacheKey;
use edge_isr::policy::tag::{TAGS_MOST, Tag, TagError, TagSet, implicit};
use proptest::prelude::*;
use rstest::rstest;

use crate::headers;

/// A control character begins an implicit tag, which no origin can spell.
fn is_implicit(tag: &Tag) -> bool {
    tag.as_str().starts_with('\u{1}')
}

fn tags(lines: &str) -> Vec<String> {
    TagSet::of(&headers(lines), "h").tags.iter().map(|tag| tag.as_str().to_owned()).collect()
}

#[rstest]
#[case::commas("cache-tag: a, b ,,c", &["a", "b", "c"])]
#[case::case_does_not_count("cache-tag: Post:1,POST:1", &["post:1"])]
#[case::repeated_lines("cache-tag: a\ncache-tag: b", &["a", "b"])]
#[case::spaces("surrogate-key: a b  c", &["a", "b", "c"])]
#[case::xkey("xkey: a b,c", &["a", "b", "c"])]
#[case::edge_cache_tag("edge-cache-tag: a,b", &["a", "b"])]
#[case::several_fields("surrogate-key: b\ncache-tag: a", &["a", "b"])]
#[case::a_space_in_a_tag_is_no_tag("cache-tag: a b, c", &["c"])]
#[case::non_ascii_is_no_tag("cache-tag: ä, c", &["c"])]
fn tags_of_a_response(#[case] lines: &str, #[case] expected: &[&str]) {
    assert_eq!(tags(lines), expected);
}

#[test]
fn what_is_no_tag_is_counted() {
    let set = TagSet::of(&headers("cache-tag: ä, b c, d"), "h");
    assert_eq!((set.tags.len(), set.dropped, set.stated), (1, 2, true));
    assert!(!TagSet::of(&headers("x: y"), "h").stated);
}

/// So many tags, each twice, in the field `name`.
fn numbered(name: &str, most: usize) -> TagSet {
    let tags: Vec<String> = (0..most).map(|number| format!("\"t{number}\"")).collect();
    let tags = tags.join(", ");
    TagSet::of(&headers(&format!("{name}: {tags}\n{name}: {tags}")), "h")
}

#[rstest]
fn more_than_a_thousand_tags_are_not_collected_and_it_is_said(
    #[values("cache-tag", "surrogate-key", "cache-groups")] name: &str,
) {
    let most = numbered(name, TAGS_MOST);
    assert_eq!((most.tags.len(), most.overflowed), (1000, false));
    let more = numbered(name, TAGS_MOST + 1);
    assert_eq!((&more.tags, more.overflowed), (&most.tags, true));
}

#[test]
fn a_tag_that_is_added_to_a_thousand_overflows_unless_it_is_among_them() {
    let mut set = numbered("cache-tag", TAGS_MOST);
    set.add(set.tags[999].clone());
    assert!(!set.overflowed);
    set.add(Tag::origin("another").unwrap());
    assert!(set.overflowed && set.tags.len() == 1000);
}

#[test]
fn twenty_thousand_tags_of_several_fields_overflow_once() {
    let mut all = headers("cache-tag: a, b\nxkey: c");
    let many: Vec<String> = (0..20_000).map(|number| number.to_string()).collect();
    all.append("surrogate-key", many.join(" ").parse().unwrap());
    let set = TagSet::of(&all, "h");
    assert_eq!((set.tags.len(), set.overflowed, set.dropped), (1000, true, 0));
}

#[test]
fn a_tag_is_brief_as_it_is_up_to_96_bytes() {
    let short = Tag::origin(&"x".repeat(96)).unwrap();
    assert!(matches!(short.brief(), std::borrow::Cow::Borrowed(same) if *same == short));
    let long = |last: &str| Tag::origin(&("x".repeat(1000) + last)).unwrap();
    assert!(long("a").brief().as_str().len() <= 96);
    assert_ne!(long("a").brief(), long("b").brief());
    assert_eq!(long("a").brief(), long("A").brief());
    assert_eq!(Tag::origin(long("a").brief().as_str()), Err(TagError::NotPrintable));
    assert!(!is_implicit(&long("a").brief()), "it meets no tag of either kind");
}

#[test]
fn groups_keep_their_case_and_are_bound_to_their_host_9875() {
    let groups =
        |host| TagSet::of(&headers("cache-groups: \"Scripts\", \"a\\\"b\";x=1, \"\""), host);
    let here = groups("h");
    assert_eq!(here.tags, [Tag::group("h", "Scripts"), Tag::group("h", "a\"b")]);
    assert_eq!(here.dropped, 0);
    assert_ne!(here.tags, groups("i").tags);
    assert_ne!(Tag::group("h", "a"), Tag::group("h", "A"));
}

#[test]
fn groups_count_all_or_none_9651() {
    let set = TagSet::of(&headers("cache-groups: \"a\", bare, \"b\""), "h");
    assert_eq!((set.tags, set.dropped, set.stated), (Vec::new(), 1, true));
}

#[rstest]
#[case("", TagError::Empty)]
#[case("  ", TagError::Empty)]
#[case("a b", TagError::NotPrintable)]
#[case("a,b", TagError::NotPrintable)]
#[case("ä", TagError::NotPrintable)]
#[case("a\u{1}", TagError::NotPrintable)]
fn texts_that_are_no_tag(#[case] text: &str, #[case] error: TagError) {
    assert_eq!(Tag::origin(text), Err(error));
}

#[test]
fn a_tag_longer_than_cloudflares_is_refused() {
    assert!(Tag::origin(&"x".repeat(1024)).is_ok());
    assert_eq!(Tag::origin(&"x".repeat(1025)), Err(TagError::TooLong(1024)));
}

#[test]
fn implicit_tags_name_everything_the_host_the_url_and_prefixes_at_segment_boundaries() {
    let key = CacheKey::parse("https://h/blog/Post-1?y=2&x=1").unwrap();
    let expected = [
        Tag::everything(),
        Tag::host("h"),
        Tag::path("h", "/blog/Post-1"),
        Tag::query("h", "/blog/Post-1", "x=1&y=2"),
        Tag::prefix("/blog"),
        Tag::prefix("/blog/Post-1"),
    ];
    assert_eq!(implicit(&key), expected);
}

#[test]
fn prefixes_go_sixteen_segments_deep_and_a_closing_slash_adds_none() {
    let prefixes = |path: &str| {
        let key = CacheKey::parse(&format!("https://h{path}")).unwrap();
        implicit(&key).len() - 3
    };
    assert_eq!(prefixes("/"), 0);
    assert_eq!(prefixes("/a"), 1);
    assert_eq!(prefixes("/a/"), 1);
    assert_eq!(prefixes(&"/a".repeat(16)), 16);
    assert_eq!(prefixes(&"/a".repeat(40)), 16);
}

#[test]
fn no_origin_can_spell_an_implicit_tag() {
    for spelling in ["*", "h:h", "\u{1}*", "\u{1}h:h", "%01*"] {
        if let Ok(tag) = Tag::origin(spelling) {
            assert!(!is_implicit(&tag));
            assert!(![Tag::everything(), Tag::host("h")].contains(&tag));
            assert_ne!(tag.key_segment(), Tag::everything().key_segment());
        }
    }
}

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

proptest! {
    #[test]
    fn a_key_segment_holds_no_slash_and_fits_a_kv_key(text in "[!-+.-~]{1,1024}") {
        let segment = Tag::origin(&text).unwrap().key_segment();
        prop_assert!(!segment.contains('/'));
        prop_assert!(segment.len() <= 300);
    }

    #[test]
    fn two_tags_never_share_a_segment(texts in prop::collection::btree_set("[a-c/%#2f]{1,5}", 2..40)) {
        let segments: BTreeSet<String> =
            texts.iter().map(|text| Tag::origin(text).unwrap().key_segment()).collect();
        prop_assert_eq!(segments.len(), texts.len());
    }

    #[test]
    fn a_canonical_tag_is_read_back(text in "[!-+.-~]{1,40}") {
        let tag = Tag::origin(&text).unwrap();
        prop_assert_eq!(Tag::origin(tag.as_str()), Ok(tag));
    }

    #[test]
    fn no_bytes_make_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        if let Ok(value) = http::HeaderValue::from_bytes(&bytes) {
            for field in edge_isr::policy::tag::FIELDS {
                let mut headers = http::HeaderMap::new();
                headers.insert(field, value.clone());
                TagSet::of(&headers, "h");
            }
        }
    }

    #[test]
    fn every_spelling_of_a_text_has_the_same_tag(text in "/[a-z]{1,12}", encoded in prop::collection::vec(any::<bool>(), 13)) {
        let spelt: String = text
            .char_indices()
            .map(|(at, letter)| if encoded[at] && letter != '/' { format!("%{:02x}", u32::from(letter)) } else { letter.to_string() })
            .collect();
        prop_assert_eq!(purged(&spelt), purged(&text));
        prop_assert_eq!(purged(&format!("/?{}", &spelt[1..])), purged(&format!("/?{}", &text[1..])));
    }
}

#[test]
fn a_tag_of_the_edges_own_is_told_from_an_origins_and_both_are_shown_plainly() {
    let (own, origins) = (Tag::host("h"), Tag::origin("a").unwrap());
    assert!(is_implicit(&own) && !is_implicit(&origins));
    assert_eq!(origins.to_string(), "a");
    assert!(own.as_str().ends_with(&own.to_string()) && own.to_string() != own.as_str());
}
