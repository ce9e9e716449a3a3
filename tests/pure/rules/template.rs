//! Tags with variables.

use edge_isr::policy::key::CacheKey;
use edge_isr::policy::tag::TAGS_MOST;
use edge_isr::rules::facts::Facts;
use edge_isr::rules::glob::Glob;
use edge_isr::rules::template::{TagTemplate, TemplateError};
use rstest::rstest;

const GLOB: &str = "/blog/{slug}";

fn tags(template: &str, url: &str) -> Vec<String> {
    let (glob, key) = (Glob::parse(GLOB).unwrap(), CacheKey::parse(url).unwrap());
    let template = TagTemplate::parse(template, Some(&glob)).unwrap();
    template.tags(&Facts::of_page(&key), Some(&glob))
}

#[rstest]
#[case("blog", "https://a.test/blog/x", &["blog"])]
#[case("post:{slug}", "https://a.test/blog/salt", &["post:salt"])]
#[case("post:{slug}", "https://a.test/news/salt", &[])]
#[case("path:{path}", "https://a.test/blog/x", &["path:/blog/x"])]
#[case("path:{path}", "https://a.test/caf%c3%a9/%41", &["path:/caf%C3%A9/A"])]
#[case("section:{path.1}", "https://a.test/blog/x", &["section:blog"])]
#[case("section:{path.3}", "https://a.test/blog/x", &[])]
#[case("section:{path.2}", "https://a.test/blog/", &[])]
#[case("on:{host}", "https://A.test:8443/", &["on:a.test:8443"])]
#[case("q:{query.c}", "https://a.test/?c=1", &["q:1"])]
#[case("q:{query.c}", "https://a.test/?c=1&d=2&%63=3", &["q:1", "q:3"])]
#[case("q:{query.c}", "https://a.test/?c=&d=2", &[])]
#[case("q:{query.c}", "https://a.test/", &[])]
#[case("q:{query.c}", "https://a.test/?c=a+b%20c%2Cd", &["q:a-b-c%2Cd"])]
#[case("{query.a}-{query.b}", "https://a.test/?a=1&a=2&b=3&b=4", &["1-3", "1-4", "2-3", "2-4"])]
fn a_template_makes_a_tag_of_each_value(
    #[case] template: &str,
    #[case] url: &str,
    #[case] wanted: &[&str],
) {
    assert_eq!(tags(template, url), wanted);
}

#[rstest]
#[case("post:{year}", TemplateError::Unknown("year".to_owned()))]
#[case("post:{path.0}", TemplateError::Unknown("path.0".to_owned()))]
#[case("post:{path.x}", TemplateError::Unknown("path.x".to_owned()))]
#[case("post:{query.}", TemplateError::Unknown("query.".to_owned()))]
#[case("post:{language}", TemplateError::Unknown("language".to_owned()))]
#[case("post:{slug", TemplateError::Brace)]
#[case("post:slug}", TemplateError::Brace)]
#[case("two words", TemplateError::NoTag("a tag is printable ASCII without spaces or commas".to_owned()))]
#[case("", TemplateError::NoTag("a tag cannot be empty".to_owned()))]
fn a_template_that_is_none_is_refused_with_the_reason(
    #[case] template: &str,
    #[case] error: TemplateError,
) {
    let glob = Glob::parse(GLOB).unwrap();
    assert_eq!(TagTemplate::parse(template, Some(&glob)), Err(error));
}

#[test]
fn a_parameter_of_many_values_makes_one_tag_too_many() {
    let query: Vec<String> = (0..1_500).map(|number| format!("a={number}")).collect();
    let url = format!("https://a.test/?{}", query.join("&"));
    assert_eq!(tags("{query.a}", &url).len(), TAGS_MOST + 1);
}

#[test]
fn a_query_of_many_values_makes_too_many_tags_and_not_all_of_them() {
    let query: Vec<String> = (0..500).map(|number| format!("a={number}&b={number}")).collect();
    let url = format!("https://a.test/?{}", query.join("&"));
    let tags = tags("{query.a}:{query.b}", &url).len();
    assert!(tags > TAGS_MOST && tags < 2 * TAGS_MOST, "{tags}");
}
