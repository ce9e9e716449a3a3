//! The part of the cache key that rules decide.

use edge_isr::rules::Rules;
use edge_isr::rules::key::query::TRACKING;
use http::HeaderMap;
use proptest::prelude::*;
use rstest::rstest;

use super::key;

fn keyed(query_key: &str, path: &str) -> String {
    let rules = Rules::parse(&format!(r#"[{{"key":{{"query":{query_key}}}}}]"#)).unwrap();
    let key = key(path);
    rules.key(&key).unwrap_or(key).path_and_query()
}

#[rstest]
#[case(r#""all""#, "/a?b=2&&a=1", "/a?b=2&&a=1")]
#[case(r#""none""#, "/a?b=2&a=1", "/a")]
#[case(r#""none""#, "/a", "/a")]
#[case(r#"["a"]"#, "/a?b=2&a=1", "/a?a=1")]
#[case(r#"["a","b"]"#, "/a?b=2&c=3&a=1", "/a?a=1&b=2")]
#[case(r#"["a"]"#, "/a?a=2&%61=1&A=3", "/a?a=2&%61=1")]
#[case(r#"["a*"]"#, "/a?ab=2&b=1&a=3", "/a?a=3&ab=2")]
#[case(r#"["a"]"#, "/a?b=1", "/a")]
#[case(r#"{"except":["b"]}"#, "/a?c=3&b=2&a=1", "/a?a=1&c=3")]
#[case(r#"{"except":["utm_*"]}"#, "/a?utm_source=x&a=1&%75tm_medium=y", "/a?a=1")]
#[case(r#"{"except":"tracking"}"#, "/a?gclid=1&utm_id=2&page=3", "/a?page=3")]
#[case(r#"{"except":"tracking"}"#, "/a?tracking=1", "/a?tracking=1")]
#[case(r#"{"except":["tracking","ref"]}"#, "/a?page=1&utm_id=2&ref=x", "/a?page=1")]
#[case(r#"{"except":["b"]}"#, "/a?a=%zz&b&=x&", "/a?=x&a=%zz")]
fn a_rule_names_the_parameters_that_count(
    #[case] query_key: &str,
    #[case] path: &str,
    #[case] wanted: &str,
) {
    assert_eq!(keyed(query_key, path), wanted);
}

#[test]
fn the_first_rule_with_a_key_wins_and_others_do_not_matter() {
    let rules =
        r#"[{"path":"/b","key":{"query":"all"}},{"cache":"forever"},{"key":{"query":"none"}}]"#;
    let rules = Rules::parse(rules).unwrap();
    assert_eq!(rules.key(&key("/a?x=1")).unwrap().path_and_query(), "/a");
    assert_eq!(rules.key(&key("/b?x=1")), None);
}

#[test]
fn names_of_tracking_parameters_are_legal_and_stand_once() {
    let mut names = TRACKING.to_vec();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), TRACKING.len());
}

#[rstest]
#[case("/a?b=1&a=2", Some("/a?a=2&b=1"))]
#[case("/a?a=2&b=1", None)]
#[case("/a?a=2&a=1", None)]
fn only_a_query_that_is_not_sorted_makes_another_key(
    #[case] path: &str,
    #[case] wanted: Option<&str>,
) {
    let rules = Rules::parse(r#"[{"key":{"query":["a","b"]}}]"#).unwrap();
    let keyed = rules.key(&key(path)).map(|key| key.path_and_query());
    assert_eq!(keyed.as_deref(), wanted);
}

#[test]
fn a_page_without_a_query_keeps_its_key() {
    let rules = Rules::parse(r#"[{"key":{"query":"none"}}]"#).unwrap();
    assert_eq!(rules.key_for(&key("/a"), &HeaderMap::new()), None);
    assert!(!rules.keys_visitors());
}

#[test]
fn a_query_of_many_parameters_is_read_in_one_pass() {
    let query: Vec<String> = (0..500).map(|number| format!("p{number}={number}")).collect();
    let path = format!("/a?{}", query.join("&"));
    assert_eq!(keyed(r#"["p7"]"#, &path), "/a?p7=7");
    assert_eq!(keyed(r#"{"except":["x"]}"#, &path).len(), path.len());
}

proptest! {
    /// The origin is sent the key's own URL. So requests with one key are one request to it, if the
    /// key of that URL is the same key again.
    #[test]
    fn the_key_of_a_key_is_itself(query in "([abu]?(=[%=a-c0-9+]{0,3})?&?){0,6}") {
        for query_key in [r#""none""#, r#"["a","u*"]"#, r#"{"except":["b","utm_*"]}"#] {
            let once = keyed(query_key, &format!("/a?{query}"));
            prop_assert_eq!(&keyed(query_key, &once), &once);
        }
    }

    #[test]
    fn no_parameter_that_counts_is_lost_or_changed(query in "[abc]=[a-z0-9%+]{0,4}(&[abc]=[a-z0-9%+]{0,4}){0,6}") {
        let path = keyed(r#"["a","b"]"#, &format!("/a?{query}"));
        let kept = path.strip_prefix("/a").unwrap().trim_start_matches('?');
        let mut kept: Vec<&str> = kept.split('&').filter(|it| !it.is_empty()).collect();
        let mut wanted: Vec<&str> = query.split('&').filter(|it| !it.starts_with('c')).collect();
        kept.sort_unstable();
        wanted.sort_unstable();
        prop_assert_eq!(kept, wanted);
    }
}
