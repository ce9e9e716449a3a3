use edge_isr::coordinator::shard::Shard;
use edge_isr::platform::kv::KvEntry;
use edge_isr::policy::key::CacheKey;
use edge_isr::policy::tag::Tag;

use crate::seeds;
use crate::world::origin::Page;
use crate::world::{At, World};

use super::{FAR, coordinator, with, world};

/// KV shows what is under `key` nowhere until it is given back.
fn hide(world: &World, key: &str) -> KvEntry {
    world.kv.values.borrow_mut().remove(key).expect("it was written")
}

fn show(world: &World, key: &str, entry: KvEntry) {
    world.kv.values.borrow_mut().insert(key.to_owned(), entry);
}

#[test]
fn a_purge_that_kv_does_not_show_yet_is_recognised_when_the_page_would_be_refilled() {
    for mode in ["soft", "hard"] {
        for shards in ["1", "5"] {
            let slot = CacheKey::parse("https://site.test/a").unwrap().slot();
            let (lease, tag) =
                (Shard::of_slot(&slot, 5), Shard::of_tag(&Tag::origin("a").unwrap(), 5));
            assert_ne!(lease, tag, "choose another number");
            seeds(|seed| {
                let world = with(seed, &[("COORDINATOR_SHARDS", shards)]);
                let page = |text, tag| {
                    Page::new(text).with("cache-control", "s-maxage=60").tags("a").etag(tag)
                };
                world.origin.set("/a", page("old", "\"1\""));
                world.get_at(FAR, "/a");
                world.wait(61_000);
                world.origin.take("/a");
                // The same validator: a comparison with it would show the old page again.
                world.origin.set("/a", page("new", "\"1\""));
                assert_eq!(world.purge(mode, &["a"]).status, 200);
                let key = if mode == "soft" { "p/s/a" } else { "p/h/a" };
                let record = hide(&world, key);
                let seen = world.get_at(FAR, "/a");
                let asked = world.origin.requests.borrow()[0].headers.contains_key("if-none-match");
                let (purged, text) = (mode == "hard", seen.text.as_str());
                assert_eq!((asked, text), (!purged, if purged { "new" } else { "old" }));
                show(&world, key, record);
                world.wait(11_000);
                assert_eq!(world.origin.take("/a"), 1);
                let seen = world.get_at(FAR, "/a");
                assert!(seen.cache().starts_with("hit; ttl=4"), "fresh at once: {}", seen.cache());
                assert_eq!(world.origin.take("/a"), 0);
            });
        }
    }
}

#[test]
fn a_stale_page_is_refilled_behind_the_visitor_in_knowledge_of_the_purge() {
    seeds(|seed| {
        let world = world(seed);
        let page = |text| Page::new(text).fresh(60, 600).tags("a").etag("\"1\"");
        world.origin.set("/a", page("old"));
        world.get_at(FAR, "/a");
        world.wait(61_000);
        world.origin.set("/a", page("new"));
        world.purge("hard", &["a"]);
        let record = hide(&world, "p/h/a");
        assert_eq!(
            world.get_at(FAR, "/a").text,
            "old",
            "KV shows nothing yet, and a hit asks nobody"
        );
        world.wait(500);
        show(&world, "p/h/a", record);
        world.wait(11_000);
        world.origin.take("/a");
        let seen = world.get_at(FAR, "/a");
        assert_eq!(seen.text, "new");
        assert!(seen.cache().starts_with("hit; ttl=4"), "{}", seen.cache());
        assert_eq!(world.origin.take("/a"), 0);
    });
}

/// Why a record is published once it is confirmed, and not when it is stamped.
#[test]
fn a_record_whose_write_lands_on_a_later_record_does_not_hide_that() {
    seeds(|seed| {
        let world = world(seed);
        let page = |text: &str| {
            let page = Page::new(text).with("cache-control", "s-maxage=60").tags("a");
            page.etag(&format!("\"{text}\""))
        };
        world.origin.set("/a", page("zero"));
        world.get_at(FAR, "/a");
        world.wait(61_000);
        world.origin.set("/a", page("one"));
        world.kv.write_takes.set(3_000);
        world.start_control(At::default(), r#"{"tags":["a"]}"#);
        world.wait(500);
        assert_eq!(world.get_at(FAR, "/a").text, "one");
        world.origin.set("/a", page("two"));
        world.kv.write_takes.set(0);
        let other = At { centre: 0, isolate: 1 };
        assert_eq!(world.purge_at(other, "soft", &["a"]).status, 200);
        world.wait(12_000);
        assert_eq!(world.get_at(FAR, "/a").text, "two");
    });
}

#[test]
fn a_purge_that_kv_refused_is_not_published() {
    let world = world(1);
    world.kv.writes_fail.set(100);
    assert_eq!(world.purge("hard", &["a"]).status, 503);
    assert_eq!(coordinator(&world).asks.take(), 0);
}

#[test]
fn leases_and_records_are_spread_over_the_shards() {
    let world = with(1, &[("COORDINATOR_SHARDS", "4")]);
    for number in 0..20 {
        let path = format!("/{number}");
        world.origin.set(&path, Page::new("one").fresh(60, 600).tags("a, b"));
        world.get(&path);
        world.purge("soft", &[&format!("t{number}")]);
    }
    let shards: Vec<String> = (0..4).map(|number| format!("shard-{number}-of-4")).collect();
    assert_eq!(coordinator(&world).shards(), shards);
}
