//! `LOG`: lines for each request of a visitor and for each purge.

use http::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::world::origin::Page;
use crate::world::{At, World};

/// A world with a log, in which `/a` is fresh for a minute and stale for another.
fn world() -> World {
    let world = World::with(1, &[("LOG", "requests")]);
    world.origin.set("/a", Page::new("one").fresh(60, 60));
    world.origin.set("/a?x=1", Page::new("one").fresh(60, 60));
    world.origin.set("/own", Page::new("own").with("cache-control", "private"));
    world
}

fn lines(world: &World) -> Vec<String> {
    world.log.take()
}

#[test]
fn a_page_is_missed_then_hit_then_stale() {
    let world = world();
    world.get("/a?x=1");
    world.get("/a?x=1");
    world.wait(61_000);
    world.get("/a?x=1");
    let words: Vec<String> = lines(&world)
        .iter()
        .map(|line| line.split(' ').take(4).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(words, ["GET /a?x=1 200 miss", "GET /a?x=1 200 hit", "GET /a?x=1 200 stale"]);
}

#[test]
fn requests_that_wait_for_another_are_misses_too() {
    let world = world();
    world.origin.set("/a", Page::new("one").fresh(60, 60).renders_in(100));
    let asked: Vec<_> = (0..3).map(|_| world.start("/a")).collect();
    asked.into_iter().for_each(|pending| drop(world.finish(pending)));
    let lines = lines(&world);
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines.iter().all(|line| line.starts_with("GET /a 200 miss (fwd=")), "{lines:?}");
}

#[test]
fn a_page_past_its_windows_is_a_miss_though_it_is_asked_for_anew() {
    let world = world();
    world.origin.set("/a", Page::new("one").fresh(60, 0).etag("\"1\""));
    world.get("/a");
    world.wait(61_000);
    world.log.take();
    world.get("/a");
    let lines = lines(&world);
    assert!(lines[0].starts_with("GET /a 200 miss (fwd=stale"), "{lines:?}");
}

#[test]
fn what_goes_past_the_cache_passes() {
    let world = world();
    world.finish(world.ask(At::default(), Method::POST, "/a", &[], Some("x")));
    world.get("/own");
    let lines = lines(&world);
    assert!(lines[0].starts_with("POST /a 200 pass (fwd=method"), "{lines:?}");
    assert!(lines[1].starts_with("GET /own 200 pass (fwd="), "{lines:?}");
}

#[test]
fn a_page_that_becomes_cacheable_again_is_a_miss_though_it_passed() {
    let world = world();
    world.get("/own");
    world.origin.set("/own", Page::new("ours").fresh(60, 60));
    world.log.take();
    world.get("/own");
    let lines = lines(&world);
    assert!(lines[0].starts_with("GET /own 200 miss (fwd=uri-miss"), "{lines:?}");
    assert!(lines[0].ends_with("stored; detail=private)"), "{lines:?}");
}

#[test]
fn a_head_for_a_page_that_is_not_stored_is_a_miss() {
    let world = world();
    world.finish(world.ask(At::default(), Method::HEAD, "/a", &[], None));
    assert_eq!(lines(&world), ["HEAD /a 200 miss (fwd=uri-miss)"]);
}

#[test]
fn a_page_that_is_not_there_is_a_miss_with_its_status() {
    let world = world();
    world.origin.set("/gone", Page::new("gone").status(404).fresh(60, 0));
    world.get("/gone");
    assert!(lines(&world)[0].starts_with("GET /gone 404 miss (fwd=uri-miss"));
}

const RULES: &str = r#"[{"path":"/shop/**","key":{"cookies":{"currency":["EUR","USD"]},"query":{"except":"tracking"}},
    "tags":["shop","c:{query.page}"]},{"path":"/cart","cache":"bypass"}]"#;

/// The lines of `LOG = "decisions"` that a run leaves.
fn decisions(log: &str, run: impl FnOnce(&World)) -> Vec<Value> {
    let world = World::with(1, &[("LOG", log), ("RULES", RULES), ("DEBUG", "true")]);
    let page = |body| Page::new(body).fresh(60, 600).tags("post-7,Posts");
    world.origin.set("/shop/a?page=secret", page("one"));
    world.origin.set("/shop/a", page("one"));
    world.origin.set("/cart", page("one"));
    run(&world);
    let lines = world.log.take();
    lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

#[test]
fn a_decision_has_the_key_the_tags_and_the_reason() {
    let lines = decisions("decisions", |world| {
        let asked = [("cookie", "currency=USD; _ga=private")];
        world.get_with("/shop/a?utm_source=private&page=secret", &asked);
        world.wait(1_000);
        world.get_with("/shop/a?utm_source=private&page=secret", &asked);
    });
    let line = |status: &str, decision| {
        json!({
            "log": "decision", "method": "GET", "host": "site.test", "path": "/shop/a",
            "query": "utm_source&page", "status": 200, "decision": decision, "cache_status": status,
            "key": "https://site.test/shop/a?page", "key_parts": ["cookie.currency=USD"],
            "tags": ["post-7", "posts", "shop", "…"],
        })
    };
    let missed = line("fwd=uri-miss; fwd-status=200; stored", "miss");
    assert_eq!(lines, [missed, line("hit; ttl=58", "hit")]);
}

#[test]
fn a_decision_shows_values_of_the_query_where_they_are_asked_for() {
    let lines = decisions("decisions values", |world| drop(world.get("/shop/a?page=secret")));
    assert_eq!(lines[0]["query"], "page=secret");
    assert_eq!(lines[0]["key"], "https://site.test/shop/a?page=secret");
    assert_eq!(lines[0]["tags"], json!(["post-7", "posts", "shop", "c:secret"]));
}

#[test]
fn a_parameter_whose_name_may_be_a_value_is_not_shown() {
    let lines = decisions("decisions", |world| drop(world.get("/shop/a?eyJhbGciOi&a&=b&page=1")));
    assert_eq!(lines[0]["query"], "…&…&&page");
    for secret in
        ["U0VDUkVU=", "U0VDUkVUx==", "a;token=1", "a%3DSECRET=1", &format!("{:a<41}=1", "")]
    {
        let path = format!("/shop/a?page=1&{secret}&a[b]=1");
        let lines = decisions("decisions", |world| drop(world.get(&path)));
        assert_eq!(lines[0]["query"], "page&…&a[b]", "{secret}");
    }
}

#[rstest]
#[case::a_hit("/shop/a?ttl=-1", "hit")]
#[case::a_hit_with_a_detail("/shop/a?detail=x", "hit")]
fn what_stands_in_the_key_is_no_reason(#[case] path: &str, #[case] decision: &str) {
    let lines = decisions("decisions", |world| {
        world.origin.set(path, Page::new("one").fresh(60, 600));
        world.get(path);
        world.get(path);
    });
    assert_eq!(lines[1]["decision"], decision);
}

#[test]
fn a_rule_is_named_only_where_it_is_the_reason() {
    let lines = decisions("decisions", |world| {
        world.finish(world.ask(At::default(), Method::POST, "/cart", &[], Some("x")));
    });
    assert_eq!(lines[0]["rule"], Value::Null);
    assert!(lines[0]["cache_status"].as_str().unwrap().contains("fwd=method"));
}

#[test]
fn a_cache_group_is_spelt_as_in_the_name_of_its_purge() {
    let lines = decisions("decisions", |world| {
        let page = Page::new("one").fresh(60, 600).with("cache-groups", "\"News?x=1\"");
        world.origin.set("/news", page);
        world.get("/news");
        world.wait(1_000);
        let headers = [("cache-group-invalidation", "\"News?x=1\"")];
        let changed = Page::new("changed").with(headers[0].0, headers[0].1);
        world.origin.set("/change", changed);
        world.finish(world.ask(At::default(), Method::POST, "/change", &[], Some("x")));
        world.get("/news");
    });
    let group = "cache group site.test:News?x=1";
    assert_eq!(lines[0]["tags"], json!([group]));
    assert_eq!(lines[2]["purged_by"], group);
}

#[test]
fn a_request_that_bypasses_the_cache_has_no_key_and_no_tags() {
    let lines = decisions("decisions", |world| drop(world.get("/cart")));
    assert_eq!((&lines[0]["decision"], &lines[0]["key"]), (&json!("pass"), &Value::Null));
    assert_eq!((&lines[0]["rule"], &lines[0]["tags"]), (&json!(2), &Value::Null));
    assert!(lines[0]["cache_status"].as_str().unwrap().ends_with("detail=rule"));
}

#[rstest]
#[case::of_a_tag(r#"{"tags":["Post-7"]}"#, "tag post-7")]
#[case::of_a_tag_that_holds_a_value(r#"{"tags":["c:secret"]}"#, "tag …")]
#[case::of_the_page(
    r#"{"urls":["https://site.test/shop/a?page=secret"]}"#,
    "url site.test/shop/a?page"
)]
#[case::of_the_page_with_every_query(
    r#"{"urls":["https://site.test/shop/a"]}"#,
    "url site.test/shop/a"
)]
#[case::of_a_prefix(r#"{"prefixes":["/shop"]}"#, "prefix /shop")]
#[case::of_a_host(r#"{"hosts":["site.test"]}"#, "host site.test")]
#[case::of_all_pages(r#"{"everything":true}"#, "everything")]
fn a_decision_names_the_purge(#[case] purge: &str, #[case] said: &str) {
    let lines = decisions("decisions", |world| {
        world.get("/shop/a?page=secret");
        world.wait(1_000);
        assert_eq!(world.control(At::default(), purge).status, 200);
        world.get("/shop/a?page=secret");
    });
    let of = |line: &Value| (line["decision"].clone(), line["purged_by"].clone());
    assert_eq!(of(&lines[0]), (json!("miss"), Value::Null));
    assert_eq!(of(&lines[1]), (json!("stale"), json!(said)));
}

#[test]
fn a_decision_names_the_hard_purge_of_several() {
    let lines = decisions("decisions", |world| {
        world.get("/shop/a");
        world.wait(1_000);
        world.purge("hard", &["posts"]);
        world.purge("soft", &["post-7", "shop"]);
        world.get("/shop/a");
    });
    assert_eq!(lines[1]["purged_by"], "tag posts");
}

#[test]
fn a_purge_has_a_line_with_its_reply_also_if_it_is_refused() {
    let world = World::with(1, &[("LOG", "purges")]);
    let receipt = world.purge("hard", &["a"]);
    let refused = world.control(At::default(), r#"{"tag":["a"]}"#);
    world.origin.set("/a", Page::new("one").fresh(60, 60));
    world.get("/a");
    let lines: Vec<Value> =
        lines(&world).iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let expected = [&receipt, &refused].map(|seen| {
        let reply: Value = serde_json::from_str(&seen.text).unwrap();
        json!({ "log": "purge", "status": seen.status, "reply": reply })
    });
    assert_eq!(lines, expected);
    assert_eq!(refused.status, 400);
}

#[test]
fn a_purge_with_a_wrong_token_has_a_line_without_it() {
    let world = World::with(1, &[("LOG", "purges")]);
    let headers = [("authorization", "Bearer guessed-guessed-guessed")];
    let pending = world.ask(At::default(), Method::POST, "/edge-isr/purge", &headers, Some("{}"));
    assert_eq!(world.finish(pending).status, 401);
    let lines = lines(&world);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("401") && !lines[0].contains("guessed"), "{lines:?}");
}

#[test]
fn without_the_setting_there_is_no_line() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("one").fresh(60, 60));
    world.get("/a");
    assert!(world.log.take().is_empty());
}
