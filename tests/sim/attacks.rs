//! Each test is named after its attack: cache poisoning (a visitor's request changes what others
//! get) and cache deception (a visitor is led to store what is theirs).

use crate::origin::Page;
use crate::world::World;

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
    let paths =
        ["/a/b", "/a%2Fb", "/a%2fb", "/a%252Fb", "/A/b", "/a//b", "/a/./b", "/a/b/", "/a;x/b"];
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
        .url("/edge-isr");
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
    let rules = r#"[{"path":"/account/**","bypass":true}]"#;
    let world = World::with(1, &[("RULES", rules)]);
    for path in ["/account/me", "/%61ccount/me", "/accoun%74/me"] {
        world.origin.set(path, Page::new("mine").fresh(60, 60));
        assert_eq!(world.get(path).cache(), "fwd=bypass; detail=rule", "{path}");
    }
}
