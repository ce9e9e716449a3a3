//! Each test is named after its attack: cache poisoning (a visitor's request changes what others
//! get) and cache deception (a visitor is led to store what is theirs).

use http::Method;

use crate::world::origin::Page;
use crate::world::{At, TOKEN, World};

/// The fields of the request that filled the cache.
fn filled_with(headers: &[(&str, &str)]) -> http::HeaderMap {
    let world = World::new(1);
    world.origin.set("/a", Page::new("one").fresh(60, 60));
    world.get_with("/a", headers);
    let requests = world.origin.requests.borrow();
    requests[0].headers.clone()
}

#[test]
fn poisoning_by_host_override() {
    for name in ["x-forwarded-host", "x-host", "x-forwarded-server", "forwarded"] {
        let sent = filled_with(&[(name, "host=evil.test")]);
        assert!(!sent.values().any(|value| value.to_str().unwrap().contains("evil")), "{name}");
    }
}

#[test]
fn poisoning_by_scheme_override() {
    let sent = filled_with(&[("x-forwarded-proto", "http"), ("x-forwarded-scheme", "nothttps")]);
    assert_eq!(sent["x-forwarded-proto"], "https");
    assert!(!sent.contains_key("x-forwarded-scheme"));
}

#[test]
fn poisoning_by_url_override() {
    for name in ["x-original-url", "x-rewrite-url", "x-forwarded-prefix"] {
        assert!(!filled_with(&[(name, "/admin")]).contains_key(name), "{name}");
    }
}

#[test]
fn poisoning_by_method_override() {
    for name in ["x-http-method-override", "x-http-method", "x-method-override"] {
        assert!(!filled_with(&[(name, "POST")]).contains_key(name), "{name}");
    }
}

#[test]
fn poisoning_by_a_range_or_a_condition() {
    let sent = filled_with(&[("if-none-match", "\"1\""), ("if-range", "\"1\"")]);
    assert!(!sent.contains_key("if-none-match") && !sent.contains_key("if-range"));
}

#[test]
fn poisoning_by_hop_by_hop_abuse() {
    let named = ("connection", "x-forwarded-proto, accept-language");
    let sent = filled_with(&[named, ("accept-language", "de")]);
    assert!(!sent.contains_key("connection"));
    assert_eq!(sent["x-forwarded-proto"], "https");
    assert_eq!(sent["accept-language"], "de", "what selects an answer is what the origin saw");
}

#[test]
fn denial_of_service_by_a_poisoned_error() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("bad request").status(400));
    world.get_with("/a", &[("x-oversized", "x")]);
    world.origin.set("/a", Page::new("one").fresh(60, 60));
    assert_eq!(world.get("/a").text, "one");
}

#[test]
fn deception_by_a_static_suffix() {
    for path in ["/account/x.css", "/account;x.js", "/account%2Fx.png", "/account/..%2Fx.ico"] {
        for (name, value) in
            [("cache-control", "private"), ("set-cookie", "a=b"), ("x", "no lifetime")]
        {
            let world = World::new(1);
            let page = Page::new("mine").with(name, value);
            let page =
                if name == "set-cookie" { page.with("cache-control", "max-age=60") } else { page };
            world.origin.set(path, page);
            world.get_with(path, &[("cookie", "theme=dark")]);
            world.origin.take(path);
            world.get(path);
            assert_eq!(world.origin.take(path), 1, "{path} {name}");
        }
    }
}

#[test]
fn deception_by_a_path_that_two_readers_read_differently() {
    let world = World::new(1);
    let paths = ["/a/b", "/a%2Fb", "/a%2fb", "/a%252Fb", "/A/b", "/a//b", "/a/b/", "/a;x/b"];
    for path in paths {
        world.origin.set(path, Page::new(path).fresh(60, 60));
    }
    for path in paths.iter().chain(&paths) {
        assert_eq!(world.get(path).text, *path, "kept apart, never merged");
    }
}

#[test]
fn poisoning_by_a_parameter_that_only_one_reader_splits() {
    let world = World::new(1);
    let paths =
        ["/a?x=1;y=2", "/a?x=1&y=2", "/a?x=1%26y=2", "/a?x=1&x=2", "/a?x=2&x=1", "/a?X=1&y=2"];
    for path in paths {
        world.origin.set(path, Page::new(path).fresh(60, 60));
    }
    for path in paths.iter().chain(&paths) {
        assert_eq!(world.get(path).text, *path);
    }
}

#[test]
fn reading_what_is_stored_past_the_edge() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("one").fresh(60, 60));
    world.get("/a");
    let url = edge_isr::policy::key::CacheKey::parse("https://site.test/a")
        .unwrap()
        .slot()
        .url("/edge-isr", TOKEN.as_bytes());
    let seen = world.get(url.strip_prefix("https://site.test").unwrap());
    assert_eq!(seen.status, 404);
}

#[test]
fn poisoning_by_underscores() {
    let sent = filled_with(&[("x_forwarded_host", "evil.test"), ("x-original_host", "evil.test")]);
    assert!(!sent.values().any(|value| value.to_str().unwrap().contains("evil")));
}

#[test]
fn denial_of_service_by_a_request_that_the_origin_refuses() {
    for status in [400, 413, 414, 431, 429] {
        let world = World::new(1);
        world.origin.set(
            "/a",
            Page::new("good").with(
                "cache-control",
                "max-age=60, stale-while-revalidate=60, stale-if-error=6000",
            ),
        );
        world.get("/a");
        world.wait(61_000);
        world.origin.set("/a", Page::new("refused").status(status));
        assert_eq!(world.get_with("/a", &[("x-oversized", "x")]).text, "good");
        world.wait(100);
        world.origin.set("/a", Page::unreachable());
        assert_eq!(world.get("/a").text, "good", "{status}");
    }
}

#[test]
fn evasion_of_a_rule_by_another_spelling() {
    let rules = r#"[{"path":"/account/**","cache":"bypass"}]"#;
    let world = World::with(1, &[("RULES", rules)]);
    for path in [
        "/account/me",
        "/%61ccount/me",
        "/accoun%74/me",
        "//account/me",
        "/account%2fme",
        "/x/..%2faccount/me",
        "/account",
        "/account/",
    ] {
        world.origin.set(path, Page::new("mine").fresh(60, 60));
        assert_eq!(world.get(path).cache(), "fwd=bypass; detail=rule", "{path}");
    }
}

#[test]
fn a_token_never_reaches_the_origin_by_another_spelling_of_the_prefix() {
    let world = World::new(1);
    let token = format!("Bearer {TOKEN}");
    let body = r#"{"everything":true}"#;
    for (path, status) in [
        ("//edge-isr/purge", 404),
        ("/edge%2Disr/purge", 404),
        ("/EDGE-isr/purge", 404),
        // What is keyed and asked for has no dot segments: this is the route itself.
        ("/x/../edge-isr/purge", 200),
    ] {
        let headers = [("authorization", token.as_str())];
        let asked = world.ask(At::default(), Method::POST, path, &headers, Some(body));
        assert_eq!(world.finish(asked).status, status, "{path}");
    }
    assert!(world.origin.requests.borrow().is_empty());
}

fn post(world: &World, path: &str) {
    world.finish(world.ask(At::default(), Method::POST, path, &[], Some("")));
}

/// A hundred POSTs, by turns: at the page itself, and at a page that redirects to it as the attacker chooses.
fn posts_at_a_hundred_pages(world: &World) {
    for number in 0..100 {
        let victim = format!("/victim/{number}");
        world.origin.set(&victim, Page::new("x").fresh(600, 600));
        world.get(&victim);
        world.origin.set("/login", Page::new("").status(302).with("location", &victim));
        post(world, if number % 2 == 0 { &victim } else { "/login" });
    }
    world.wait(100);
}

#[test]
fn anonymous_posts_write_no_purge_record() {
    let world = World::new(1);
    posts_at_a_hundred_pages(&world);
    assert_eq!(world.kv.writes.get(), 0);
}

#[test]
fn anonymous_posts_that_the_world_is_told_of_keep_to_a_budget_and_purge_softly() {
    let settings = [("INVALIDATION", "everywhere"), ("GRAPH_WRITES_PER_MINUTE", "60")];
    let world = World::with(1, &settings);
    posts_at_a_hundred_pages(&world);
    assert_eq!((world.kv.writes.get(), world.kv.keys("p/s/").len()), (60, 60));
}

/// A page whose answers to POST name groups of this round, so that no write is like another.
fn invalidates_groups(world: &World, round: usize) {
    let groups: Vec<String> = (0..50).map(|group| format!("\"{round}-{group}\"")).collect();
    let page = Page::new("saved").with("cache-group-invalidation", &groups.join(", "));
    world.origin.set("/save", page);
    post(world, "/save");
    world.wait(100);
}

#[test]
fn cache_groups_share_one_budget_of_writes() {
    let world = World::with(1, &[("GRAPH_WRITES_PER_MINUTE", "60")]);
    for round in 0..20 {
        invalidates_groups(&world, round);
    }
    assert_eq!(world.kv.writes.get(), 60);
    // The tag graph has nothing left either.
    world.origin.set("/a", Page::new("x").fresh(600, 600).tags("a"));
    world.get("/a");
    assert_eq!(world.kv.writes.get(), 60);
    let lines = world.log.borrow().iter().filter(|line| line.contains("unsafe requests")).count();
    assert_eq!(lines, 1, "a minute");
}

#[test]
fn what_visitors_may_write_in_a_day_leaves_the_rest_for_authenticated_purges() {
    let settings = [("GRAPH_WRITES_PER_MINUTE", "60"), ("VISITOR_WRITES_PER_DAY", "100")];
    let world = World::with(1, &settings);
    for round in 0..20 {
        invalidates_groups(&world, round);
        world.wait(60_000);
    }
    assert_eq!(world.kv.writes.get(), 100);
    assert_eq!(world.purge("soft", &["a"]).status, 200);
    assert!(world.kv.writes.get() > 100);
    world.wait(24 * 60 * 60_000);
    let written = world.kv.writes.get();
    invalidates_groups(&world, 20);
    assert_eq!(world.kv.writes.get(), written + 50);
}

#[test]
fn a_group_past_the_budget_still_holds_in_this_isolate() {
    let world = World::with(1, &[("VISITOR_WRITES_PER_DAY", "0")]);
    world.origin.set("/list", Page::new("old").fresh(600, 600).with("cache-groups", "\"0-49\""));
    world.get("/list");
    world.origin.set("/list", Page::new("new").fresh(600, 600));
    invalidates_groups(&world, 0);
    assert_eq!(world.get("/list").text, "new");
    assert_eq!(world.kv.writes.get(), 0);
}

#[test]
fn visitors_write_nothing_for_an_hour_after_kv_said_that_the_day_is_spent() {
    let world = World::new(1);
    *world.kv.failure.borrow_mut() = "KV put() limit exceeded for the day.".to_owned();
    world.kv.writes_fail.set(1);
    invalidates_groups(&world, 0);
    world.wait(61_000);
    let written = world.kv.writes.get();
    invalidates_groups(&world, 1);
    assert_eq!(world.kv.writes.get(), written);
    world.wait(60 * 60_000);
    invalidates_groups(&world, 2);
    assert_eq!(world.kv.writes.get(), written + 50);
}
