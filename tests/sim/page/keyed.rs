//! Pages whose key has parts of a visitor's request, by rules.

use http::Method;
use rstest::rstest;

use crate::world::origin::Page;
use crate::world::{At, World};

const SHOP: &str = r#"[
    {"path":"/cart","cache":"bypass"},
    {"key":{"cookies":{"currency":["EUR","USD"]}}},
    {"cache":"forever","tags":["currency:{cookie.currency}"]}
]"#;

fn world(rules: &str) -> World {
    World::with(1, &[("RULES", rules)])
}

/// A shop that shows prices in the currency of a cookie, and what it is sent of it.
fn shop() -> World {
    let world = world(SHOP);
    let priced = Page::new("?").but_where("cookie", "currency=EUR", Page::new("EUR"));
    world.origin.set("/a", priced.but_where("cookie", "currency=USD", Page::new("USD")));
    world
}

fn browser(cookie: &str) -> [(&str, &str); 2] {
    [("user-agent", "Firefox"), ("cookie", cookie)]
}

#[test]
fn each_visitor_is_shown_the_page_of_the_cookie_that_counts() {
    let world = shop();
    for is_hit in [false, true] {
        for (cookie, text) in [("currency=EUR", "EUR"), ("currency=USD", "USD"), ("_ga=1", "?")] {
            let seen = world.get_with("/a", &browser(cookie));
            assert_eq!((&*seen.text, seen.cache().starts_with("hit")), (text, is_hit), "{cookie}");
            world.wait(100);
        }
    }
    // Whatever else they send, and in whichever place.
    for cookie in ["_ga=2; currency=EUR", "currency=EUR; currency=USD", " currency=EUR ;x=1"] {
        let seen = world.get_with("/a", &browser(cookie));
        assert_eq!((&*seen.text, seen.cache().starts_with("hit")), ("EUR", true), "{cookie}");
    }
    let seen = world.get_with("/a", &browser("currency=XXX"));
    assert_eq!((&*seen.text, seen.cache().starts_with("hit")), ("?", true), "it is not listed");
}

#[test]
fn a_purge_by_tag_or_url_reaches_the_page_of_every_visitor() {
    let world = shop();
    let purges = [
        r#"{"urls":["https://site.test/a"],"mode":"hard"}"#,
        r#"{"everything":true,"mode":"hard"}"#,
        r#"{"tags":["currency:EUR","currency:USD"],"mode":"hard"}"#,
    ];
    for purge in purges {
        for cookie in ["currency=EUR", "currency=USD"] {
            world.get_with("/a", &browser(cookie));
            world.wait(100);
            assert!(world.get_with("/a", &browser(cookie)).cache().starts_with("hit"));
        }
        world.control(At::default(), purge);
        for cookie in ["currency=EUR", "currency=USD"] {
            assert!(!world.get_with("/a", &browser(cookie)).cache().starts_with("hit"), "{purge}");
        }
        world.wait(100);
    }
}

#[test]
fn a_tag_that_names_a_part_of_the_key_purges_the_page_of_those_visitors_alone() {
    let world = shop();
    for cookie in ["currency=EUR", "currency=USD"] {
        world.get_with("/a", &browser(cookie));
    }
    world.wait(100);
    world.purge("hard", &["currency:EUR"]);
    assert!(!world.get_with("/a", &browser("currency=EUR")).cache().starts_with("hit"));
    assert!(world.get_with("/a", &browser("currency=USD")).cache().starts_with("hit"));
}

#[test]
fn an_unsafe_request_invalidates_the_page_of_every_visitor() {
    let world = shop();
    for cookie in ["currency=EUR", "currency=USD"] {
        world.get_with("/a", &browser(cookie));
    }
    // This isolate has forgotten that it asked for them.
    world.wait(30 * 60_000);
    let post = world.ask(At::default(), Method::POST, "/a", &browser("currency=EUR"), Some("x"));
    world.finish(post);
    for cookie in ["currency=EUR", "currency=USD"] {
        assert!(!world.get_with("/a", &browser(cookie)).cache().starts_with("hit"), "{cookie}");
    }
}

#[test]
fn status_shows_the_tags_of_each_visitors_page() {
    let world = shop();
    for cookie in ["currency=EUR", "currency=USD"] {
        world.get_with("/a", &browser(cookie));
        world.wait(61_000);
    }
    assert_eq!(world.urls_of_tag("currency:EUR"), ["https://site.test/a"]);
    let status = world.status("url=https%3A%2F%2Fsite.test%2Fa");
    let mut of_keys: Vec<String> =
        status["by_key"].as_array().unwrap().iter().map(|of| of.to_string()).collect();
    of_keys.sort();
    assert_eq!(
        of_keys,
        [
            r#"{"key":["cookie.currency=EUR"],"tags":["currency:eur"]}"#,
            r#"{"key":["cookie.currency=USD"],"tags":["currency:usd"]}"#,
        ]
    );
}

#[rstest]
#[case::cookies(r#"{"cookies":{"a":["1"]}}"#, ("cookie", "a=1"), ("cookie", "a=2"))]
#[case::headers(r#"{"headers":{"x-a":["1"]}}"#, ("x-a", "1"), ("x-a", "2"))]
#[case::locale(r#"{"locale":["en","de"]}"#, ("accept-language", "de"), ("accept-language", "fr"))]
#[case::country(r#"{"country":true}"#, ("cf-ipcountry", "DE"), ("cf-ipcountry", "FR"))]
#[case::device(r#"{"device":true}"#, ("user-agent", "iPhone"), ("user-agent", "iPad"))]
fn new_rules_for_the_key_reach_what_is_stored(
    #[case] key: &str,
    #[case] one: (&str, &str),
    #[case] other: (&str, &str),
) {
    let mut world = world(r#"[{"cache":"forever"}]"#);
    world.origin.set("/a", Page::new("old"));
    world.get("/a");
    world.origin.set("/a", Page::new("new"));
    world.deploy(&[("RULES", &format!(r#"[{{"cache":"forever","key":{key}}}]"#))]);
    for line in [one, other] {
        assert_eq!(world.get_with("/a", &[line]).text, "new");
        world.wait(100);
        assert!(world.get_with("/a", &[line]).cache().starts_with("hit"));
    }
}

#[test]
fn a_login_still_bypasses_and_sends_what_the_visitor_sent() {
    let world = shop();
    let own =
        Page::new("own").but_where("cookie", "currency=XXX; sessionid=1", Page::new("as sent"));
    world.origin.set("/a", own);
    let seen = world.get_with("/a", &browser("currency=XXX; sessionid=1"));
    assert_eq!((&*seen.text, seen.cache()), ("as sent", "fwd=bypass; detail=login-cookie"));
}

#[test]
fn a_long_cookie_field_counts_as_none_and_its_request_goes_alone() {
    let world = shop();
    let cookie = format!("currency=EUR; a={}", "x".repeat(16_000));
    let seen = world.get_with("/a", &browser(&cookie));
    assert!(!seen.cache().contains("stored"), "{}", seen.cache());
}

#[test]
fn a_cookie_field_just_below_the_limit_still_counts() {
    let key =
        r#"[{"key":{"locale":{"list":["english-language"],"cookie":"the_language_of_the_site"}}}]"#;
    let world = world(key);
    let own = Page::new("own").with("cache-control", "private");
    let moved =
        Page::new("all").status(302).with("location", "/b").with("cache-control", "max-age=600");
    world.origin.set("/a", moved.but_where("cookie", "sid=", own));
    for length in [8_100, 8_140, 8_170, 8_186, 8_200] {
        let cookie = format!("sid={}", "x".repeat(length - 4));
        assert_eq!(world.get_with("/a", &browser(&cookie)).text, "own", "{length}");
        world.get("/a");
        world.wait(100);
    }
}

#[test]
fn no_spelling_of_a_cookie_that_counts_evades_a_bypass() {
    let rules = r#"[
        {"cookie":{"role":"editor"},"cache":"bypass"},
        {"key":{"cookies":{"role":["editor","guest"]}}},
        {"cache":"forever"}
    ]"#;
    let world = world(rules);
    let page = Page::new("page").but_where("cookie", "role=editor", Page::new("editor"));
    world.origin.set("/a", page.but_where("cookie", "role=\"editor", Page::new("editor")));
    for cookie in ["role=\"editor\"", "role=\"editor", "role= editor", "role=guest; role=editor"] {
        for _ in 0..3 {
            world.get_with("/a", &browser(cookie));
            world.wait(100);
        }
        assert_eq!(world.get_with("/a", &browser("role=guest")).text, "page", "{cookie}");
        assert_eq!(world.get_with("/a", &browser("_ga=1")).text, "page", "{cookie}");
        let seen = world.get_with("/a", &browser(cookie));
        assert!(!(seen.text == "editor" && seen.cache().starts_with("hit")), "{cookie}");
    }
}

#[test]
fn posts_to_pages_that_are_not_stored_spend_nothing() {
    let rules = r#"[{"key":{"cookies":{"currency":["EUR"]}}},{"cache":"forever"}]"#;
    let settings =
        [("RULES", rules), ("INVALIDATION", "everywhere"), ("GRAPH_WRITES_PER_MINUTE", "20")];
    let world = World::with(1, &settings);
    world.origin.set("/a", Page::new("old"));
    world.get("/a");
    let other = At { centre: 1, isolate: 0 };
    world.get_at(other, "/a");
    world.wait(60_000);
    for number in 0..60 {
        world.origin.set(&format!("/n?{number}"), Page::new("done"));
        world.finish(world.ask(At::default(), Method::POST, &format!("/n?{number}"), &[], None));
    }
    world.origin.set("/a", Page::new("new"));
    world.finish(world.ask(At::default(), Method::POST, "/a", &[], None));
    world.wait(120_000);
    world.get_at(other, "/a");
    world.wait(1_000);
    assert_eq!(world.get_at(other, "/a").text, "new");
}

#[test]
fn a_cookie_beside_those_of_the_key_is_no_part_of_a_page_for_all() {
    let rules = r#"[{"key":{"locale":{"list":["en"],"cookie":"lang"}}}]"#;
    let world = World::with(1, &[("RULES", rules), ("COOKIE_VARIANTS", "true")]);
    let all = Page::new("all").fresh(600, 0);
    let own = Page::new("own").fresh(600, 0).with("vary", "cookie");
    let of_visitor = Page::new("of sid").fresh(600, 0);
    // It names `Cookie` to browsers alone.
    let page = all.but_where("user-agent", "Firefox", own);
    world.origin.set("/a", page.but_where("cookie", "sid=", of_visitor));
    world.get_with("/a", &browser("sid=1"));
    world.wait(100);
    assert_eq!(world.get("/a").text, "all");
}
