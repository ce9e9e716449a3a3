//! Many requests for one page.

use http::Method;

use crate::seeds;
use crate::world::origin::Page;
use crate::world::{At, Pending, World};

use super::all;

#[test]
fn two_hundred_requests_for_a_cold_page_cost_one_origin_request() {
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
fn two_hundred_requests_for_a_stale_page_cost_one_origin_request_and_do_not_wait() {
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
    // An isolate that comes while the other holds the lease waits for it.
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
fn isolates_that_began_to_wait_together_do_not_look_together() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("one").fresh(60, 600).renders_in(5_000));
    world.start("/a");
    world.wait(50);
    for isolate in [1, 2] {
        world.ask(At { centre: 0, isolate }, Method::GET, "/a", &[], None);
    }
    world.wait(0);
    world.cache(0).matches.take();
    let (mut alone, mut together) = (0, 0);
    for _ in 0..4_000 {
        world.wait(1);
        match world.cache(0).matches.take() {
            0 => {}
            1 => alone += 1,
            _ => together += 1,
        }
    }
    assert!(alone > together, "{alone} looks alone, {together} together");
}

#[test]
fn a_waiting_request_with_another_vary_value_does_not_get_the_first_requests_answer() {
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
fn a_failure_is_shared_by_requests_that_waited_for_it_and_by_no_later_request() {
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
fn a_purge_keeps_from_waiting_requests_what_was_fetched_before_it() {
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
fn a_crowd_asks_one_at_a_time_while_hard_purges_come_during_each_request() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("x").fresh(60, 600).tags("t").renders_in(100));
    let visitors: Vec<_> = (0..30).map(|_| world.start("/a")).collect();
    for _ in 0..30 {
        world.wait(50);
        world.start_control(At::default(), r#"{"tags":["t"],"mode":"hard"}"#);
    }
    for visitor in visitors {
        assert_eq!(world.finish(visitor).text, "x");
    }
    assert_eq!(world.origin.most_at_once.get(), 1);
    let requests = world.origin.take("/a");
    assert!(
        (9..25).contains(&requests),
        "{requests}: more than eight requests, and not one a visitor"
    );
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
        let asked = all(&world, "/a", 1, 30);
        world.wait(3_000);
        assert!(asked.iter().all(|asked| asked.seen().text == "new"));
        assert_eq!(world.origin.most_at_once.get(), 1);
    });
}
