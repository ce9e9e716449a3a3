//! What rules do to pages of an origin that does not know the edge.

use http::Method;
use rstest::rstest;

use crate::world::origin::Page;
use crate::world::{At, World};

const FORCE: &str = r#"[{"path":"/**","cache":"force","ttl":60,"stale_while_revalidate":60}]"#;
const FOREVER: &str = r#"[{"path":"/**","cache":"forever","tags":["path:{path}"]}]"#;

fn world(rules: &str) -> World {
    World::with(1, &[("RULES", rules)])
}

#[test]
fn a_page_without_a_lifetime_is_cached_for_as_long_as_the_rule_says() {
    let world = world(FORCE);
    world.origin.set("/a", Page::new("1"));
    assert_eq!(world.get("/a").text, "1");
    world.origin.set("/a", Page::new("2"));
    world.wait(59_000);
    let seen = world.get("/a");
    assert_eq!((seen.text.as_str(), seen.header("cache-control")), ("1", "max-age=0"));
    assert!(seen.cache().starts_with("hit"));
    world.wait(2_000);
    assert_eq!(world.get("/a").text, "1", "shown while it is revalidated");
    world.wait(1_000);
    assert_eq!(world.get("/a").text, "2");
}

#[test]
fn a_page_is_cached_forever_until_a_tag_of_its_rule_is_purged() {
    let world = world(FOREVER);
    world.origin.set("/a", Page::new("1").with("cache-control", "max-age=10"));
    world.get("/a");
    world.origin.set("/a", Page::new("2"));
    world.wait(30 * 24 * 3_600_000);
    let seen = world.get("/a");
    assert_eq!((seen.text.as_str(), seen.header("cache-control")), ("1", "max-age=0"));
    assert_eq!(world.purge("hard", &["path:/a"]).status, 200);
    assert_eq!(world.get("/a").text, "2");
}

#[rstest]
#[case::cookie(Page::new("1").with("set-cookie", "a=1"), "set-cookie")]
#[case::any(Page::new("1").with("vary", "*"), "vary-any")]
#[case::opted_out(Page::new("1").with("edge-isr", "no-store"), "no-store")]
#[case::private(Page::new("1").with("cache-control", "private"), "private")]
#[case::no_store(Page::new("1").with("cache-control", "no-store"), "no-store")]
#[case::missing(Page::new("1").status(404), "no-lifetime")]
fn a_rule_stores_no_response_that_might_be_for_one_visitor(
    #[case] page: Page,
    #[case] detail: &str,
) {
    for rules in [FORCE, FOREVER] {
        let world = world(rules);
        world.origin.set("/a", page.clone());
        world.get("/a");
        world.wait(100);
        let seen = world.get("/a");
        assert!(seen.cache().ends_with(&format!("detail={detail}")), "{}", seen.cache());
        assert_eq!(seen.header("edge-isr"), "");
    }
}

#[rstest]
#[case("private", "private, no-cache")]
#[case("private", "must-revalidate, no-cache, private")]
#[case("no-store", "no-store, max-age=0")]
fn a_rule_may_set_the_word_of_the_origin_aside(#[case] word: &str, #[case] said: &str) {
    let rules =
        format!(r#"[{{"cache":"force","ttl":60,"override":["{word}","no-cache","lifetime"]}}]"#);
    let world = world(&rules);
    world.origin.set("/a", Page::new("1").with("cache-control", said));
    world.get("/a");
    world.wait(1_000);
    assert!(world.get("/a").cache().starts_with("hit; ttl=58"), "{}", world.get("/a").cache());
}

#[test]
fn a_stated_lifetime_goes_before_the_rule_unless_it_is_set_aside() {
    for (word, ttl) in [("private", "hit; ttl=9"), ("lifetime", "hit; ttl=59")] {
        let world = world(&format!(r#"[{{"cache":"force","ttl":60,"override":"{word}"}}]"#));
        world.origin.set("/a", Page::new("1").with("cache-control", "max-age=10"));
        world.get("/a");
        world.wait(0);
        assert_eq!(world.get("/a").cache(), ttl);
    }
}

#[test]
fn a_page_that_a_rule_stores_is_shown_to_visitors_with_cookies_unless_it_varies_by_them() {
    for (page, is_hit) in [(Page::new("1"), true), (Page::new("1").with("vary", "cookie"), false)] {
        let world = world(FORCE);
        world.origin.set("/a", page);
        world.get("/a");
        let seen = world.get_with("/a", &[("cookie", "currency=eur")]);
        assert_eq!(seen.cache().starts_with("hit"), is_hit, "{}", seen.cache());
        let seen = world.get_with("/a", &[("cookie", "sessionid=1")]);
        assert_eq!(seen.cache(), "fwd=bypass; detail=login-cookie");
    }
}

#[test]
fn a_visitor_with_a_cookie_of_a_bypass_neither_gets_nor_fills_what_others_get() {
    let rules = r#"[{"cookie":"basket","cache":"bypass"},{"cache":"forever"}]"#;
    let world = world(rules);
    let page = Page::new("shop");
    world.origin.set("/a", page.but_where("cookie", "basket", Page::new("your basket")));
    let with_basket = || world.get_with("/a", &[("cookie", "basket=1")]);
    assert_eq!(with_basket().text, "your basket");
    assert_eq!(world.get("/a").text, "shop");
    assert_eq!(with_basket().text, "your basket");
    assert_eq!(with_basket().cache(), "fwd=bypass; detail=rule");
    assert!(world.get("/a").cache().starts_with("hit"));
}

#[test]
fn a_missing_page_is_cached_for_the_time_of_its_status() {
    let world = world(r#"[{"cache":"forever","status_ttl":{"404":60}}]"#);
    world.origin.set("/a", Page::new("missing").status(404));
    world.get("/a");
    assert!(world.get("/a").cache().starts_with("hit"));
    world.origin.set("/a", Page::new("found"));
    world.wait(61_000);
    assert_eq!(world.get("/a").text, "found");
}

#[rstest]
#[case(FOREVER, true)]
#[case(FORCE, false)]
fn a_head_for_a_cold_page_fills_it_where_it_is_cached_forever(
    #[case] rules: &str,
    #[case] fills: bool,
) {
    let world = world(rules);
    world.origin.set("/a", Page::new("1"));
    let seen = world.finish(world.ask(At::default(), Method::HEAD, "/a", &[], None));
    assert_eq!((seen.status, seen.text.as_str()), (200, ""));
    world.wait(100);
    let seen = world.get("/a");
    assert_eq!((seen.text.as_str(), seen.cache().starts_with("hit")), ("1", fills));
}

#[test]
fn browsers_are_told_the_lifetime_of_the_rule_and_it_begins_when_they_get_the_page() {
    let world = world(r#"[{"cache":"forever","browser_ttl":300}]"#);
    world.origin.set("/a", Page::new("1").with("expires", "0").with("pragma", "no-cache"));
    world.get("/a");
    world.wait(10_000);
    let seen = world.get("/a");
    assert_eq!((seen.header("cache-control"), seen.header("age")), ("max-age=300", "0"));
    assert_eq!((seen.header("expires"), seen.header("pragma")), ("", ""));
}

#[test]
fn the_preset_for_drupal_heeds_what_drupal_says_of_each_page() {
    let world = World::with(1, &[("PRESET", "drupal")]);
    let page = Page::new("1").with("expires", "Sun, 19 Nov 1978 05:00:00 GMT");
    world.origin.set("/node/7", page.clone().with("cache-control", "max-age=900, public"));
    // Its cache is switched off for a page with a captcha.
    world.origin.set("/contact", page.with("cache-control", "must-revalidate, no-cache, private"));
    for (path, cookie, is_hit) in [
        ("/node/7?utm_source=x", "_ga=1", true),
        ("/node/7", "SESS0123abc=x", false),
        ("/contact", "_ga=1", false),
    ] {
        let browser = [("user-agent", "Firefox"), ("cookie", cookie)];
        world.get_with(path, &browser);
        world.wait(100);
        let seen = world.get_with(path, &browser);
        assert_eq!(seen.cache().starts_with("hit; ttl="), is_hit, "{}", seen.cache());
    }
}

#[test]
fn new_rules_reach_what_is_stored() {
    let mut world = world(FOREVER);
    world.origin.set("/a", Page::new("1"));
    world.get("/a");
    world.origin.set("/a", Page::new("2"));
    let deploy = |world: &mut World, rules| world.deploy(&[("RULES", rules)]);
    deploy(&mut world, FORCE);
    assert_eq!(world.get("/a").text, "1");
    deploy(&mut world, r#"[{"path":"/a","cache":"bypass"}]"#);
    assert_eq!(world.get("/a").cache(), "fwd=bypass; detail=rule");
    deploy(&mut world, FORCE);
    world.wait(61_000);
    assert!(world.get("/a").cache().starts_with("hit; ttl=-"), "its lifetime is the new rule's");
    world.origin.set("/b", Page::new("1"));
    world.get("/b");
    world.origin.set("/b", Page::new("2"));
    world.deploy(&[]);
    assert_eq!(world.get("/b").text, "2", "no rule would store it now");
}

#[test]
fn with_rules_that_cannot_be_used_every_page_is_right_and_none_is_cached() {
    let world = world(r#"[{"path":"/account/**","cache":"bypas"}]"#);
    for text in ["1", "2"] {
        world.origin.set("/a", Page::new(text).fresh(60, 60));
        let seen = world.get("/a");
        assert_eq!((seen.text.as_str(), seen.cache()), (text, "fwd=bypass; detail=rules-invalid"));
    }
}

#[rstest]
#[case::named(&["PHPSESSID=1; path=/"], true)]
#[case::by_beginning(&["wp-theme-a=1", "PHPSESSID=2"], true)]
#[case::another(&["PHPSESSID=1", "basket=2"], false)]
#[case::no_more_than_the_name(&["PHPSESSIDS=1"], false)]
fn a_page_is_stored_without_the_cookies_that_a_rule_calls_harmless(
    #[case] set: &[&str],
    #[case] is_hit: bool,
) {
    let rules = r#"[{"cache":"forever","strip_set_cookies":["PHPSESSID","wp-theme-*"]}]"#;
    let world = world(rules);
    let page = set.iter().fold(Page::new("1"), |page, line| page.with("set-cookie", line));
    world.origin.set("/a", page);
    let browser = [("user-agent", "Firefox"), ("cookie", "a=1")];
    let first = world.get_with("/a", &browser);
    assert_ne!(first.header("set-cookie"), "", "the visitor's own response keeps them");
    world.wait(100);
    let seen = world.get_with("/a", &browser);
    assert_eq!(seen.cache().starts_with("hit"), is_hit, "{}", seen.cache());
    assert_eq!(seen.header("set-cookie").is_empty(), is_hit);
}

#[test]
fn a_304_without_a_content_type_loses_no_tag_of_a_rule() {
    let rules = r#"[{"content_type":"text/html","tags":["html"]},{"cache":"force","ttl":1}]"#;
    let world = world(rules);
    let page = Page::new("1").with("content-type", "text/html").tags("a").etag("\"1\"");
    world.origin.set("/a", page);
    world.get("/a");
    world.wait(2_000);
    assert!(world.get("/a").cache().starts_with("fwd=stale; fwd-status=304"));
    world.wait(100);
    world.origin.set("/a", Page::new("2").with("content-type", "text/html"));
    world.purge("hard", &["html"]);
    assert_eq!(world.get("/a").text, "2");
}

#[rstest]
#[case(r#""status":200,"#)]
#[case(r#""content_type":"text/html","#)]
#[case("")]
fn a_304_that_sets_a_harmless_cookie_keeps_the_page(#[case] condition: &str) {
    let rules =
        format!(r#"[{{{condition}"strip_set_cookies":"PHPSESSID"}},{{"cache":"force","ttl":1}}]"#);
    let world = world(&rules);
    let page = Page::new("1").with("content-type", "text/html").with("set-cookie", "PHPSESSID=1");
    world.origin.set("/a", page.etag("\"1\""));
    world.get("/a");
    world.wait(2_000);
    assert!(world.get("/a").cache().starts_with("fwd=stale; fwd-status=304"));
    world.wait(100);
    assert!(world.get("/a").cache().starts_with("hit"));
}

#[test]
fn what_was_stored_without_a_cookie_goes_with_the_rule_that_called_it_harmless() {
    let mut world = world(r#"[{"cache":"forever","strip_set_cookies":"csrf"}]"#);
    world.origin.set("/a", Page::new("1").with("set-cookie", "csrf=1"));
    world.get("/a");
    world.wait(100);
    assert!(world.get("/a").cache().starts_with("hit"));
    world.origin.set("/a", Page::new("2").with("set-cookie", "csrf=2"));
    world.deploy(&[("RULES", r#"[{"cache":"forever"}]"#)]);
    assert_eq!(world.get("/a").text, "2");
}

#[test]
fn a_redirect_that_only_adds_a_parameter_that_does_not_count_is_not_stored() {
    let world = world(r#"[{"cache":"forever","key":{"query":"none"}}]"#);
    world.origin.set("/a", Page::new("").status(301).with("location", "/a?lang=en"));
    world.get("/a");
    world.wait(100);
    assert!(world.get("/a").cache().ends_with("detail=redirects-to-itself"));
}

#[test]
fn the_first_browser_is_told_the_lifetime_of_the_rule_too() {
    let world = world(FOREVER);
    world.origin.set("/a", Page::new("1").with("cache-control", "max-age=86400"));
    world.origin.set("/b", Page::new("1").with("cache-control", "private, max-age=86400"));
    let browser = [("user-agent", "Firefox"), ("cookie", "a=1")];
    let own = world.get_with("/a", &browser);
    assert_eq!(own.header("cache-control"), "private, max-age=0");
    let own = world.get_with("/b", &browser);
    assert_eq!(own.header("cache-control"), "private, max-age=86400", "a page that is not stored");
}

const KEY: &str = r#"[{"cache":"forever","key":{"query":{"except":"tracking"}}}]"#;

#[test]
fn a_link_of_a_newsletter_is_a_hit_on_the_page_and_its_parameters_never_reach_the_origin() {
    let world = world(KEY);
    world.origin.set("/a?page=2", Page::new("2"));
    let browser = [("user-agent", "Firefox"), ("cookie", "a=1")];
    for path in ["/a?utm_source=x&page=2", "/a?page=2", "/a?page=2&fbclid=y"] {
        assert_eq!(world.get_with(path, &browser).text, "2", "{path}");
        world.wait(100);
    }
    assert!(world.get("/a?page=2&gclid=1").cache().starts_with("hit"));
    assert!(world.origin.requests.borrow().iter().all(|asked| asked.url.ends_with("/a?page=2")));
}

#[test]
fn a_purge_of_a_url_is_one_of_the_page_that_the_rules_make_of_it() {
    let world = world(KEY);
    world.origin.set("/a?page=2", Page::new("old"));
    world.get("/a?page=2&utm_source=x");
    world.origin.set("/a?page=2", Page::new("new"));
    world.control(
        At::default(),
        r#"{"urls":["https://site.test/a?utm_medium=y&page=2"],"mode":"hard"}"#,
    );
    assert_eq!(world.get("/a?page=2").text, "new");
}

#[test]
fn a_post_invalidates_the_page_that_the_rules_make_of_its_url() {
    let world = world(KEY);
    world.origin.set("/a", Page::new("old"));
    world.get("/a?utm_source=x");
    assert!(world.get("/a").cache().starts_with("hit"));
    world.origin.set("/a?utm_source=y", Page::new("done"));
    world.finish(world.ask(At::default(), Method::POST, "/a?utm_source=y", &[], None));
    world.origin.set("/a", Page::new("new"));
    assert_eq!(world.get("/a").text, "new");
}

#[test]
fn a_request_that_bypasses_reaches_the_origin_as_it_came() {
    let rules =
        r#"[{"query":"preview","cache":"bypass"},{"cache":"forever","key":{"query":"none"}}]"#;
    let world = world(rules);
    world.origin.set("/a?preview=1&utm_source=x", Page::new("preview"));
    world.origin.set("/a", Page::new("page"));
    assert_eq!(world.get("/a?preview=1&utm_source=x").text, "preview");
    assert_eq!(world.get("/a?utm_source=x").text, "page");
}

#[test]
fn many_values_of_a_query_make_too_many_tags_and_nothing_is_stored() {
    let world = world(r#"[{"cache":"forever","tags":["{query.a}"]}]"#);
    let query: Vec<String> = (0..1_001).map(|number| format!("a={number:x}")).collect();
    let path = format!("/?{}", query.join("&"));
    let path = &path[..path.len().min(4_000)];
    world.origin.set(path, Page::new("1"));
    world.get(path);
    world.wait(100);
    assert!(
        world.get(path).cache().starts_with("hit"),
        "a URL of 4 kB holds fewer than a thousand"
    );
}

#[test]
fn header_fields_are_set_and_removed_on_the_way_out_whether_the_page_is_stored_or_not() {
    let rules = r#"[
        {"path":"/a","response_headers":{"x-frame-options":"DENY"}},
        {"content_type":"text/html","response_headers":{"x-html":"1"}},
        {"cache":"force","ttl":60,"response_headers":{"server":false,"x-frame-options":"SAMEORIGIN"}}
    ]"#;
    let world = world(rules);
    let page = Page::new("1").with("content-type", "text/html").with("server", "Apache");
    world.origin.set("/a", page.clone().etag("\"1\""));
    world.origin.set("/b", page.with("cache-control", "private"));
    let fields = |seen: &crate::world::Seen| {
        ["x-frame-options", "x-html", "server"].map(|name| seen.header(name).to_owned())
    };
    let browser = [("user-agent", "Firefox"), ("cookie", "a=1")];
    for _ in 0..3 {
        assert_eq!(fields(&world.get_with("/a", &browser)), ["DENY", "1", ""]);
        assert_eq!(fields(&world.get_with("/b", &browser)), ["SAMEORIGIN", "1", ""]);
        world.wait(100);
    }
    let login = world.get_with("/a", &[("cookie", "sessionid=1")]);
    assert_eq!(
        (fields(&login), login.cache()),
        (["DENY", "1", ""].map(str::to_owned), "fwd=bypass; detail=login-cookie")
    );
    let seen = world.get_with("/a", &[("if-none-match", "\"1\"")]);
    assert_eq!(seen.status, 304);
}

#[test]
fn header_fields_are_set_and_removed_on_the_way_to_the_origin() {
    let rules =
        r#"[{"path":"/a","request_headers":{"x-tenant":"7","referer":false}},{"cache":"forever"}]"#;
    let world = world(rules);
    for path in ["/a", "/b"] {
        world.origin.set(path, Page::new("1"));
        let sent =
            [("user-agent", "Firefox"), ("referer", "/x"), ("x-tenant", "9"), ("cookie", "a=1")];
        world.get_with(path, &sent);
        world.get_with(path, &[("cookie", "sessionid=1"), ("x-tenant", "9"), ("referer", "/x")]);
    }
    for asked in world.origin.requests.borrow().iter() {
        let said =
            |name: &str| asked.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        if asked.url.ends_with("/a") {
            assert_eq!((said("x-tenant").as_deref(), said("referer")), (Some("7"), None));
        } else {
            assert_ne!(said("x-tenant").as_deref(), Some("7"));
        }
    }
}

#[test]
fn a_cookie_that_a_rule_ignores_means_nothing_on_its_pages_alone() {
    let world = world(r#"[{"path":"/static/**","ignore_cookies":["*"]}]"#);
    let moved = Page::new("").status(302).with("location", "/x").fresh(600, 0);
    for path in ["/static/a", "/b"] {
        world.origin.set(path, moved.clone());
        world.get(path);
        world.wait(100);
    }
    let browser = [("user-agent", "Firefox"), ("cookie", "theme=dark")];
    assert!(world.get_with("/static/a", &browser).cache().starts_with("hit"));
    assert_eq!(world.get_with("/b", &browser).cache(), "fwd=bypass; detail=cookie");
}

#[rstest]
#[case::soft("soft", "hit; ttl=-")]
#[case::hard("hard", "fwd=uri-miss")]
#[case::keep("keep", "hit; ttl=")]
fn a_new_build_of_the_site_makes_older_pages_stale_or_unusable(
    #[case] versioned: &str,
    #[case] seen: &str,
) {
    let rules = format!(
        r#"[{{"cache":"force","ttl":600,"stale_while_revalidate":60,"versioned":"{versioned}"}}]"#
    );
    let deploy = |world: &mut World, build| world.deploy(&[("RULES", &rules), ("BUILD_ID", build)]);
    let mut world = World::with(1, &[("RULES", &rules), ("BUILD_ID", "1")]);
    world.origin.set("/a", Page::new("of build 1"));
    world.get("/a");
    world.wait(10_000);
    // The same build, in a new isolate: nothing changes.
    deploy(&mut world, "1");
    assert!(world.get("/a").cache().starts_with("hit; ttl=5"));
    world.origin.set("/a", Page::new("of build 2"));
    deploy(&mut world, "2");
    let first = world.get("/a");
    assert!(first.cache().starts_with(seen), "{}", first.cache());
    world.wait(1_000);
    let next = world.get("/a");
    let is_kept = versioned == "keep";
    assert_eq!(next.text, if is_kept { "of build 1" } else { "of build 2" });
    assert!(next.cache().starts_with("hit; ttl=5"), "{}", next.cache());
}

#[test]
fn a_page_of_an_old_build_that_is_stale_is_freshened_by_a_304() {
    let rules = r#"[{"cache":"force","ttl":600,"versioned":"soft"}]"#;
    let mut world = World::with(1, &[("RULES", rules), ("BUILD_ID", "1")]);
    world.origin.set("/a", Page::new("1").etag("\"1\""));
    world.get("/a");
    world.wait(10_000);
    world.deploy(&[("RULES", rules), ("BUILD_ID", "2")]);
    assert!(world.get("/a").cache().starts_with("fwd=stale; fwd-status=304"));
    world.wait(100);
    assert!(world.get("/a").cache().starts_with("hit; ttl=599"));
}
