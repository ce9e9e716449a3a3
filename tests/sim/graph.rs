use std::time::Duration;

use edge_isr::platform::Document;
use edge_isr::policy::key::CacheKey;
use http::Method;

use crate::world::origin::Page;
use crate::world::platform::{Body, SimCache};
use crate::world::{At, World};

const HOUR: Duration = Duration::from_secs(3_600);
const URL: &str = "https://site.test/a";

fn refresh(world: &World, page: Page) {
    world.origin.set("/a", page);
    world.wait(61_000);
    world.get("/a");
    world.wait(100);
}

#[test]
fn relations_follow_the_tags_of_the_newest_version() {
    let world = World::new(1);
    let page = |tags| Page::new("x").fresh(60, 600).tags(tags);
    world.origin.set("/a", page("a,b"));
    world.get("/a");
    assert_eq!((world.urls_of_tag("a").len(), world.urls_of_tag("b").len()), (1, 1));
    refresh(&world, page("b,c"));
    assert_eq!(world.urls_of_tag("a"), [""; 0]);
    assert_eq!(world.urls_of_tag("b"), [URL]);
    assert_eq!(world.urls_of_tag("c"), [URL]);
}

#[test]
fn tags_of_a_response_that_the_cache_refused_are_not_those_of_the_stored_one() {
    let world = World::new(1);
    let page = |tags| Page::new("x").fresh(60, 600).tags(tags);
    world.origin.set("/a", page("a"));
    world.get("/a");
    world.cache(0).refuses.set(true);
    refresh(&world, page("b"));
    assert_eq!((world.urls_of_tag("a").len(), world.urls_of_tag("b").len()), (1, 0));
}

#[test]
fn an_entry_that_is_written_twice_is_right_though_kv_takes_one_write_a_second() {
    let world = World::new(1);
    world.kv.paced.set(true);
    let page = |tags| Page::new("x").fresh(60, 600).tags(tags);
    world.origin.set("/a", page("a"));
    world.get("/a");
    refresh(&world, page("b"));
    world.wait(2_000);
    let values = world.kv.values.borrow();
    let entry = &values[&world.kv.keys("u/")[0]].value;
    assert!(entry.contains(r#""tags":["b"]"#), "{entry}");
}

#[test]
fn a_version_that_another_isolate_stored_meanwhile_leaves_no_relation() {
    let world = World::new(1);
    // KV goes on showing what was read: each isolate finds the first version's tags.
    world.kv.cache_ttl.set(Duration::from_secs(30));
    let page = |tag: &str| {
        Page::new(tag).fresh(60, 0).tags(tag).etag(&format!("\"{tag}\"")).renders_in(100)
    };
    world.origin.set("/a", page("first"));
    world.get("/a");
    world.wait(61_000);
    world.origin.set("/a", page("second"));
    world.start("/a");
    world.wait(50);
    let lease = CacheKey::parse(URL).unwrap().slot().beside("lease");
    world.cache(0).evict(|slot| *slot != lease);
    world.origin.set("/a", page("third"));
    world.get_at(At { centre: 0, isolate: 1 }, "/a");
    world.wait(5_000);
    assert_eq!(world.origin.most_at_once.get(), 2);
    refresh(&world, page("third"));
    world.wait(5_000);
    for (tag, relations) in [("first", 0), ("second", 0), ("third", 1)] {
        assert_eq!(world.kv.keys(&format!("t/{tag}/")).len(), relations, "{tag}");
    }
}

#[test]
fn a_version_that_another_isolate_stored_meanwhile_says_nothing_against_the_cache() {
    for (is_overtaken, lines) in [(true, 0), (false, 1)] {
        let world = World::new(1);
        let cache = world.cache(0);
        world.origin.set("/a", Page::new("x").fresh(60, 600).tags("a"));
        // This isolate has not seen yet that the cache keeps anything.
        cache.takes.set(50);
        world.start("/a");
        let slot = CacheKey::parse(URL).unwrap().slot();
        while !cache.holds_page(&slot, world.executor.now()) {
            world.wait(1);
        }
        let now = world.executor.now();
        let (metadata, text) = cache.held(&slot, now).unwrap();
        cache.forget(&slot);
        if is_overtaken {
            let metadata = metadata.replace("\"a\"", "\"b\"");
            cache.keep(&slot, Document { metadata, body: Body::whole(&text) }, now + HOUR);
        }
        world.wait(5_000);
        let kept_nothing =
            world.log.borrow().iter().filter(|line| line.contains("kept nothing")).count();
        assert_eq!(kept_nothing, lines, "{is_overtaken} {:?}", world.log.borrow());
    }
}

#[test]
fn a_page_that_the_cache_did_not_keep_is_on_no_list() {
    type Refuse = fn(&SimCache);
    let refusals: [Refuse; 2] =
        [|cache| cache.refuses.set(true), |cache| cache.keeps_nothing.set(true)];
    for refuse in refusals {
        let world = World::new(1);
        world.origin.set("/a", Page::new("x").fresh(60, 600).tags("a"));
        refuse(world.cache(0));
        world.get("/a");
        world.wait(5_000);
        assert_eq!(world.kv.writes.get(), 0);
    }
}

#[test]
fn a_page_that_is_gone_or_private_leaves_no_relation() {
    for gone in [
        Page::new("gone").status(404).with("cache-control", "max-age=60").tags("a"),
        Page::new("gone").status(410),
        Page::new("mine").with("cache-control", "private").tags("a"),
    ] {
        let world = World::new(1);
        world.origin.set("/a", Page::new("x").fresh(60, 600).tags("a"));
        world.get("/a");
        assert_eq!(world.urls_of_tag("a"), [URL]);
        refresh(&world, gone);
        assert_eq!(world.urls_of_tag("a"), [""; 0]);
        assert!(world.kv.keys("u/").is_empty());
    }
}

#[test]
fn unchanged_tags_write_nothing_and_in_the_end_read_nothing() {
    let world = World::new(1);
    let page = || Page::new("x").fresh(60, 600).tags("a,b").etag("\"1\"");
    world.origin.set("/a", page());
    world.get("/a");
    let written = world.kv.writes.take();
    assert_eq!(written, 3, "t/a, t/b and u/");
    // Twice it is looked at, some minutes apart.
    for _ in 0..5 {
        refresh(&world, page());
    }
    world.kv.reads.take();
    let (_, keys) = (world.wait(61_000), world.kv.keys_read.take());
    assert!(keys > 0);
    world.get("/a");
    world.wait(100);
    assert_eq!(world.kv.writes.get() + world.kv.deletes.get(), 0);
    assert_eq!(world.kv.reads.get(), 2, "the purge records, and the list of published journals");
}

#[test]
fn a_hit_costs_no_kv_read_within_the_memory_window_and_one_past_it() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("x").fresh(600, 600).tags("a,b"));
    world.get("/a");
    world.get("/a");
    world.kv.reads.take();
    for _ in 0..9 {
        world.get("/a");
        world.wait(1000);
    }
    assert_eq!(world.kv.reads.take(), 0);
    world.wait(2000);
    world.get("/a");
    assert_eq!(world.kv.reads.take(), 1);
}

#[test]
fn two_hundred_tags_are_read_in_chunks_and_each_purges() {
    let tags: Vec<String> = (0..200).map(|number| format!("tag-{number}")).collect();
    let world = World::with(1, &[("GRAPH_WRITES_PER_MINUTE", "1000")]);
    world.origin.set("/a", Page::new("old").fresh(600, 600).tags(&tags.join(",")));
    world.get("/a");
    assert_eq!(world.urls_of_tag("tag-199"), [URL]);
    world.origin.set("/a", Page::new("new").fresh(600, 600).tags(&tags.join(",")));
    world.purge("hard", &["tag-199"]);
    assert_eq!(world.get("/a").text, "new");
}

#[test]
fn a_page_with_other_tags_at_each_rendering_does_not_grow_for_ever() {
    let world = World::with(1, &[("GRAPH_WRITES_PER_MINUTE", "0")]);
    let metadata = |number: u32| {
        let tags: Vec<String> = (0..10).map(|tag| format!("tag-{number}-{tag}")).collect();
        refresh(&world, Page::new("x").fresh(60, 600).tags(&tags.join(",")));
        world.cache(0).metadata().iter().map(String::len).max().unwrap()
    };
    let lengths: Vec<usize> = (0..60).map(metadata).collect();
    let (after_30, after_60) = (lengths[29], lengths[59]);
    assert!(after_60 < after_30 + 100, "{after_30} and then {after_60} bytes");
}

#[test]
fn a_made_up_query_writes_nothing_until_its_second_store() {
    let world = World::new(1);
    world.origin.set("/a?x=1", Page::new("x").fresh(60, 600).tags("a"));
    world.get("/a?x=1");
    assert_eq!(world.kv.writes.get(), 0);
    assert_eq!(world.kv.reads.get(), 1, "the list of published journals, once a minute");
    world.wait(61_000);
    world.get("/a?x=1");
    world.wait(100);
    assert_eq!(world.urls_of_tag("a"), ["https://site.test/a?x=1"]);
}

#[test]
fn the_budget_of_a_minute_is_kept_and_the_rest_is_written_later() {
    let world = World::with(1, &[("GRAPH_WRITES_PER_MINUTE", "4")]);
    world.origin.set("/a", Page::new("x").fresh(60, 600).tags("a,b,c,d,e,f"));
    world.get("/a");
    assert_eq!(world.kv.writes.take(), 4);
    let said = world.log.take().concat();
    assert!(said.contains("GRAPH_WRITES_PER_MINUTE or VISITOR_WRITES_PER_DAY is spent"), "{said}");
    for _ in 0..3 {
        world.wait(61_000);
        world.get("/a");
        world.wait(100);
        assert!(world.kv.writes.take() <= 4);
    }
    for tag in ["a", "b", "c", "d", "e", "f"] {
        assert_eq!(world.urls_of_tag(tag), [URL], "{tag}");
    }
}

#[test]
fn a_spent_day_rests_the_graph_for_an_hour_and_no_purge() {
    let world = World::new(1);
    *world.kv.failure.borrow_mut() = "KV put() limit exceeded for the day.".to_owned();
    world.kv.writes_fail.set(1);
    world.origin.set("/a", Page::new("x").fresh(60, 600).tags("a,b"));
    world.get("/a");
    world.kv.writes.take();
    world.wait(61_000);
    world.get("/a");
    world.wait(100);
    assert_eq!(world.kv.writes.take(), 0);
    assert_eq!(world.purge("soft", &["a"]).status, 200);
    world.wait(3_700_000);
    world.get("/a");
    world.wait(100);
    assert_eq!(world.urls_of_tag("a"), [URL]);
}

#[test]
fn a_tag_with_a_slash_is_not_found_under_the_part_before_it() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("x").fresh(60, 600).tags("a/b"));
    world.get("/a");
    assert_eq!(world.urls_of_tag("a"), [""; 0]);
    assert_eq!(world.urls_of_tag("a%2Fb"), [URL]);
}

#[test]
fn a_url_too_long_for_metadata_is_listed_all_the_same() {
    let world = World::new(1);
    let path = format!("/{}", "long/".repeat(400));
    world.origin.set(&path, Page::new("x").fresh(60, 600).tags("a"));
    world.get(&path);
    assert_eq!(world.urls_of_tag("a"), [format!("https://site.test{path}")]);
}

#[test]
fn a_crowd_past_the_memory_window_costs_one_read() {
    crate::seeds(|seed| {
        let world = World::new(seed);
        world.origin.set("/a", Page::new("x").fresh(600, 600).tags("a,b"));
        world.get("/a");
        world.get("/a");
        world.wait(11_000);
        world.kv.reads.take();
        let asked: Vec<_> = (0..200).map(|_| world.start("/a")).collect();
        world.wait(1000);
        assert!(asked.iter().all(|asked| asked.seen().cache().starts_with("hit")));
        assert_eq!(world.kv.reads.take(), 1);
    });
}

#[test]
fn a_status_asked_for_two_tags_is_refused_and_not_answered_for_one() {
    let token = format!("Bearer {}", crate::world::TOKEN);
    let seen = World::new(1)
        .get_with("/edge-isr/status?tag=a&tag=b", &[("authorization", token.as_str())]);
    assert_eq!(seen.status, 400);
}

#[test]
fn a_page_that_turns_private_while_kv_does_not_show_its_relations_leaves_none() {
    crate::seeds(|seed| {
        let world = World::new(seed);
        world.kv.lag.set(60_000);
        world.origin.set("/a", Page::new("x").fresh(1, 600).tags("a,b"));
        world.get("/a");
        world.wait(2_000);
        world.kv.reads_fail.set(seed % 2 == 0);
        world.origin.set("/a", Page::new("mine").with("cache-control", "private").tags("a"));
        world.get("/a");
        world.wait(5_000);
        assert_eq!(world.kv.keys("t/"), [""; 0]);
        assert!(world.kv.keys("u/").is_empty());
    });
}

#[test]
fn a_page_whose_relations_were_confirmed_leaves_none_though_kv_cannot_be_read() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("x").fresh(1, 6_000).tags("a,b").etag("\"1\""));
    for _ in 0..4 {
        world.get("/a");
        world.wait(200_000);
    }
    assert_eq!(world.kv.keys("t/").len(), 2);
    world.kv.reads_fail.set(true);
    world.origin.set("/a", Page::new("mine").with("cache-control", "private"));
    world.get("/a");
    world.wait(5_000);
    assert_eq!(world.kv.keys("t/"), [""; 0]);
}

#[test]
fn two_variants_that_lose_a_tag_at_once_leave_the_entry_of_the_quicker() {
    crate::seeds(|seed| {
        let world = World::new(seed);
        let page = |tags: &str| {
            let mut page = Page::new("in ").fresh(60, 600).with("vary", "accept-language");
            page.varies = Some("accept-language".to_owned());
            page.tags(tags)
        };
        let both = || {
            world.wait(61_000);
            for language in ["de", "fr"] {
                let headers = [("accept-language", language)];
                world.ask(At::default(), Method::GET, "/a", &headers, None);
            }
            world.wait(5_000);
        };
        world.origin.set("/a", page("a,b"));
        both();
        world.kv.paced.set(true);
        world.kv.write_takes.set(300);
        world.origin.set("/a", page("a"));
        both();
        assert!(world.kv.keys("t/b/").is_empty());
        let values = world.kv.values.borrow();
        let entry = &values[&world.kv.keys("u/")[0]].value;
        assert!(entry.contains(r#""tags":["a"]"#), "{entry}");
    });
}
