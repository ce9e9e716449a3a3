//! What is written to the tier, and when.

use http::Method;
use rstest::rstest;

use crate::world::At;
use crate::world::origin::Page;

use super::{COLD, asked_in_the_cold, pages, with, world};

#[rstest]
#[case::that_changes_nothing_writes_nothing(false, 0)]
#[case::after_a_purge_is_written(true, 1)]
fn a_revalidation(#[case] is_purged: bool, #[case] writes: u64) {
    let world = world();
    world.origin.set("/a", Page::new("one").fresh(600, 0).tags("t").etag("\"1\""));
    world.get("/a");
    world.wait(if is_purged { 10_000 } else { 601_000 });
    pages(&world).writes.take();
    if is_purged {
        world.purge("soft", &["t"]);
    }
    assert!(world.get("/a").cache().contains("fwd-status=304"));
    world.wait(1_000);
    assert_eq!(pages(&world).writes.take(), writes);
    world.origin.take("/a");
    let seen = world.get_at(COLD, "/a");
    assert_eq!(seen.text, "one");
    assert_eq!(world.origin.take("/a"), usize::from(!is_purged), "{}", seen.cache());
}

#[test]
fn a_revalidation_that_changes_the_tags_alone_is_written() {
    let world = world();
    let page = |tags| Page::new("one").fresh(60, 0).tags(tags).etag("\"1\"");
    world.origin.set("/a", page("a"));
    world.get("/a");
    world.wait(61_000);
    world.origin.set("/a", page("a,b"));
    assert!(world.get("/a").cache().contains("fwd-status=304"));
    world.wait(1_000);
    assert_eq!(pages(&world).writes.take(), 2);
    world.purge("hard", &["b"]);
    world.origin.set("/a", Page::new("two").fresh(60, 0));
    assert_eq!(world.get_at(COLD, "/a").text, "two");
}

#[test]
fn a_variant_that_is_unchanged_is_found_again_after_its_page_was_forgotten() {
    let world = world();
    let varied =
        |text: &str| Page::new(text).fresh(60, 600).with("vary", "accept-language").etag("\"1\"");
    world.origin.set("/a", varied("english"));
    let english = [("accept-language", "en")];
    let ask = |at| world.finish(world.ask(at, Method::GET, "/a", &english, None));
    ask(At::default());
    world.wait(1_000);
    // Deleted by another data centre.
    world.finish(world.ask(COLD, Method::POST, "/a", &[], Some("x")));
    world.wait(700_000);
    assert!(ask(At::default()).cache().contains("fwd-status=304"));
    world.wait(1_000);
    world.origin.take("/a");
    assert_eq!(ask(COLD).text, "english");
    assert_eq!(world.origin.take("/a"), 0);
}

#[test]
fn a_page_with_a_query_is_kept_at_its_second_store() {
    let world = world();
    let store = |body| {
        world.origin.set("/a?x=1", Page::new(body).fresh(60, 600).tags("t"));
        world.get("/a?x=1");
        world.wait(61_000);
        pages(&world).writes.take()
    };
    assert_eq!((store("one"), store("two")), (0, 1));
}

#[rstest]
#[case::all_pages(&[], Page::new("one").fresh(60, 0), true)]
#[case::of_no_lifetime_to_speak_of(&[], Page::new("one").fresh(59, 0), false)]
#[case::of_a_short_one(&[("DURABLE_LIFETIME_MIN", "0")], Page::new("one").fresh(59, 0), true)]
#[case::that_is_small(&[("DURABLE_SIZE_MAX", "3")], Page::new("one").fresh(60, 0), true)]
#[case::that_is_large(&[("DURABLE_SIZE_MAX", "2")], Page::new("one").fresh(60, 0), false)]
#[case::whose_body_is_stored_apart(&[], Page::new(&"x".repeat(1001)).fresh(60, 0), false)]
#[case::of_an_error(&[], Page::new("one").status(404).fresh(60, 0), false)]
#[case::of_an_error_with_a_tag(&[], Page::new("one").status(404).fresh(60, 0).tags("t"), true)]
#[case::with_a_tag(&[("DURABLE", "tagged")], Page::new("one").fresh(60, 0).tags("t"), true)]
#[case::without_a_tag(&[("DURABLE", "tagged")], Page::new("one").fresh(60, 0), false)]
#[case::by_no_rule(&[("DURABLE", "rule")], Page::new("one").fresh(60, 0), false)]
#[case::by_a_rule(&[("DURABLE", "rule"), ("RULES", r#"[{"path":"/a","durable":true,"plain":true}]"#)], Page::new("one").fresh(60, 0), true)]
#[case::but_for_a_rule(&[("RULES", r#"[{"path":"/a","durable":false,"plain":true}]"#)], Page::new("one").fresh(60, 0), false)]
#[case::that_is_validated_at_each_use(&[], Page::new("one").with("cache-control", "no-cache, s-maxage=60").etag("\"1\""), false)]
#[case::that_varies_by_language(&[], Page::new("one").fresh(60, 0).with("vary", "accept-language"), true)]
#[case::that_varies_by_cookie(&[("COOKIE_VARIANTS", "true")], Page::new("one").fresh(60, 0).with("vary", "cookie"), false)]
fn a_page_is_kept(#[case] settings: &[(&str, &str)], #[case] page: Page, #[case] is_kept: bool) {
    let world = with(settings);
    world.origin.set("/a", page);
    world.get("/a");
    world.wait(1_000);
    assert_eq!(pages(&world).writes.take() > 0, is_kept);
}

#[test]
fn an_earlier_response_gives_way_to_a_later_one() {
    let world = world();
    world.origin.set("/a", Page::new("old").fresh(600, 0).tags("t").renders_in(2_000));
    let slow = world.ask(COLD, Method::GET, "/a", &[], None);
    world.wait(500);
    world.origin.set("/a", Page::new("new").fresh(600, 0).tags("t"));
    assert_eq!(world.get("/a").text, "new");
    world.finish(slow);
    world.wait(1_000);
    let in_tier = pages(&world).values.borrow().values().next().unwrap().value.clone();
    assert!(in_tier.ends_with("\nnew"), "{in_tier}");
}

#[test]
fn on_the_free_plan_the_tier_takes_five_hundred_writes_a_day() {
    let world = world();
    for number in 0..600 {
        let path = format!("/p{number}");
        world.origin.set(&path, Page::new("one").fresh(60, 0));
        world.get(&path);
    }
    world.wait(1_000);
    let writes = pages(&world).writes.take();
    assert!((490..=500).contains(&writes), "{writes}");
}

#[test]
fn a_tier_that_takes_no_writes_costs_no_visitor_a_response() {
    let world = world();
    pages(&world).writes_refused.set(true);
    let seen = asked_in_the_cold(&world, Page::new("one").fresh(60, 0));
    assert_eq!((seen.status, seen.text.as_str()), (200, "one"));
    assert!(world.log.take().iter().any(|line| line.contains("durable tier")));
}

#[test]
fn the_head_of_an_entry_fits_into_kvs_metadata_however_many_purges_the_origin_knew_of() {
    let world = world();
    let tags: Vec<String> = (0..100).map(|number| format!("t{number}")).collect();
    let page = |body| Page::new(body).fresh(60, 600).tags(&tags.join(","));
    world.origin.set("/a", page("one"));
    world.get("/a");
    world.wait(10_000);
    world.purge("soft", &tags.iter().map(String::as_str).collect::<Vec<&str>>());
    world.origin.set("/a", page("two"));
    world.get("/a");
    world.wait(10_000);
    let pages = pages(&world);
    let entries = pages.values.borrow();
    let entry = entries.values().next().unwrap();
    assert!(entry.value.len() > 1_500, "the entry itself has the ids: {}", entry.value);
    assert!(entry.metadata.as_ref().unwrap().len() <= 1_024);
}
