//! Unsafe methods, and what their answers invalidate.

use edge_isr::platform::{Clock, Context};
use edge_isr::policy::key::CacheKey;
use http::Method;

use crate::world::origin::Page;
use crate::world::{At, Pending, Seen, World};

use super::{OTHER_CENTRE, OTHER_ISOLATE};

fn ask(world: &World, method: Method, path: &str, headers: &[(&str, &str)]) -> Seen {
    world.finish(world.ask(At::default(), method, path, headers, Some("")))
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
fn an_unsafe_method_makes_the_url_stale_everywhere_by_setting() {
    let world = World::with(1, &[("INVALIDATION", "everywhere")]);
    world.origin.set("/a", Page::new("old").fresh(600, 600));
    for at in [At::default(), OTHER_CENTRE] {
        world.get_at(at, "/a");
    }
    ask(&world, Method::POST, "/a", &[]);
    world.origin.set("/a", Page::new("new").fresh(600, 600));
    assert_eq!(world.get("/a").text, "new");
    world.wait(21_000);
    assert_eq!(world.get_at(OTHER_CENTRE, "/a").text, "old", "a soft purge");
    world.wait(100);
    assert_eq!(world.get_at(OTHER_CENTRE, "/a").text, "new");
}

#[test]
fn an_invalidation_that_fails_is_logged_without_the_values_of_queries() {
    let world = World::with(1, &[("INVALIDATION", "everywhere")]);
    let path = "/a?token=secret";
    world.origin.set(path, Page::new("old").fresh(600, 600));
    world.get(path);
    world.kv.writes_fail.set(u64::MAX);
    ask(&world, Method::POST, path, &[]);
    world.wait(60_000);
    let log = world.log.take();
    let said = "the purge of url site.test/a?token was not confirmed";
    assert!(log.iter().any(|line| line.contains(said)), "{log:?}");
    assert!(!log.iter().any(|line| line.contains("secret")), "{log:?}");
}

#[test]
fn an_unsafe_method_invalidates_what_location_and_content_location_name_on_the_same_origin() {
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
fn an_invalidation_is_said_to_stay_here_only_if_the_budget_does_not_suffice() {
    for (budget, is_said) in [("2", false), ("1", true)] {
        let world = world_with_a_group(&[("VISITOR_WRITES_PER_DAY", budget)]);
        world.get("/save");
        ask(&world, Method::POST, "/save", &[]);
        let said = world.log.borrow().iter().any(|line| line.contains("in this isolate"));
        assert_eq!(said, is_said, "{budget}: {:?}", world.log.borrow());
    }
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
fn a_page_is_a_hit_again_as_soon_as_it_was_fetched_after_an_unsafe_request() {
    for setting in ["here", "groups", "everywhere"] {
        let world = world_with_a_group(&[("INVALIDATION", setting)]);
        for (method, path) in [(Method::POST, "/list"), (Method::POST, "/save")] {
            world.get("/list");
            world.wait(100);
            ask(&world, method, path, &[]);
            world.wait(100);
            let invalidated = world.get("/list");
            assert!(!invalidated.cache().starts_with("hit; ttl=5"), "{}", invalidated.cache());
            world.wait(1_000);
            let again = world.get("/list");
            assert!(
                again.cache().starts_with("hit; ttl=59"),
                "{path} {setting}: {}",
                again.cache()
            );
        }
    }
}

/// A page that passes is fetched without a lease, and another request may store it meanwhile.
#[test]
fn an_unsafe_method_reaches_a_render_that_began_while_the_page_passed() {
    let world = World::new(1);
    let passes = Page::new("mine").with("cache-control", "private");
    world.origin.set("/a", passes);
    world.get("/a");
    world.origin.set("/a", Page::new("old").fresh(600, 600).renders_in(8_000));
    let slow = world.start("/a");
    world.wait(1_000);
    world.origin.set("/a", Page::new("old").fresh(600, 600));
    world.get("/a");
    world.wait(1_000);
    world.cache(0).evict_all();
    world.origin.set("/a", Page::new("new").fresh(600, 600));
    ask(&world, Method::POST, "/a", &[]);
    world.finish(slow);
    world.wait(20_000);
    assert_eq!(world.get("/a").text, "new");
}

#[test]
fn a_flood_of_other_pages_hides_no_render_from_an_unsafe_method() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("old").fresh(600, 600).renders_in(8_000));
    let first = world.start("/a");
    world.wait(1_000);
    // As many as an isolate remembers.
    let platform = world.platform(At::default());
    for number in 0..4_096 {
        let key = CacheKey::parse(&format!("https://site.test/{number}")).unwrap();
        platform.isolate().asked.note(&key.slot(), platform.now(), platform.now());
    }
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
fn a_render_that_an_unsafe_method_overtook_is_stored_for_no_other_isolate() {
    // The page is cold, or it is being revalidated in the background.
    for is_stored in [false, true] {
        let world = World::new(1);
        let old = || Page::new("old").fresh(600, 600);
        if is_stored {
            world.origin.set("/a", Page::new("old").fresh(5, 600));
            world.get("/a");
            world.wait(6_000);
        }
        world.origin.set("/a", old().renders_in(8_000));
        let first = world.start("/a");
        world.wait(3_000);
        world.origin.set("/a", Page::new("new").fresh(600, 600));
        ask(&world, Method::POST, "/a", &[]);
        assert_eq!(world.finish(first).text, "old");
        world.wait(10_000);
        assert_eq!(world.get_at(OTHER_ISOLATE, "/a").text, "new");
    }
}

#[test]
fn an_unsafe_method_invalidates_though_its_visitor_hangs_up() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("old").fresh(600, 600));
    world.get("/a");
    world.origin.set("/a", Page::new("new").fresh(600, 600).renders_in(1_000));
    world.origin.take("/a");
    world.groups.set((1, 2));
    world.ask(At::default(), Method::POST, "/a", &[], Some(""));
    world.wait(500);
    assert_eq!(world.origin.take("/a"), 1, "the origin has the request");
    world.executor.end(|group| group == 1);
    world.groups.set((0, 0));
    world.wait(5_000);
    assert_eq!(world.get("/a").text, "new");
}

#[test]
fn an_unsafe_method_reaches_what_this_isolate_fetches_for_scripts_of_other_sites() {
    let world = World::new(1);
    let page = |text| Page::new(text).fresh(600, 600).with("access-control-allow-origin", "*");
    let script = [("origin", "https://app.test")];
    world.origin.set("/a", page("old").renders_in(8_000));
    let ask_slow = |_| world.ask(At::default(), Method::GET, "/a", &script, None);
    let slow = [0, 1, 2].map(ask_slow);
    world.wait(1_000);
    world.origin.set("/a", page("new"));
    ask(&world, Method::POST, "/a", &[]);
    world.wait(20_000);
    assert!(slow.iter().all(Pending::is_there));
    assert_eq!(world.get_with("/a", &script).text, "new");
}

#[test]
fn an_unsafe_method_on_a_page_that_was_fetched_long_ago_costs_no_write() {
    let world = World::with(1, &[("INVALIDATION", "everywhere")]);
    world.origin.set("/cart", Page::new("mine").with("cache-control", "private"));
    world.get("/cart");
    world.wait(120_000);
    ask(&world, Method::POST, "/cart", &[]);
    world.wait(1_000);
    assert_eq!(world.kv.writes.get(), 0);
}
