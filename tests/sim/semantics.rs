//! What HTTP asks of a shared cache beyond freshness: ranges, unsafe methods, a visitor's own wishes.

use http::Method;

use crate::world::origin::Page;
use crate::world::{At, Seen, World};

const OTHER_ISOLATE: At = At { centre: 0, isolate: 1 };
const OTHER_CENTRE: At = At { centre: 1, isolate: 0 };

fn ask(world: &World, method: Method, path: &str, headers: &[(&str, &str)]) -> Seen {
    world.finish(world.ask(At::default(), method, path, headers, Some("")))
}

#[test]
fn a_stored_page_answers_ranges_9110_14() {
    for text in ["0123456789".to_owned(), "0123456789".repeat(500)] {
        let length = text.len();
        let world = World::new(1);
        let page = Page::new(&text).fresh(60, 60).with("content-length", &length.to_string());
        world.origin.set("/a", page.etag("\"1\""));
        world.get("/a");
        let part = world.get_with("/a", &[("range", "bytes=2-4")]);
        assert_eq!((part.status, part.text.as_str()), (206, "234"));
        assert_eq!(part.header("content-range"), format!("bytes 2-4/{length}"));
        assert_eq!(part.header("content-length"), "3");
        let suffix = world.get_with("/a", &[("range", "bytes=-1"), ("if-range", "\"1\"")]);
        assert_eq!((suffix.status, suffix.text.as_str()), (206, "9"));
        let beyond = world.get_with("/a", &[("range", "bytes=9000-")]);
        assert_eq!((beyond.status, beyond.text.as_str()), (416, ""));
        let changed = world.get_with("/a", &[("range", "bytes=2-4"), ("if-range", "\"2\"")]);
        assert_eq!((changed.status, changed.text.len()), (200, length));
        let seen = world.get_with("/a", &[("range", "bytes=2-4"), ("if-none-match", "\"1\"")]);
        assert_eq!(seen.status, 304);
        assert_eq!(world.origin.take("/a"), 1);
    }
}

#[test]
fn a_206_of_the_origin_is_passed_on_and_not_stored() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("23").status(206).fresh(60, 60));
    for _ in 0..2 {
        let seen = world.get_with("/a", &[("range", "bytes=2-3")]);
        assert_eq!((seen.status, seen.cache()), (206, "fwd=uri-miss; detail=range"));
    }
    assert_eq!(world.origin.take("/a"), 2);
}

#[test]
fn a_successful_unsafe_method_invalidates_the_url_in_its_data_centre_9111_4_4() {
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
        let world = World::new(1);
        world.origin.set("/a", Page::new("old").fresh(600, 600));
        for at in [At::default(), OTHER_ISOLATE, OTHER_CENTRE] {
            world.get_at(at, "/a");
        }
        ask(&world, method, "/a", &[]);
        world.origin.set("/a", Page::new("new").fresh(600, 600));
        assert_eq!(world.get_at(OTHER_ISOLATE, "/a").text, "new");
        assert_eq!(world.get("/a").text, "new");
        world.wait(11_000);
        let seen = world.get_at(OTHER_CENTRE, "/a");
        assert_eq!((seen.text.as_str(), seen.cache()), ("old", "hit; ttl=588"));
    }
}

#[test]
fn it_makes_the_url_stale_everywhere_by_setting() {
    let world = World::with(1, &[("INVALIDATION", "everywhere")]);
    world.origin.set("/a", Page::new("old").fresh(600, 600));
    for at in [At::default(), OTHER_CENTRE] {
        world.get_at(at, "/a");
    }
    ask(&world, Method::POST, "/a", &[]);
    world.origin.set("/a", Page::new("new").fresh(600, 600));
    assert_eq!(world.get("/a").text, "new");
    world.wait(11_000);
    assert_eq!(world.get_at(OTHER_CENTRE, "/a").text, "old", "a soft purge");
    world.wait(100);
    assert_eq!(world.get_at(OTHER_CENTRE, "/a").text, "new");
}

#[test]
fn it_invalidates_what_location_and_content_location_name_on_the_same_origin() {
    for (reference, invalidates) in [
        ("/b", true),
        ("b", true),
        ("https://site.test/b", true),
        ("//site.test/b", true),
        ("https://other.test/b", false),
        ("http://site.test/b", false),
    ] {
        for field in ["location", "content-location"] {
            let world = World::new(1);
            world.origin.set("/b", Page::new("old").fresh(600, 600));
            world.get("/b");
            world.origin.set("/a", Page::new("").status(303).with(field, reference));
            ask(&world, Method::POST, "/a", &[]);
            world.origin.set("/b", Page::new("new").fresh(600, 600));
            assert_eq!(world.get("/b").text == "new", invalidates, "{field}: {reference}");
        }
    }
}

#[test]
fn an_error_or_a_safe_method_invalidates_nothing() {
    let asks = |name: &str| Method::from_bytes(name.as_bytes()).unwrap();
    for (method, status) in [
        (Method::POST, 500),
        (Method::POST, 404),
        (Method::OPTIONS, 200),
        (asks("PROPFIND"), 207),
        (asks("SEARCH"), 200),
        (asks("REPORT"), 200),
    ] {
        let world = World::with(1, &[("INVALIDATION", "everywhere")]);
        world.origin.set("/a", Page::new("old").fresh(600, 600));
        world.get("/a");
        world.origin.set("/a", Page::new("no").status(status));
        ask(&world, method, "/a", &[]);
        assert_eq!(world.get("/a").text, "old");
    }
}

#[test]
fn an_unsafe_method_on_what_is_not_stored_costs_no_kv_write() {
    let world = World::with(1, &[("INVALIDATION", "everywhere")]);
    world.origin.set("/a", Page::new("done"));
    ask(&world, Method::POST, "/a", &[]);
    assert_eq!(world.kv.writes.get(), 0);
}

/// `/list` in the group `"Posts"`, and `/save`, whose answer invalidates that group.
fn world_with_a_group(settings: &[(&str, &str)]) -> World {
    let world = World::with(1, settings);
    world.origin.set("/list", Page::new("old").fresh(600, 600).with("cache-groups", "\"Posts\""));
    let page = Page::new("saved").with("cache-group-invalidation", "\"Posts\";x=1, \"none\"");
    world.origin.set("/save", page.fresh(60, 0));
    world
}

#[test]
fn an_answer_to_an_unsafe_method_purges_the_groups_it_names_9875_3() {
    let world = world_with_a_group(&[]);
    world.origin.set("/other", Page::new("old").fresh(600, 600).with("cache-groups", "\"posts\""));
    for at in [At::default(), OTHER_CENTRE] {
        world.get_at(at, "/list");
        world.get_at(at, "/other");
    }
    world.origin.set("/list", Page::new("new").fresh(600, 600));
    // "…MUST be ignored on responses to requests that have a safe method."
    world.get("/save");
    assert_eq!(world.get("/list").text, "old");
    ask(&world, Method::POST, "/save", &[]);
    assert_eq!(world.get("/list").text, "new");
    assert_eq!(world.get("/other").text, "old");
    world.wait(11_000);
    assert_eq!(world.get_at(OTHER_CENTRE, "/list").text, "old", "a soft purge");
    world.wait(100);
    assert_eq!(world.get_at(OTHER_CENTRE, "/list").text, "new");
    assert_eq!(world.get_at(OTHER_CENTRE, "/other").text, "old");
}

#[test]
fn an_invalidation_that_stays_here_writes_nothing() {
    let world = world_with_a_group(&[("INVALIDATION", "here"), ("GRAPH_WRITES_PER_MINUTE", "60")]);
    world.get("/list");
    world.origin.set("/list", Page::new("new").fresh(600, 600));
    let written = world.kv.writes.get();
    ask(&world, Method::POST, "/save", &[]);
    assert_eq!(world.kv.writes.get(), written);
    assert_eq!(world.get("/list").text, "new", "in this isolate");
}

#[test]
fn only_if_cached_asks_the_origin_nothing_5_2_1_7() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("one").fresh(60, 60));
    let asked = [("cache-control", "only-if-cached")];
    assert_eq!(world.get_with("/a", &asked).status, 504);
    assert_eq!(world.origin.take("/a"), 0);
    world.get("/a");
    assert_eq!(world.get_with("/a", &asked).text, "one");
}

#[test]
fn a_visitors_own_directives_are_heeded_by_setting_only_5_2_1() {
    for (setting, asked) in [("false", 1), ("true", 3)] {
        let world = World::with(1, &[("REQUEST_DIRECTIVES", setting)]);
        world.origin.set("/a", Page::new("one").fresh(60, 60));
        world.get("/a");
        world.get_with("/a", &[("cache-control", "no-cache")]);
        world.get_with("/a", &[("cache-control", "no-store")]);
        assert_eq!(world.origin.take("/a"), asked, "REQUEST_DIRECTIVES={setting}");
    }
}

#[test]
fn authorized_answers_are_shared_by_setting_only_and_where_3_5_allows_it() {
    let authorization = [("authorization", "Basic eA==")];
    for (setting, control, shared) in [
        ("false", "s-maxage=60", false),
        ("true", "s-maxage=60", true),
        ("true", "public, max-age=60", true),
        ("true", "max-age=60", false),
    ] {
        let world = World::with(1, &[("SHARE_AUTHORIZED", setting)]);
        world.origin.set("/a", Page::new("one").with("cache-control", control));
        world.get_with("/a", &authorization);
        world.get_with("/a", &authorization);
        assert_eq!(world.origin.take("/a") == 1, shared, "{setting}: {control}");
        assert_eq!(world.get("/a").cache().starts_with("hit"), shared, "{setting}: {control}");
    }
}

#[test]
fn an_authorized_request_takes_no_page_from_the_others() {
    let world = World::with(1, &[("SHARE_AUTHORIZED", "true")]);
    world.origin.set("/a", Page::new("one").with("cache-control", "max-age=60").etag("\"1\""));
    world.get("/a");
    world.wait(61_000);
    world.get_with("/a", &[("authorization", "Basic eA==")]);
    assert_eq!(world.get("/a").cache(), "fwd=stale; fwd-status=304; stored");
}

#[test]
fn a_window_on_error_is_granted_by_setting_and_not_beside_s_maxage_alone() {
    for (control, status) in [
        ("max-age=60", 200),
        ("max-age=60, must-revalidate", 502),
        ("max-age=60, stale-if-error=1", 502),
        ("s-maxage=60", 502),
    ] {
        let world = World::with(1, &[("STALE_IF_ERROR", "600")]);
        world.origin.set("/a", Page::new("good").with("cache-control", control));
        world.get("/a");
        world.wait(70_000);
        world.origin.set("/a", Page::unreachable());
        assert_eq!(world.get("/a").status, status, "{control}");
    }
}

#[test]
fn withheld_fields_reach_their_own_visitor_and_no_other_5_2_2_4() {
    let world = World::new(1);
    let control = "s-maxage=60, private=\"x-mine\", no-cache=\"x-once\"";
    let page = Page::new("one").with("cache-control", control);
    world.origin.set("/a", page.with("x-mine", "1").with("x-once", "2").with("x-all", "3"));
    let seen = world.get("/a");
    assert_eq!(
        (seen.header("x-mine"), seen.header("x-once"), seen.header("x-all")),
        ("1", "2", "3")
    );
    let seen = world.get("/a");
    assert_eq!((seen.header("x-mine"), seen.header("x-once"), seen.header("x-all")), ("", "", "3"));
}

#[test]
fn urls_that_differ_in_what_no_vary_search_excludes_share_a_response() {
    let world = World::new(1);
    let page = Page::new("one").fresh(60, 60).with("no-vary-search", "params=(\"utm\")");
    for path in ["/a?x=1&utm=a", "/a?x=1&utm=b", "/a?x=1", "/a?x=2"] {
        world.origin.set(path, page.clone());
    }
    world.get("/a?x=1&utm=a");
    for path in ["/a?x=1&utm=a", "/a?utm=b&x=1", "/a?x=1"] {
        assert_eq!(world.get(path).cache(), "hit; ttl=59", "{path}");
    }
    assert_eq!(world.get("/a?x=2").cache(), "fwd=uri-miss; fwd-status=200; stored");
}

#[test]
fn a_response_that_says_nothing_of_its_query_is_not_shared() {
    let world = World::new(1);
    let page = |text| Page::new(text).fresh(60, 0);
    world.origin.set("/a?utm=a", page("one").with("no-vary-search", "params=(\"utm\")"));
    world.get("/a?utm=a");
    world.wait(61_000);
    world.origin.set("/a", page("none"));
    world.origin.set("/a?utm=b", page("b"));
    world.origin.set("/a?utm=c", page("c"));
    for _ in 0..2 {
        assert_eq!(world.get("/a?utm=b").text, "b");
        assert_eq!(world.get("/a?utm=c").text, "c");
    }
}

#[test]
fn a_rule_of_the_query_is_forgotten_with_the_first_response_that_does_not_say_it() {
    let world = World::new(1);
    let page = |text| Page::new(text).fresh(60, 6000);
    world.origin.set("/a?utm=a", page("one").with("no-vary-search", "params=(\"utm\")"));
    world.get("/a?utm=a");
    world.wait(61_000);
    // What is shared is asked for by the URL that all share.
    world.origin.set("/a", page("none"));
    world.origin.set("/a?utm=c", page("c"));
    assert_eq!(world.get("/a?utm=b").text, "one", "still shared, and stale");
    world.wait(100);
    assert_eq!(world.get("/a?utm=c").text, "c");
}

#[test]
fn a_purge_by_tag_reaches_what_urls_share() {
    let world = World::new(1);
    let page = |text| Page::new(text).fresh(60, 60).with("no-vary-search", "params").tags("t");
    world.origin.set("/a?utm=a", page("old"));
    world.get("/a?utm=a");
    assert_eq!(world.get("/a?utm=b").text, "old");
    world.origin.set("/a", page("new"));
    world.purge("hard", &["t"]);
    assert_eq!(world.get("/a?utm=b").text, "new");
    assert_eq!(world.get("/a?utm=a").text, "new");
}

#[test]
fn times_and_the_key_are_told_to_a_token_that_may_read_and_in_development() {
    let told = |settings: &[(&str, &str)], headers: &[(&str, &str)]| {
        let world = World::with(1, settings);
        world.origin.set("/a?y=1&x=\"", Page::new("one").fresh(60, 60));
        let seen = world.get_with("/a?y=1&x=\"", headers);
        let sent = world.origin.requests.borrow()[0].headers.contains_key("edge-isr-debug");
        assert!(!sent, "the token is not for the origin");
        let hit = world.get_with("/a?y=1&x=\"", headers);
        (seen.header("server-timing").to_owned(), hit.cache().to_owned())
    };
    let reader = [("READ_TOKENS", "the-token-that-reads")];
    let nothing = (String::new(), "hit; ttl=59".to_owned());
    assert_eq!(told(&reader, &[]), nothing);
    assert_eq!(told(&reader, &[("edge-isr-debug", "wrong")]), nothing);
    for (settings, headers) in [
        (&reader, [("edge-isr-debug", "the-token-that-reads")].as_slice()),
        (&[("DEBUG", "true")], [].as_slice()),
    ] {
        let (timing, status) = told(settings, headers);
        assert_eq!(timing, "cache;dur=0, cache;dur=0, origin;dur=10");
        assert_eq!(status, "hit; ttl=59; key=\"https://site.test/a?y=1&x=\\\"\"");
    }
}

#[test]
fn a_304_that_varies_otherwise_is_not_the_stored_response_9111_4_1() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("in ").fresh(60, 0).etag("\"1\""));
    world.get_with("/a", &[("accept-language", "en")]);
    world.wait(61_000);
    let mut page = Page::new("in ").fresh(60, 0).etag("\"1\"").with("vary", "accept-language");
    page.varies = Some("accept-language".to_owned());
    world.origin.set("/a", page);
    assert_eq!(world.get_with("/a", &[("accept-language", "en")]).text, "in en");
    assert_eq!(world.get_with("/a", &[("accept-language", "de")]).text, "in de");
}

#[test]
fn a_304_for_something_else_forfeits_no_window_on_error() {
    let world = World::new(1);
    let control = "max-age=60, stale-if-error=6000";
    world.origin.set("/a", Page::new("good").with("cache-control", control).etag("\"1\""));
    world.get("/a");
    world.wait(61_000);
    let mut page = Page::new("broken").status(503).with("etag", "\"2\"");
    page.mistaken_304 = true;
    world.origin.set("/a", page);
    assert_eq!(world.get("/a").text, "good");
}

#[test]
fn a_304_that_nobody_asked_for_is_a_bad_gateway() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("").status(304));
    assert_eq!(world.get("/a").status, 502);
}

#[test]
fn an_unsafe_method_reaches_a_cold_render_that_is_under_way() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("old").fresh(600, 600).renders_in(8_000));
    let first = world.start("/a");
    world.wait(3_000);
    world.origin.set("/a", Page::new("new").fresh(600, 600));
    ask(&world, Method::POST, "/a", &[]);
    assert_eq!(world.finish(first).text, "old");
    assert_eq!(world.get("/a").text, "new");
}

#[test]
fn an_unsafe_method_reaches_every_variant_whatever_may_be_written() {
    let world = World::with(1, &[("GRAPH_WRITES_PER_MINUTE", "0")]);
    let page = |version: &str| {
        let mut page = Page::new(version).fresh(600, 600).with("vary", "accept-language");
        page.varies = Some("accept-language".to_owned());
        page
    };
    let read = |language| world.get_with("/a", &[("accept-language", language)]).text;
    world.origin.set("/a", page("1 "));
    assert_eq!((read("en"), read("de")), ("1 en".to_owned(), "1 de".to_owned()));
    ask(&world, Method::POST, "/a", &[]);
    world.origin.set("/a", page("2 "));
    assert_eq!((read("en"), read("de")), ("2 en".to_owned(), "2 de".to_owned()));
    assert_eq!(world.kv.writes.get(), 0);
}

#[test]
fn a_page_that_stops_and_resumes_varying_never_goes_back() {
    let world = World::new(1);
    let page = |version: &str| {
        let mut page = Page::new(version).fresh(60, 0).with("vary", "accept-language");
        page.varies = Some("accept-language".to_owned());
        page
    };
    let read = |language| world.get_with("/a", &[("accept-language", language)]).text;
    world.origin.set("/a", page("1 "));
    read("en");
    world.wait(30_000);
    read("de");
    world.wait(31_000);
    world.origin.set("/a", Page::new("2 ").fresh(1, 0));
    assert_eq!((read("en"), read("de")), ("2 ".to_owned(), "2 ".to_owned()));
    world.wait(2_000);
    world.origin.set("/a", page("3 "));
    assert_eq!((read("en"), read("de")), ("3 en".to_owned(), "3 de".to_owned()));
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
    assert!(seen.text.contains("\"field\":\"tags\""), "{}", seen.text);
}

#[test]
fn a_head_for_a_page_that_turned_out_uncacheable_is_sent_on_as_a_head() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("mine").with("cache-control", "private"));
    world.get("/a");
    ask(&world, Method::HEAD, "/a", &[]);
    assert_eq!(world.origin.requests.borrow().last().unwrap().method, Method::HEAD);
}

#[test]
fn a_304_that_makes_the_page_private_is_reported_as_the_304_it_was() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("one").fresh(60, 0).etag("\"1\""));
    world.get("/a");
    world.wait(61_000);
    world.origin.set("/a", Page::new("one").with("cache-control", "private").etag("\"1\""));
    assert_eq!(world.get("/a").cache(), "fwd=stale; fwd-status=304; detail=private");
}
