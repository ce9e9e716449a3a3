use std::time::Duration;

use edge_isr::coordinator::shard::{Shard, ShardRequest};
use edge_isr::policy::key::CacheKey;
use http::Method;

use crate::seeds;
use crate::world::origin::Page;
use crate::world::{At, World};

use super::{FAR, coordinator, crowd, with, world};

#[test]
fn a_crowd_on_a_cold_page_all_over_the_world_costs_one_origin_request_at_a_time() {
    // The second is slower than any bound on polling, and quicker than a lease.
    for renders_in in [300, 19_000] {
        seeds(|seed| {
            let world = world(seed);
            world.origin.set("/a", Page::new("one").fresh(600, 600).renders_in(renders_in));
            let asked = crowd(&world, "/a", 40);
            world.wait(120_000);
            assert!(asked.iter().all(|asked| asked.seen().text == "one"));
            assert_eq!((world.origin.most_at_once.get(), world.origin.take("/a")), (1, 2));
            assert_eq!(coordinator(&world).rows(), 0, "all leases were given back");
        });
    }
}

#[test]
fn without_a_coordinator_each_data_centre_sends_an_origin_request() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("one").fresh(600, 600).renders_in(300));
    crowd(&world, "/a", 40);
    world.wait(5_000);
    assert!(world.origin.most_at_once.get() >= 2);
}

#[test]
fn visitors_at_random_times_never_cause_two_origin_requests_at_once() {
    seeds(|seed| {
        let world = world(seed);
        let random = |most: u64| world.executor.random() % most;
        coordinator(&world).takes.set(random(200));
        for (path, fresh) in [("/a", 1), ("/b", 0)] {
            let page = Page::new(path).fresh(fresh, random(3)).tags("t").etag("\"1\"");
            world.origin.set(path, page.renders_in(random(900)));
        }
        let mut asked = Vec::new();
        for _ in 0..60 {
            // Two pages may be asked for at once; one may not.
            let path = if random(2) == 0 { "/a" } else { "/b" };
            let at = At { centre: random(2) as usize, isolate: random(2) as usize };
            asked.push(world.ask(at, Method::GET, path, &[], None));
            world.wait(random(400));
            if random(10) == 0 {
                coordinator(&world).evict();
            }
            if random(20) == 0 {
                let mode = if random(2) == 0 { "soft" } else { "hard" };
                let purge = serde_json::json!({ "tags": ["t"], "mode": mode }).to_string();
                world.start_control(at, &purge);
            }
        }
        world.wait(120_000);
        assert!(asked.iter().all(|asked| asked.seen().status == 200));
        assert_eq!(world.origin.most_at_once.get(), 1);
    });
}

#[test]
fn a_stale_page_is_revalidated_in_one_data_centre_at_a_time_and_shown_meanwhile() {
    seeds(|seed| {
        let world = world(seed);
        world.origin.set("/a", Page::new("old").fresh(60, 600));
        world.get("/a");
        world.get_at(FAR, "/a");
        world.wait(61_000);
        world.origin.set("/a", Page::new("new").fresh(60, 600).renders_in(1_500));
        coordinator(&world).asks.take();
        for _ in 0..100 {
            for at in [At::default(), FAR] {
                assert_eq!(world.get_at(at, "/a").text, "old");
            }
            world.wait(10);
        }
        // Each data centre began once, and what was refused waits for its turn.
        let asks = coordinator(&world).asks.take();
        assert!(asks <= 8, "{asks} asks for 200 visitors");
        for _ in 0..10 {
            world.wait(500);
            world.get("/a");
            world.get_at(FAR, "/a");
        }
        assert_eq!(
            (world.get("/a").text, world.get_at(FAR, "/a").text),
            ("new".into(), "new".into())
        );
        assert_eq!(world.origin.most_at_once.get(), 1);
    });
}

#[test]
fn no_request_waits_much_longer_than_a_lease_lives() {
    let world = world(1);
    let there = coordinator(&world);
    let key = CacheKey::parse("https://site.test/a").unwrap();
    let (shard, slot) = (Shard::of_slot(&key.slot(), 1), key.slot().name().to_owned());
    let life = Duration::from_secs(3600);
    world.executor.spawn(0, async move {
        let claim = ShardRequest::Claim { slot, token: 1, life, waited: false };
        there.answer(shard, &claim).await.unwrap();
    });
    world.wait(100);
    world.origin.set("/a", Page::new("one").fresh(60, 600));
    let start = world.executor.now();
    let seen = world.get("/a");
    assert!(seen.cache().ends_with("; stored; detail=coordinator-overdue"), "{}", seen.cache());
    assert!((55..=60).contains(&seen.at.since(start).as_secs()));
}

#[test]
fn an_uncacheable_page_does_not_make_the_world_stand_in_a_queue() {
    seeds(|seed| {
        let world = world(seed);
        let page = Page::new("mine").with("cache-control", "private").renders_in(2_000);
        world.origin.set("/a", page);
        let start = world.executor.now();
        let first = world.start("/a");
        world.wait(100);
        let second = world.ask(FAR, Method::GET, "/a", &[], None);
        world.wait(3_500);
        // The other data centre has learned that no request need wait: a third would ask at once as well.
        assert_eq!(coordinator(&world).row_of("l/").as_deref(), Some("ended uncacheable"));
        world.wait(5_000);
        assert_eq!((first.seen().text, second.seen().text), ("mine".into(), "mine".into()));
        assert!(second.seen().at.since(start).as_millis() <= 5_200);
    });
}

#[test]
fn a_hit_does_not_ask_the_coordinator() {
    seeds(|seed| {
        let world = world(seed);
        world.origin.set("/a", Page::new("one").fresh(60, 600).tags("a"));
        world.get("/a");
        assert_eq!(coordinator(&world).asks.take(), 2, "a claim and a release");
        for _ in 0..50 {
            assert!(world.get("/a").cache().starts_with("hit"));
            world.wait(1_000);
        }
        world.get_with("/a", &[("cookie", "sessionid=1")]);
        assert_eq!(coordinator(&world).asks.take(), 0);
    });
}

#[test]
fn leases_are_spread_over_the_shards() {
    let world = with(1, &[("COORDINATOR_SHARDS", "4")]);
    for number in 0..20 {
        let path = format!("/{number}");
        world.origin.set(&path, Page::new("one").fresh(60, 600));
        world.get(&path);
    }
    let shards: Vec<String> = (0..4).map(|number| format!("shard-{number}-of-4")).collect();
    assert_eq!(coordinator(&world).shards(), shards);
}
