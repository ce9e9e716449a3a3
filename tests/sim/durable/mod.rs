//! The durable tier: a page that one data centre stored is there for all.

mod keep;

use std::rc::Rc;
use std::time::Duration;

use http::Method;
use rstest::rstest;

use crate::world::kv::SimKv;
use crate::world::origin::Page;
use crate::world::{At, Seen, World};

const HERE: At = At { centre: 0, isolate: 0 };
/// A data centre that has never seen a page.
const COLD: At = At { centre: 1, isolate: 0 };
const HOUR: u64 = 3_600_000;

fn world() -> World {
    with(&[])
}

fn with(settings: &[(&str, &str)]) -> World {
    let plain = [("RULES", r#"[{"path":"/**","plain":true}]"#)];
    let mut world = World::with(1, &[&plain, settings].concat());
    world.pages = Some(Rc::new(SimKv::default()));
    world
}

fn pages(world: &World) -> Rc<SimKv> {
    world.pages.clone().unwrap()
}

/// The response of a cold data centre for the page `/a`, which another one has stored.
fn asked_in_the_cold(world: &World, page: Page) -> Seen {
    world.origin.set("/a", page);
    world.get("/a");
    world.wait(1_000);
    world.origin.take("/a");
    world.get_at(COLD, "/a")
}

#[test]
fn a_cold_data_centre_asks_the_origin_nothing() {
    let world = world();
    let seen = asked_in_the_cold(&world, Page::new("one").fresh(60, 0).tags("t"));
    assert_eq!((seen.text.as_str(), seen.cache()), ("one", "hit; ttl=58; detail=durable"));
    assert_eq!((world.origin.take("/a"), pages(&world).writes.take()), (0, 1));
    assert_eq!(world.get_at(COLD, "/a").cache(), "hit; ttl=58");
}

#[test]
fn a_hit_reads_nothing_of_the_tier() {
    let world = world();
    asked_in_the_cold(&world, Page::new("one").fresh(60, 0));
    pages(&world).reads.take();
    world.get("/a");
    world.get_at(COLD, "/a");
    assert_eq!(pages(&world).reads.take(), 0);
}

#[test]
fn without_the_binding_each_data_centre_asks_the_origin() {
    let mut world = world();
    world.pages = None;
    let seen = asked_in_the_cold(&world, Page::new("one").fresh(60, 0));
    assert_eq!(
        (seen.cache(), world.origin.take("/a")),
        ("fwd=uri-miss; fwd-status=200; stored", 1)
    );
}

#[test]
fn a_thousand_requests_for_a_page_in_the_tier_read_it_once_and_the_origin_never() {
    let world = world();
    world.origin.set("/a", Page::new("one").fresh(60, 0));
    world.get("/a");
    world.wait(1_000);
    world.origin.take("/a");
    pages(&world).reads.take();
    pages(&world).read_takes.set(50);
    let asked: Vec<_> = (0..1000).map(|_| world.ask(COLD, Method::GET, "/a", &[], None)).collect();
    assert!(asked.into_iter().all(|pending| world.finish(pending).text == "one"));
    // The page's own entry, and the variant that is likely.
    assert_eq!((world.origin.take("/a"), pages(&world).reads.take()), (0, 2));
}

#[rstest]
#[case::a_soft_purge_where_it_may_be_shown_stale("soft", 600, "one", "hit; ttl=0; detail=durable")]
#[case::a_soft_purge("soft", 0, "two", "fwd=stale; fwd-status=200; stored")]
#[case::a_hard_purge("hard", 600, "two", "fwd=miss; fwd-status=200; stored; detail=purged")]
fn a_purge_outdates_the_copy_in_the_tier(
    #[case] mode: &str,
    #[case] swr: u64,
    #[case] text: &str,
    #[case] cache: &str,
) {
    let world = world();
    world.origin.set("/a", Page::new("one").fresh(600, swr).tags("t"));
    world.get("/a");
    world.wait(10_000);
    world.origin.set("/a", Page::new("two").fresh(600, swr).tags("t"));
    world.purge(mode, &["t"]);
    let seen = world.get_at(COLD, "/a");
    assert_eq!((seen.text.as_str(), seen.cache()), (text, cache));
    world.wait(1_000);
    assert_eq!(world.get_at(COLD, "/a").text, "two", "it was revalidated once");
    assert_eq!(world.origin.take("/a"), 2);
}

#[test]
fn a_page_that_was_fetched_anew_after_a_purge_costs_other_data_centres_no_request() {
    let world = world();
    asked_in_the_cold(&world, Page::new("one").fresh(600, 0).tags("t"));
    world.wait(10_000);
    world.origin.set("/a", Page::new("two").fresh(600, 0).tags("t"));
    world.purge("hard", &["t"]);
    assert_eq!(world.get("/a").text, "two");
    // Until the other data centre has read the records again.
    world.wait(21_000);
    world.origin.take("/a");
    assert_eq!(world.get_at(COLD, "/a").text, "two");
    assert_eq!(world.origin.take("/a"), 0);
}

#[test]
fn an_origin_that_is_down_for_an_hour_is_stood_in_for_where_the_page_was_never_seen() {
    let world = world();
    world
        .origin
        .set("/a", Page::new("one").with("cache-control", "s-maxage=60, stale-if-error=86400"));
    world.get("/a");
    world.wait(1_000);
    world.origin.set("/a", Page::unreachable());
    world.wait(HOUR);
    let seen = world.get_at(COLD, "/a");
    assert_eq!((seen.status, seen.text.as_str()), (200, "one"));
    assert!(seen.cache().starts_with("hit; fwd-status=502; ttl=-35"), "{}", seen.cache());
}

#[test]
fn variants_are_found_by_the_fields_that_the_pages_entry_names() {
    let world = world();
    let german = Page::new("deutsch").fresh(60, 0).with("vary", "accept-language");
    let page = Page::new("english").fresh(60, 0).with("vary", "accept-language");
    world.origin.set("/a", page.but_where("accept-language", "de", german));
    let ask = |at, language: &str| {
        world.finish(world.ask(at, Method::GET, "/a", &[("accept-language", language)], None))
    };
    for language in ["en", "de", "de", "de"] {
        ask(HERE, language);
        world.wait(1_000);
    }
    world.origin.take("/a");
    for (language, text) in [("de", "deutsch"), ("en", "english")] {
        let seen = ask(COLD, language);
        assert_eq!(seen.text, text, "{}", seen.cache());
        assert!(seen.cache().ends_with("detail=durable"), "{}", seen.cache());
    }
    assert_eq!(world.origin.take("/a"), 0);
}

#[test]
fn a_page_that_turned_private_does_not_come_back() {
    let world = world();
    asked_in_the_cold(&world, Page::new("one").fresh(60, 86_400));
    world.wait(61_000);
    world.origin.set("/a", Page::new("private").with("cache-control", "private"));
    world.get("/a");
    world.wait(1_000);
    assert_eq!(world.get_at(At { centre: 0, isolate: 1 }, "/a").text, "private");
    world.wait(HOUR);
    assert_eq!(world.get("/a").text, "private");
}

#[test]
fn what_a_visitor_changed_does_not_come_back_in_any_isolate_of_the_data_centre() {
    let world = world();
    // A data centre keeps what it has read of KV for a while.
    pages(&world).cache_ttl.set(Duration::from_secs(60));
    asked_in_the_cold(&world, Page::new("one").fresh(600, 0));
    world.origin.set("/a", Page::new("two").fresh(600, 0));
    world.finish(world.ask(COLD, Method::POST, "/a", &[], Some("x")));
    world.wait(10);
    assert_eq!(world.get_at(At { centre: 1, isolate: 1 }, "/a").text, "two");
}

#[rstest]
#[case::fails(0, true)]
#[case::is_slow(100_000, false)]
fn the_origin_is_asked_where_the_tier(#[case] takes: u64, #[case] fails: bool) {
    let world = world();
    world.origin.set("/a", Page::new("one").fresh(60, 0));
    world.get("/a");
    world.wait(1_000);
    pages(&world).read_takes.set(takes);
    pages(&world).reads_fail.set(fails);
    world.origin.take("/a");
    let seen = world.get_at(COLD, "/a");
    assert_eq!(seen.cache(), "fwd=uri-miss; fwd-status=200; stored");
    assert_eq!(world.origin.take("/a"), 1);
}

/// The page of a cold data centre, whose tier takes 400 ms and whose origin takes a second.
fn asked_beside(world: &World, stored: Page, change: impl FnOnce()) -> Seen {
    world.origin.set("/a", stored);
    world.get("/a");
    world.wait(61_000);
    pages(world).page_takes.set(Duration::from_millis(400));
    world.origin.set("/a", Page::new("two").fresh(600, 0).tags("t").renders_in(1_000));
    world.origin.take("/a");
    let pending = world.ask(COLD, Method::GET, "/a", &[], None);
    world.wait(120);
    change();
    world.finish(pending)
}

#[rstest]
#[case::fresh(Page::new("one").fresh(600, 0).tags("t"), "one", "hit; ttl=538; detail=durable")]
#[case::stale(Page::new("one").fresh(60, 600).tags("t"), "one", "hit; ttl=-2; detail=durable")]
#[case::not_to_be_shown(Page::new("one").fresh(60, 0).tags("t"), "two", "fwd=uri-miss; fwd-status=200; stored")]
fn a_slow_tier_is_awaited_beside_a_slower_origin(
    #[case] stored: Page,
    #[case] text: &str,
    #[case] cache: &str,
) {
    let world = world();
    let before = world.executor.now();
    let seen = asked_beside(&world, stored, || {});
    assert_eq!((seen.text.as_str(), seen.cache()), (text, cache));
    assert_eq!(world.executor.now().since(before).as_millis() < 61_900, text == "one");
    world.wait(2_000);
    // The origin's response is what stays.
    assert_eq!(world.get_at(COLD, "/a").text, "two");
    assert_eq!(world.origin.take("/a"), 1);
}

#[test]
fn a_page_of_a_slow_tier_that_is_purged_meanwhile_is_not_shown() {
    let world = world();
    let stored = Page::new("one").fresh(600, 0).tags("t");
    let purge = || drop(world.purge_at(COLD, "hard", &["t"]));
    assert_eq!(asked_beside(&world, stored, purge).text, "two");
}

#[test]
fn a_page_of_a_slow_tier_is_not_shown_to_a_visitor_whom_it_is_not_for() {
    let world = world();
    world.origin.set("/a", Page::new("one").fresh(600, 0).with("vary", "accept-language"));
    world.get("/a");
    world.wait(1_000);
    pages(&world).page_takes.set(Duration::from_millis(400));
    world.origin.set("/a", Page::new("two").fresh(600, 0).renders_in(1_000));
    let german = [("accept-language", "de")];
    let seen = world.finish(world.ask(COLD, Method::GET, "/a", &german, None));
    assert_eq!(seen.text, "two");
}

#[test]
fn a_slow_tier_still_stands_in_for_an_origin_that_fails() {
    let world = world();
    world
        .origin
        .set("/a", Page::new("one").with("cache-control", "s-maxage=60, stale-if-error=600"));
    world.get("/a");
    world.wait(61_000);
    pages(&world).read_takes.set(2_000);
    world.origin.set("/a", Page::unreachable());
    let seen = world.get_at(COLD, "/a");
    assert_eq!((seen.status, seen.text.as_str()), (200, "one"));
}

#[test]
fn a_variant_of_a_page_that_turned_private_does_not_come_back_with_another() {
    let world = world();
    let varied = |text: &str| Page::new(text).fresh(60, 86_400).with("vary", "accept-language");
    let both = |text: &str| varied(text).but_where("accept-language", "de", varied("deutsch"));
    world.origin.set("/a", both("english"));
    let ask = |at, language: &str| {
        world.finish(world.ask(at, Method::GET, "/a", &[("accept-language", language)], None))
    };
    for language in ["en", "de", "de", "de"] {
        ask(HERE, language);
        world.wait(1_000);
    }
    world.wait(700_000);
    world.origin.set("/a", Page::new("private").with("cache-control", "private"));
    ask(HERE, "en");
    world.wait(700_000);
    world.origin.set("/a", both("for all again"));
    ask(HERE, "en");
    world.wait(1_000);
    assert_eq!(ask(COLD, "en").cache(), "hit; ttl=58; detail=durable");
    let german = ask(COLD, "de");
    assert!(
        german.cache().starts_with("fwd="),
        "the german page is from before: {}",
        german.cache()
    );
}

#[test]
fn a_rule_of_today_keeps_a_page_out_that_was_written_before() {
    let world = world();
    world.origin.set("/a", Page::new("one").fresh(600, 0));
    world.get("/a");
    world.wait(1_000);
    let rules = r#"[{"path":"/a","durable":false,"plain":true}]"#;
    let mut world = world;
    world.deploy(&[("RULES", rules)]);
    world.origin.take("/a");
    world.get_at(COLD, "/a");
    assert_eq!(world.origin.take("/a"), 1);
}

#[test]
fn pages_are_deleted_from_the_tier_also_when_the_budget_of_writes_is_spent() {
    let world = world();
    world.origin.set("/a", Page::new("one").fresh(86_400, 0));
    world.get("/a");
    for number in 0..600 {
        let path = format!("/p{number}");
        world.origin.set(&path, Page::new("one").fresh(60, 0));
        world.get(&path);
    }
    world.finish(world.ask(HERE, Method::POST, "/a", &[], Some("x")));
    world.wait(700_000);
    world.origin.take("/a");
    world.get_at(COLD, "/a");
    assert_eq!(world.origin.take("/a"), 1);
}

/// A browser, whose request carries more than the plain one.
const BROWSER: [(&str, &str); 2] = [("user-agent", "Mozilla/5.0"), ("accept-language", "de")];

#[rstest]
#[case::is_slow(|pages: &SimKv| pages.read_takes.set(600))]
#[case::answers_late_and_then_at_once(|pages: &SimKv| pages.page_takes.set(Duration::from_millis(150)))]
fn a_tier_stands_in_for_an_origin_that_fails_a_visitors_own_request(#[case] slow: fn(&SimKv)) {
    for failing in [Page::unreachable(), Page::new("down").status(503)] {
        // Without the rule that sends the plain request first.
        let mut world = World::with(1, &[]);
        world.pages = Some(Rc::new(SimKv::default()));
        let said = "s-maxage=60, stale-if-error=86400";
        world.origin.set("/a", Page::new("one").with("cache-control", said));
        world.get("/a");
        world.wait(HOUR);
        slow(&pages(&world));
        world.origin.set("/a", failing);
        let seen = world.finish(world.ask(COLD, Method::GET, "/a", &BROWSER, None));
        assert_eq!((seen.status, seen.text.as_str()), (200, "one"), "{}", seen.cache());
    }
}

#[test]
fn a_page_that_turned_private_where_the_tier_is_slow_is_deleted_from_it() {
    let world = world();
    world.origin.set("/a", Page::new("one").fresh(86_400, 0));
    world.get("/a");
    world.wait(1_000);
    pages(&world).read_takes.set(300);
    world.origin.set("/a", Page::new("private").with("cache-control", "private"));
    assert_eq!(world.get_at(COLD, "/a").text, "private");
    world.wait(700_000);
    pages(&world).read_takes.set(0);
    for at in [COLD, At { centre: 1, isolate: 1 }] {
        assert_eq!(world.get_at(at, "/a").text, "private");
    }
}

#[rstest]
#[case::is_short_lived(Page::new("two").fresh(1, 0))]
#[case::is_large(Page::new(&"x".repeat(1001)).fresh(60, 0))]
#[case::is_validated_at_each_use(Page::new("two").with("cache-control", "no-cache, s-maxage=60").etag("\"1\""))]
fn a_page_of_the_tier_does_not_come_back_after_a_later_one_that(#[case] later: Page) {
    let world = world();
    world.origin.set("/a", Page::new("one").fresh(86_400, 0));
    world.get("/a");
    world.wait(1_000);
    pages(&world).read_takes.set(300);
    world.origin.set("/a", later);
    assert_ne!(world.get_at(COLD, "/a").text, "one");
    world.wait(10_000);
    pages(&world).read_takes.set(0);
    assert_ne!(world.get_at(COLD, "/a").text, "one");
}
