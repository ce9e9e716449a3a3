use http::Method;

use crate::origin::Page;
use crate::seeds;
use crate::world::{At, Pending, World};

fn all(world: &World, path: &str, isolates: usize, count: usize) -> Vec<Pending> {
    (0..count)
        .map(|number| {
            let at = At { centre: 0, isolate: number % isolates };
            world.ask(at, Method::GET, path, &[], None)
        })
        .collect()
}

#[test]
fn two_hundred_on_a_cold_page_cost_one_origin_request() {
    seeds(|seed| {
        let world = World::new(seed);
        world.origin.set("/a", Page::new("one").fresh(60, 600).renders_in(300));
        let asked = all(&world, "/a", 1, 200);
        world.wait(2000);
        assert!(asked.iter().all(|asked| asked.seen().text == "one"));
        assert_eq!(world.origin.take("/a"), 1);
        let collapsed = |asked: &&Pending| {
            asked.seen().headers["cache-status"].to_str().unwrap().contains("; collapsed")
        };
        assert_eq!(asked.iter().filter(collapsed).count(), 199);
    });
}

#[test]
fn two_hundred_on_a_stale_page_cost_one_origin_request_and_none_waits() {
    seeds(|seed| {
        let world = World::new(seed);
        world.origin.set("/a", Page::new("one").fresh(60, 600).renders_in(300));
        world.get("/a");
        world.wait(61_000);
        world.origin.take("/a");
        let start = world.executor.now();
        let asked = all(&world, "/a", 1, 200);
        world.wait(2000);
        assert!(asked.iter().all(|asked| asked.seen().at == start));
        assert_eq!(world.origin.take("/a"), 1);
    });
}

#[test]
fn two_isolates_share_one_request_but_for_the_stated_race() {
    seeds(|seed| {
        let world = World::new(seed);
        world.origin.set("/a", Page::new("one").fresh(60, 600).renders_in(300));
        let asked = all(&world, "/a", 2, 100);
        world.wait(5000);
        assert!(asked.iter().all(|asked| asked.seen().text == "one"));
        assert!(world.origin.take("/a") <= 2);
    });
    // One isolate that comes while the other holds the lease waits for it.
    seeds(|seed| {
        let world = World::new(seed);
        world.origin.set("/a", Page::new("one").fresh(60, 600).renders_in(300));
        let first = world.start("/a");
        world.wait(50);
        let second = world.ask(At { centre: 0, isolate: 1 }, Method::GET, "/a", &[], None);
        world.wait(5000);
        assert_eq!((first.seen().text, second.seen().text), ("one".into(), "one".into()));
        assert_eq!(world.origin.take("/a"), 1);
    });
}

#[test]
fn nobody_waits_longer_than_the_first_for_a_page_that_turns_out_uncacheable() {
    seeds(|seed| {
        let world = World::new(seed);
        let page = Page::new("mine").with("cache-control", "private").renders_in(300);
        world.origin.set("/a", page);
        let start = world.executor.now();
        let asked = all(&world, "/a", 1, 200);
        world.wait(5000);
        let longest = asked.iter().map(|asked| asked.seen().at.since(start).as_millis()).max();
        assert!(longest <= Some(600), "the first took 300 ms, the slowest {longest:?} ms");
        world.origin.take("/a");
        // And for a while nobody waits for anybody.
        let start = world.executor.now();
        let asked = all(&world, "/a", 2, 50);
        world.wait(5000);
        assert!(asked.iter().all(|asked| asked.seen().at.since(start).as_millis() == 300));
        assert_eq!(world.origin.take("/a"), 50);
    });
}

#[test]
fn nobody_waits_for_the_marker_of_an_uncacheable_page_to_be_written() {
    seeds(|seed| {
        let world = World::new(seed);
        let page = Page::new("mine").with("cache-control", "private").renders_in(300);
        world.origin.set("/a", page);
        let start = world.executor.now();
        let asked = all(&world, "/a", 1, 50);
        world.wait(200);
        world.cache(0).put_takes.set(5_000);
        world.wait(10_000);
        let longest = asked.iter().map(|asked| asked.seen().at.since(start).as_millis()).max();
        assert!(longest <= Some(600), "the first took 300 ms, the slowest {longest:?} ms");
    });
}

#[test]
fn an_isolate_remembers_an_uncacheable_page_whose_marker_was_evicted() {
    let world = World::new(1);
    let page = Page::new("mine").with("cache-control", "private").renders_in(300);
    world.origin.set("/a", page);
    world.get("/a");
    world.cache(0).evict_all();
    let start = world.executor.now();
    let asked = all(&world, "/a", 1, 50);
    world.wait(5000);
    assert!(asked.iter().all(|asked| asked.seen().at.since(start).as_millis() == 300));
}

#[test]
fn a_page_that_becomes_cacheable_again_is_stored() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("mine").with("cache-control", "private"));
    world.get("/a");
    world.origin.set("/a", Page::new("ours").fresh(60, 600));
    assert_eq!(world.get("/a").cache(), "fwd=uri-miss; fwd-status=200; stored; detail=private");
    assert_eq!(world.get("/a").cache(), "hit; ttl=59");
}

#[test]
fn a_waiter_with_another_vary_value_does_not_get_the_first_ones_answer() {
    seeds(|seed| {
        let world = World::new(seed);
        let mut page =
            Page::new("in ").fresh(60, 10).with("vary", "accept-language").renders_in(300);
        page.varies = Some("accept-language".to_owned());
        world.origin.set("/a", page);
        let asked: Vec<(String, Pending)> = (0..30)
            .map(|number| {
                let language = ["de", "fr", "en"][number % 3];
                let headers = [("accept-language", language)];
                (language.to_owned(), world.ask(At::default(), Method::GET, "/a", &headers, None))
            })
            .collect();
        world.wait(5000);
        for (language, asked) in asked {
            assert_eq!(asked.seen().text, format!("in {language}"));
        }
        assert_eq!(world.origin.take("/a"), 3);
    });
}

#[test]
fn a_failure_is_shared_by_those_who_waited_for_it_and_by_nobody_after() {
    seeds(|seed| {
        let world = World::new(seed);
        world.origin.set("/a", Page { renders_in: 300, ..Page::unreachable() });
        let asked = all(&world, "/a", 1, 100);
        world.wait(301);
        assert!(asked.iter().all(|asked| asked.seen().status == 502));
        assert_eq!(world.origin.take("/a"), 1);
        world.origin.set("/a", Page::new("well").fresh(60, 60));
        assert_eq!(world.get("/a").text, "well");
    });
}

#[test]
fn an_isolate_that_died_with_the_lease_blocks_nobody_longer_than_its_bound() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("slow").fresh(60, 600).renders_in(19_000));
    world.start("/a");
    world.wait(100);
    // The first isolate's tasks never run again.
    world.executor.end(|_| true);
    world.origin.set("/a", Page::new("one").fresh(60, 600));
    let start = world.executor.now();
    let seen = world.get_at(At { centre: 0, isolate: 1 }, "/a");
    assert_eq!(seen.text, "one");
    assert!(seen.at.since(start).as_secs() <= 20);
    // In the isolate itself the lease is still held; it ends by itself.
    world.wait(60_000);
    world.cache(0).evict_all();
    let start = world.executor.now();
    assert_eq!(world.get("/a").text, "one");
    assert!(world.executor.now().since(start).as_secs() < 1);
    // And what is taken next is a lease again.
    world.cache(0).evict_all();
    world.origin.take("/a");
    let asked = all(&world, "/a", 1, 100);
    world.wait(1000);
    assert!(asked.iter().all(|asked| asked.seen().text == "one"));
    assert_eq!(world.origin.take("/a"), 1);
}

#[test]
fn a_cache_that_keeps_nothing_makes_nobody_wait_in_vain() {
    seeds(|seed| {
        let world = World::new(seed);
        world.cache(0).keeps_nothing.set(true);
        world.origin.set("/a", Page::new("one").fresh(60, 600).renders_in(300));
        let start = world.executor.now();
        let asked = all(&world, "/a", 1, 50);
        world.wait(30_000);
        let longest = asked.iter().map(|asked| asked.seen().at.since(start).as_millis()).max();
        assert!(longest <= Some(600), "the slowest took {longest:?} ms");
        assert!(world.log.borrow().len() == 1, "said once: {:?}", world.log.borrow());
        let seen = world.get("/a");
        assert_eq!(seen.cache(), "fwd=uri-miss; fwd-status=200; stored; detail=cache-unavailable");
    });
}

#[test]
fn a_body_that_broke_off_never_takes_a_key_and_never_replaces_a_good_one() {
    for text in ["short".to_owned(), "long".repeat(1000)] {
        let world = World::new(1);
        let broken = Page { breaks_off: true, ..Page::new(&text).fresh(60, 600) };
        world.origin.set("/a", broken.clone());
        world.get("/a");
        assert!(!world.cache(0).bodies().contains(&text));
        world.wait(2000);
        world.origin.set("/a", Page::new("good").fresh(60, 600));
        world.get("/a");
        world.wait(61_000);
        world.origin.set("/a", broken);
        world.get("/a");
        world.wait(1000);
        assert_eq!(world.get("/a").text, "good");
    }
}

#[test]
fn what_was_fetched_later_is_not_replaced() {
    let world = World::new(1);
    // The first body takes so long that its lease ends before it is stored.
    let slow = Page { body_takes: 100_000, ..Page::new("old").fresh(6000, 600) };
    world.origin.set("/a", slow);
    world.start("/a");
    world.wait(60_000);
    world.origin.set("/a", Page::new("new").fresh(6000, 600));
    assert_eq!(world.get("/a").text, "new");
    world.wait(60_000);
    assert_eq!(world.get("/a").text, "new");
}

#[test]
fn a_crowd_whose_clock_is_behind_asks_one_at_a_time() {
    seeds(|seed| {
        let world = World::new(seed);
        world.ahead.borrow_mut().insert(1, 2_000);
        world.origin.set("/a", Page::new("old").fresh(600, 600).tags("a"));
        world.get_at(At { centre: 0, isolate: 1 }, "/a");
        world.purge("hard", &["a"]);
        // What this isolate fetches looks older than what is stored, for two seconds.
        world.origin.set("/a", Page::new("new").fresh(600, 600).tags("a").renders_in(20));
        let asked = all(&world, "/a", 1, 200);
        world.wait(3_000);
        assert!(asked.iter().all(|asked| asked.seen().text == "new"));
        assert_eq!(world.origin.most_at_once.get(), 1);
    });
}

#[test]
fn an_error_that_may_pass_in_a_second_does_not_end_collapsing() {
    seeds(|seed| {
        let world = World::new(seed);
        world.origin.set("/a", Page::new("broken").status(503).renders_in(300));
        let asked = all(&world, "/a", 1, 100);
        world.wait(900);
        assert!(asked.iter().all(|asked| asked.seen().status == 503));
        assert_eq!(world.origin.take("/a"), 1);
        world.wait(2000);
        let asked = all(&world, "/a", 1, 100);
        world.wait(900);
        assert!(asked.iter().all(|asked| asked.seen().status == 503));
        assert_eq!(world.origin.take("/a"), 1);
    });
}

#[test]
fn a_page_that_is_stale_at_once_still_costs_a_crowd_one_request() {
    for page in [
        Page::new("one").with("cache-control", "max-age=0").etag("\"1\""),
        Page::new("one").with("cache-control", "s-maxage=1"),
        Page::new("one").with("cache-control", "max-age=60").with("age", "90").etag("\"1\""),
    ] {
        seeds(|seed| {
            let world = World::new(seed);
            world.origin.set("/a", page.clone().renders_in(1500));
            for _ in 0..2 {
                let start = world.executor.now();
                let asked = all(&world, "/a", 1, 100);
                world.wait(20_000);
                assert!(asked.iter().all(|asked| asked.seen().text == "one"));
                let longest =
                    asked.iter().map(|asked| asked.seen().at.since(start).as_millis()).max();
                assert!(
                    longest <= Some(1600),
                    "the origin takes 1.5 s, the slowest waited {longest:?} ms"
                );
                assert_eq!(world.origin.take("/a"), 1);
            }
        });
    }
}

#[test]
fn a_crowd_on_a_purged_page_costs_one_request_while_kv_is_slow_or_refuses() {
    for (mode, refuses) in [("hard", false), ("soft", true)] {
        seeds(|seed| {
            let world = World::new(seed);
            let page = |text| {
                Page::new(text).with("cache-control", "s-maxage=600").tags("a").renders_in(300)
            };
            world.origin.set("/a", page("old"));
            world.get("/a");
            world.origin.set("/a", page("new"));
            world.kv.write_takes.set(3_000);
            world.kv.writes_fail.set(if refuses { 100 } else { 0 });
            world.start_control(At::default(), &format!(r#"{{"tags":["a"],"mode":"{mode}"}}"#));
            world.wait(100);
            world.origin.take("/a");
            let asked = all(&world, "/a", 1, 100);
            world.wait(2000);
            assert!(asked.iter().all(|asked| asked.seen().text == "new"));
            assert_eq!(world.origin.take("/a"), 1);
        });
    }
}

#[test]
fn a_purge_while_they_wait_forbids_the_waiters_what_was_asked_for_before_it() {
    seeds(|seed| {
        let world = World::new(seed);
        let page =
            |text| Page::new(text).with("cache-control", "s-maxage=600").tags("a").renders_in(1000);
        world.origin.set("/a", page("old"));
        let first = world.start("/a");
        world.wait(300);
        let waiting = world.start("/a");
        world.wait(300);
        world.origin.set("/a", page("new"));
        world.start_control(At::default(), r#"{"tags":["a"],"mode":"hard"}"#);
        world.wait(10_000);
        assert_eq!(first.seen().text, "old", "it was on its way");
        assert_eq!(waiting.seen().text, "new");
    });
}

#[test]
fn an_overdue_isolate_holds_up_another_once_and_not_one_visitor_after_the_other() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("slow").fresh(60, 600).renders_in(19_900));
    world.start("/a");
    world.wait(100);
    world.executor.end(|_| true);
    world.origin.set("/a", Page::new("one").fresh(60, 600).renders_in(300));
    let start = world.executor.now();
    let other = At { centre: 0, isolate: 1 };
    let asked: Vec<Pending> =
        (0..10).map(|_| world.ask(other, Method::GET, "/a", &[], None)).collect();
    world.wait(60_000);
    let longest = asked.iter().map(|asked| asked.seen().at.since(start).as_secs()).max();
    assert!(longest <= Some(20), "{longest:?} s");
    let first = asked.iter().map(|asked| asked.seen().at).min();
    assert!(asked.iter().all(|asked| Some(asked.seen().at) == first));
}

#[test]
fn who_waited_for_one_who_died_are_answered_by_one_request_of_another() {
    seeds(|seed| {
        let world = World::new(seed);
        world.cache(0).put_takes.set(30);
        world.origin.set("/a", Page::new("one").fresh(60, 600).renders_in(3_000));
        world.groups.set((7, 7));
        world.start("/a");
        world.wait(10);
        world.groups.set((8, 8));
        let waiting = all(&world, "/a", 1, 50);
        world.wait(1_000);
        world.executor.end(|group| group == 7);
        let before = world.origin.requests.borrow().len();
        world.wait(100_000);
        assert!(waiting.iter().all(|asked| asked.seen().text == "one"));
        assert_eq!(world.origin.requests.borrow().len() - before, 1);
    });
}

#[test]
fn a_leader_whom_the_page_is_not_for_ends_no_collapsing() {
    seeds(|seed| {
        let world = World::new(seed);
        let page = Page::new("one").with("cache-control", "max-age=0, stale-while-revalidate=9");
        world.origin.set("/a", page.etag("\"1\"").renders_in(1_000));
        let other = At { centre: 0, isolate: 1 };
        world.start("/a");
        world.wait(100);
        // This one has the lease of its isolate when the first has stored the page.
        let cookie = [("cookie", "sid=1")];
        let known = world.ask(other, Method::GET, "/a", &cookie, None);
        world.wait(10);
        let waiting: Vec<Pending> =
            (0..20).map(|_| world.ask(other, Method::GET, "/a", &[], None)).collect();
        world.wait(500);
        // What is stored by then is stale, and has to be asked for anew.
        world.start_control(other, r#"{"everything":true,"mode":"hard"}"#);
        world.wait(20_000);
        assert!(waiting.iter().all(|asked| asked.seen().text == "one"));
        assert_eq!(known.seen().cache(), "fwd=bypass; fwd-status=200; detail=cookie");
        let requests = world.origin.requests.borrow();
        let plain = |headers: &http::HeaderMap| !headers.contains_key("cookie");
        assert_eq!(requests.iter().filter(|request| plain(&request.headers)).count(), 2);
    });
}
