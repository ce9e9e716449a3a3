use http::Method;

use crate::seeds;
use crate::world::Pending;
use crate::world::origin::Page;

use super::{FAR, coordinator, crowd, world};

#[test]
fn a_holder_that_died_blocks_the_others_no_longer_than_its_lease() {
    seeds(|seed| {
        let world = world(seed);
        let page = Page::new("one").fresh(60, 600).renders_in(19_000);
        world.origin.set("/a", page);
        world.start("/a");
        world.wait(1_000);
        world.executor.end(|_| true);
        coordinator(&world).evict();
        world.origin.take("/a");
        let start = world.executor.now();
        let asked: Vec<Pending> =
            (0..10).map(|_| world.ask(FAR, Method::GET, "/a", &[], None)).collect();
        world.wait(120_000);
        let first = asked.iter().map(|asked| asked.seen().at).min().unwrap();
        let waited = first.since(start).as_secs();
        assert!((54 + 19..=56 + 19).contains(&waited), "a lease lives 55 s; it took {waited} s");
        // Requests that wait in an isolate wait on while the request that asks for all of them waits.
        assert!(asked.iter().all(|asked| asked.seen().at == first && asked.seen().text == "one"));
        assert_eq!(world.origin.take("/a"), 1);
    });
}

#[test]
fn an_object_that_was_evicted_has_forgotten_no_lease() {
    seeds(|seed| {
        let world = world(seed);
        world.origin.set("/a", Page::new("one").fresh(60, 600).renders_in(2_000));
        let asked = crowd(&world, "/a", 4);
        for _ in 0..20 {
            world.wait(250);
            coordinator(&world).evict();
        }
        world.wait(5_000);
        assert!(asked.iter().all(|asked| asked.seen().text == "one"));
        assert_eq!((world.origin.most_at_once.get(), world.origin.take("/a")), (1, 2));
    });
}

#[test]
fn a_failure_is_shared_by_the_data_centre_that_waited_for_it() {
    seeds(|seed| {
        let world = world(seed);
        world.origin.set("/a", Page { renders_in: 300, ..Page::unreachable() });
        let asked = crowd(&world, "/a", 40);
        world.wait(2_500);
        assert!(asked.iter().all(|asked| asked.seen().status == 502));
        assert_eq!(world.origin.take("/a"), 1);
        world.origin.set("/a", Page::new("well").fresh(60, 60));
        assert_eq!(world.get_at(FAR, "/a").text, "well");
    });
}

#[test]
fn a_coordinator_that_does_not_answer_costs_a_short_wait_and_the_data_centres_lease_serves() {
    for hangs in [true, false] {
        seeds(|seed| {
            let world = world(seed);
            let there = coordinator(&world);
            there.hangs.set(hangs);
            there.fails.set(!hangs);
            for path in ["/a", "/b", "/c", "/e"] {
                world.origin.set(path, Page::new("one").fresh(600, 600).renders_in(300));
            }
            let stored = "fwd=uri-miss; fwd-status=200; stored; detail=coordinator-unavailable";
            let time = |path| {
                let start = world.executor.now();
                let seen = world.get(path);
                assert_eq!((seen.text.as_str(), seen.cache()), ("one", stored));
                seen.at.since(start).as_millis()
            };
            let first = time("/a");
            assert!((300..=1_400).contains(&first), "{first} ms");
            assert!(time("/b") <= 305, "nobody asks again so soon");
            assert!(world.get("/a").cache().starts_with("hit"));
            let told =
                world.log.borrow().iter().filter(|line| line.contains("the coordinator")).count();
            assert_eq!(told, 1, "{:?}", world.log.borrow());
            // One request to the origin a data centre, as without it.
            let asked = crowd(&world, "/c", 40);
            world.wait(5_000);
            assert!(asked.iter().all(|asked| asked.seen().text == "one"));
            assert!(world.origin.take("/c") <= 4);
            // A coordinator that makes visitors wait is left alone for longer.
            if hangs {
                assert!(time("/e") <= 305);
            }
            // And it is asked again once it answers.
            there.hangs.set(false);
            there.fails.set(false);
            world.wait(10_000);
            world.origin.set("/d", Page::new("one").fresh(600, 600));
            assert_eq!(world.get("/d").cache(), "fwd=uri-miss; fwd-status=200; stored");
        });
    }
}

#[test]
fn a_coordinator_that_stops_answering_ends_the_waiting_of_a_data_centre() {
    seeds(|seed| {
        let world = world(seed);
        world.origin.set("/a", Page::new("slow").fresh(60, 600).renders_in(19_000));
        world.start("/a");
        world.wait(1_000);
        let waiting = world.ask(FAR, Method::GET, "/a", &[], None);
        world.wait(1_000);
        world.origin.set("/a", Page::new("one").fresh(60, 600));
        coordinator(&world).hangs.set(true);
        world.wait(3_000);
        let seen = waiting.seen();
        assert!(seen.cache().ends_with("detail=coordinator-unavailable"), "{}", seen.cache());
    });
}

#[test]
fn a_lease_is_given_back_though_the_coordinator_failed_for_another_page() {
    seeds(|seed| {
        let world = world(seed);
        world.origin.set("/a", Page::new("one").fresh(60, 600).renders_in(2_000));
        world.start("/a");
        world.wait(1_500);
        coordinator(&world).fails.set(true);
        assert!(world.get("/b").cache().ends_with("detail=coordinator-unavailable"));
        coordinator(&world).fails.set(false);
        world.wait(1_000);
        assert_eq!(coordinator(&world).rows(), 0);
    });
}

#[test]
fn a_coordinator_that_failed_is_asked_again_after_a_second() {
    let world = world(1);
    for path in ["/a", "/b"] {
        world.origin.set(path, Page::new("one").fresh(60, 600));
    }
    coordinator(&world).fails.set(true);
    assert!(world.get("/a").cache().ends_with("detail=coordinator-unavailable"));
    coordinator(&world).fails.set(false);
    world.wait(1_000);
    assert_eq!(world.get("/b").cache(), "fwd=uri-miss; fwd-status=200; stored");
}
