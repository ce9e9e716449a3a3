//! What the body of a purge may name.

use rstest::rstest;
use serde_json::json;

use super::told;
use crate::world::origin::Page;
use crate::world::{At, World};

#[test]
fn everything_hosts_urls_and_prefixes_are_purged_by_their_own_tags() {
    for (body, purges) in [
        (r#"{"everything":true}"#, true),
        (r#"{"hosts":["site.test"]}"#, true),
        (r#"{"hosts":["other.test"]}"#, false),
        (r#"{"urls":["https://site.test/blog/post?x=1"]}"#, true),
        (r#"{"urls":["http://site.test/blog/post"]}"#, true),
        (r#"{"urls":["https://site.test/blog/post?x=2"]}"#, false),
        (r#"{"prefixes":["/blog"]}"#, true),
        (r#"{"prefixes":["/blog/"]}"#, true),
        (r#"{"prefixes":["/blo"]}"#, false),
        (r#"{"prefixes":["/Blog"]}"#, false),
        (r#"{"prefixes":["/"]}"#, true),
        (r#"{"tags":["u:site.test/blog/post"]}"#, false),
    ] {
        let world = World::new(1);
        world.origin.set("/blog/post?x=1", Page::new("old").fresh(600, 600));
        world.get("/blog/post?x=1");
        assert_eq!(world.control(At::default(), body).status, 200, "{body}");
        let purged = !world.get("/blog/post?x=1").cache().starts_with("hit; ttl=599");
        assert_eq!(purged, purges, "{body}");
    }
}

#[test]
fn what_can_match_no_page_is_rejected_and_not_called_done() {
    for body in [
        r#"{"prefixes":["/blog/../blog"]}"#,
        r#"{"prefixes":["/./blog"]}"#,
        r#"{"prefixes":["//blog"]}"#,
        r#"{"hosts":["*"]}"#,
        r#"{"hosts":["a,b"]}"#,
        r#"{"hosts":["a:b:c d"]}"#,
        r#"{"urls":["https://:443/a"]}"#,
        r#"{"urls":["https://site.test\\a"]}"#,
    ] {
        let seen = World::new(1).control(At::default(), body);
        assert_eq!(seen.status, 422, "{body}: {}", seen.text);
    }
}

#[test]
fn a_purge_reaches_every_spelling_of_a_url() {
    for (path, purge) in [
        ("/caf%c3%a9", r#"{"urls":["https://site.test/caf\u00e9"],"mode":"hard"}"#),
        ("/bl%6Fg/x", r#"{"prefixes":["/blog"],"mode":"hard"}"#),
        ("/br%7Bx%7D", r#"{"urls":["https://site.test/br{x}"],"mode":"hard"}"#),
        ("/qq?q=%27a%27", r#"{"urls":["https://site.test/qq?q='a'"],"mode":"hard"}"#),
        ("/qt?q=`a`", r#"{"urls":["https://site.test/qt?q=`a`"],"mode":"hard"}"#),
    ] {
        let world = World::new(1);
        world.origin.set(path, Page::new("old").fresh(600, 600));
        world.get(path);
        assert_eq!(world.control(At::default(), purge).status, 200);
        world.origin.set(path, Page::new("new").fresh(600, 600));
        assert_eq!(world.get(path).text, "new", "{path}");
    }
    // An encoded slash is none.
    let world = World::new(1);
    world.origin.set("/a%2Fb", Page::new("old").fresh(600, 600));
    world.get("/a%2Fb");
    world.control(At::default(), r#"{"urls":["https://site.test/a/b"],"mode":"hard"}"#);
    assert_eq!(world.get("/a%2Fb").cache(), "hit; ttl=599");
}

#[test]
fn a_field_that_stands_twice_in_a_purge_is_refused() {
    let world = World::new(1);
    let seen = world.control(At::default(), r#"{"tags":["a"],"tags":["b"]}"#);
    assert_eq!(seen.status, 400);
    let detail = told(&seen)["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("the field \"tags\" appears twice"), "{detail}");
}

#[test]
fn a_receipt_lists_what_was_purged_by_its_kind_and_each_once() {
    let body = json!({
        "tags": ["B", "b"],
        "urls": ["https://site.test/a b", "https://site.test/c?y"],
        "prefixes": ["/d/"],
        "hosts": ["Site.test"],
        "everything": true,
    });
    let seen = World::new(1).control(At::default(), &body.to_string());
    let purged = json!({
        "tags": ["b"],
        "urls": ["https://site.test/a%20b", "https://site.test/c?y"],
        "prefixes": ["/d"],
        "hosts": ["site.test"],
        "everything": true,
    });
    assert_eq!((seen.status, &told(&seen)["purged"]), (200, &purged));
}

#[rstest]
#[case::nothing(r#"{"tags":[]}"#, 400, "tags")]
#[case::no_object("[]", 400, "body")]
#[case::more_than_is_allowed(r#"{"tags":["a","b"],"hosts":["c"]}"#, 413, "PURGE_ITEMS_MAX")]
#[case::as_many_as_are_allowed(r#"{"tags":["a","b"]}"#, 200, "")]
#[case::a_field_that_stands_twice(r#"{"tags":["a"],"tags":["b"]}"#, 400, "body")]
fn a_request_in_bounds_is_carried_out(
    #[case] body: &str,
    #[case] status: u16,
    #[case] field: &str,
) {
    let seen = World::with(1, &[("PURGE_ITEMS_MAX", "2")]).control(At::default(), body);
    assert_eq!(seen.status, status, "{}", seen.text);
    assert_eq!(told(&seen)["field"].as_str().unwrap_or(""), field);
}

#[test]
fn a_body_that_is_no_object_is_told_so() {
    let seen = World::new(1).control(At::default(), "[]");
    assert!(
        told(&seen)["detail"].as_str().unwrap().contains("not a JSON object such as"),
        "{}",
        seen.text
    );
}

#[rstest]
#[case::as_deep_as_is_tagged(16, true)]
#[case::deeper(17, false)]
fn a_prefix_has_a_depth(#[case] depth: usize, #[case] is_purged: bool) {
    let body = json!({ "prefixes": ["/a".repeat(depth)] }).to_string();
    let seen = World::new(1).control(At::default(), &body);
    assert_eq!(seen.status, if is_purged { 200 } else { 422 }, "{}", seen.text);
}

#[test]
fn a_host_that_is_not_served_is_not_purged() {
    let world = World::with(1, &[("HOSTS", "site.test")]);
    let body = json!({ "hosts": ["site.test", "other.test"], "urls": ["https://other.test/"] });
    let seen = world.control(At::default(), &body.to_string());
    let rejected = told(&seen)["rejected"].as_array().unwrap().len();
    assert_eq!((rejected, &told(&seen)["purged"]["hosts"]), (2, &json!(["site.test"])));
}

#[rstest]
#[case::in_a_burst("", "KV did not confirm what is listed under failed; send it again.")]
#[case::of_one_request(
    "Too many API requests by single Worker invocation.",
    "lower PURGE_ITEMS_MAX"
)]
#[case::of_a_day("KV put() limit exceeded for the day.", "when the day (UTC) is over")]
fn a_purge_that_is_not_durable_says_what_to_do(#[case] failure: &str, #[case] advice: &str) {
    let world = World::new(1);
    world.kv.writes_fail.set(1_000);
    *world.kv.failure.borrow_mut() = failure.to_owned();
    let seen = world.purge("soft", &["a"]);
    let detail = told(&seen)["detail"].as_str().unwrap().to_owned();
    assert_eq!(seen.status, 503);
    assert!(detail.contains(advice), "{detail}");
}
