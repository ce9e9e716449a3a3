//! What the response to an unsafe request invalidates (`purge::targets`).

use edge_isr::config::Invalidation;
use edge_isr::policy::key::CacheKey;
use edge_isr::policy::tag::Tag;
use edge_isr::purge::targets::{groups, invalidates, targets, told, url_tag};
use http::{Method, StatusCode};
use rstest::rstest;

use crate::headers;

#[rstest]
#[case("POST", 200, true)]
#[case("POST", 303, true)]
#[case("DELETE", 204, true)]
#[case("PURGE", 200, true)]
#[case("POST", 404, false)]
#[case("POST", 500, false)]
#[case("GET", 200, false)]
#[case("HEAD", 200, false)]
#[case("OPTIONS", 200, false)]
fn a_request_invalidates_9111_4_4(
    #[case] method: Method,
    #[case] status: u16,
    #[case] expected: bool,
) {
    assert_eq!(invalidates(&method, StatusCode::from_u16(status).unwrap()), expected);
}

const PAGE: &str = "https://site.test/a/b";

#[rstest]
#[case::nothing_named("a: b", &[PAGE])]
#[case::a_redirect("location: /c", &[PAGE, "https://site.test/c"])]
#[case::relative("content-location: c", &[PAGE, "https://site.test/a/c"])]
#[case::both("location: /c\ncontent-location: /d", &[PAGE, "https://site.test/c", "https://site.test/d"])]
#[case::itself("location: /a/b", &[PAGE])]
#[case::another_host("location: https://other.test/c", &[PAGE])]
#[case::another_scheme("location: http://site.test/c", &[PAGE])]
fn it_invalidates_pages_of_its_origin(#[case] response: &str, #[case] expected: &[&str]) {
    let found = targets(&CacheKey::parse(PAGE).unwrap(), &headers(response));
    let urls: Vec<String> = found.iter().map(CacheKey::url).collect();
    assert_eq!(urls, expected);
}

#[rstest]
#[case("https://site.test/a", Tag::path("site.test", "/a"))]
#[case("https://site.test/a?b", Tag::query("site.test", "/a", "b"))]
fn a_url_has_a_tag(#[case] url: &str, #[case] expected: Tag) {
    assert_eq!(url_tag(&CacheKey::parse(url).unwrap()), expected);
}

#[test]
fn it_names_groups_9875_3() {
    let group = |name| Tag::group("site.test", name);
    let said = |value: &str| groups("site.test", &headers(value));
    assert_eq!(said("cache-group-invalidation: \"a\", \"b\""), [group("a"), group("b")]);
    assert_eq!(said("cache-group-invalidation: a b"), []);
    assert_eq!(said("a: b"), []);
    let many = vec!["\"a\""; 65].join(", ");
    assert_eq!(said(&format!("cache-group-invalidation: {many}")).len(), 64);
}

#[rstest]
#[case(Invalidation::Here, &[])]
#[case(Invalidation::Groups, &["g"])]
#[case(Invalidation::Everywhere, &["g", "u"])]
fn other_data_centres_are_told(#[case] setting: Invalidation, #[case] expected: &[&str]) {
    let tag = |name: &&str| Tag::origin(name).unwrap();
    let expected: Vec<Tag> = expected.iter().map(tag).collect();
    assert_eq!(told(setting, vec![tag(&"g")], vec![tag(&"u")]), expected);
}
