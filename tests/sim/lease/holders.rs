//! A request that holds the lease and never gives it back.

use edge_isr::lease;
use edge_isr::policy::key::CacheKey;
use http::Method;

use crate::coordinator::FAR;
use crate::seeds;
use crate::world::origin::Page;
use crate::world::{At, Pending, World};

use super::all;

#[test]
fn an_isolate_that_died_with_the_lease_blocks_no_request_longer_than_its_bound() {
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
fn an_overdue_isolate_holds_up_another_isolate_once_and_not_each_visitor_in_turn() {
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
fn requests_that_waited_for_a_leader_that_died_are_answered_by_one_new_request() {
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
fn one_waiting_request_takes_over_from_a_holder_that_died_late_and_the_others_wait_for_it() {
    let world = crate::coordinator::world(1);
    world.origin.set("/a", Page::new("lost").renders_in(60_000));
    world.groups.set((7, 7));
    world.ask(FAR, Method::GET, "/a", &[], None);
    world.wait(100);
    world.executor.end(|group| group == 7);
    // This request waits for the world's lease until it expires, and dies while it asks the origin.
    world.groups.set((8, 8));
    world.start("/a");
    world.wait(10);
    world.groups.set((9, 9));
    let waiting = all(&world, "/a", 1, 30);
    world.wait(60_000);
    world.executor.end(|group| group == 8);
    assert_eq!(world.origin.take("/a"), 2);
    world.origin.set("/a", Page::new("one").fresh(60, 600).renders_in(19_900));
    world.wait(100_000);
    assert!(waiting.iter().all(|asked| asked.seen().text == "one"));
    assert_eq!(world.origin.take("/a"), 1);
}

#[test]
fn a_request_that_waits_for_a_lease_that_is_dropped_goes_on_at_once() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("one").fresh(60, 600));
    let slot = CacheKey::parse("https://site.test/a").unwrap().slot();
    let lease = lease::take(&world.platform(At::default()), &slot);
    let waiting = world.start("/a");
    world.wait(1_000);
    assert!(lease.is_some() && !waiting.is_there());
    drop(lease);
    world.wait(100);
    assert_eq!(waiting.seen().text, "one");
}
