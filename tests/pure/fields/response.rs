use edge_isr::fields::request::RequestFields;
use edge_isr::fields::response;
use rstest::rstest;

use crate::headers;

#[test]
fn directions_for_this_cache_alone_are_not_shown_9213_2() {
    let mut given = headers(
        "cloudflare-cdn-cache-control: max-age=1\nsurrogate-control: max-age=1\n\
         cdn-cache-control: max-age=1\ncache-tag: a\nsurrogate-key: a\nxkey: a\nedge-cache-tag: a",
    );
    response::for_visitor(&mut given, false, false);
    assert_eq!(given, headers("cache-control: max-age=0"));
    let mut kept = headers("surrogate-control: max-age=1\ncdn-cache-control: max-age=1");
    response::for_visitor(&mut kept, false, true);
    assert_eq!(kept, headers("cdn-cache-control: max-age=1"));
}

#[rstest]
#[case("s-maxage=60, stale-while-revalidate=600, stale-if-error=9", "max-age=0")]
#[case("public, max-age=30, s-maxage=60", "public, max-age=30")]
#[case("public, S-MaxAge=60", "public, max-age=0")]
#[case("s-maxage=60, no-store", "no-store")]
#[case("s-maxage=60, private", "private, max-age=0")]
#[case("max-age=60, x=\"a, s-maxage=5\"", "max-age=60, x=\"a, s-maxage=5\"")]
#[case("max-age=60", "max-age=60")]
#[case("no-cache", "no-cache")]
fn browsers_are_told_what_is_meant_for_them(#[case] said: &str, #[case] shown: &str) {
    let mut given = headers(&format!("cache-control: {said}"));
    response::for_visitor(&mut given, false, false);
    assert_eq!(given["cache-control"], shown);
}

#[rstest]
#[case::coded("content-encoding: gzip", Some("accept-encoding"))]
#[case::not_coded("x: y", None)]
#[case::said_already("content-encoding: gzip\nvary: Accept-Encoding", Some("Accept-Encoding"))]
#[case::said_of_all("content-encoding: gzip\nvary: *", Some("*"))]
#[case::said_of_another("content-encoding: gzip\nvary: accept", Some("accept, accept-encoding"))]
fn a_coded_body_is_not_for_every_client(#[case] lines: &str, #[case] vary: Option<&str>) {
    let mut given = headers(lines);
    response::for_visitor(&mut given, false, false);
    assert_eq!(given.raw("vary").as_deref(), vary);
}
