//! The rate of requests to the origin.

use edge_isr::policy::time::Time;
use serde_json::json;

use super::{counts, page, with};
use crate::seeds;
use crate::world::World;
use crate::world::origin::Page;

/// The most requests to the origin in any second.
fn most_in_a_second(world: &World) -> usize {
    let came = world.origin.came.borrow();
    let within = |from: &Time| came.iter().filter(|at| *at >= from && at.0 < from.0 + 1000).count();
    came.iter().map(within).max().unwrap_or(0)
}

fn paths(world: &World, count: u64, page: &Page) -> Vec<String> {
    let paths: Vec<String> = (0..count).map(|number| format!("/{number}")).collect();
    paths.iter().for_each(|path| world.origin.set(path, page.clone()));
    paths
}

fn warm(world: &World, paths: &[String]) -> String {
    world.warm_urls(&paths.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn no_second_has_more_requests_than_the_rate_and_one() {
    seeds(|seed| {
        let world = with(seed, &[("WARM_PER_SECOND", "20")]);
        let paths = paths(&world, 60, &page("x"));
        let (one, two) = (warm(&world, &paths[..30]), warm(&world, &paths[30..]));
        assert_eq!(counts(&world.ended(&one))[0] + counts(&world.ended(&two))[0], 60);
        let most = most_in_a_second(&world);
        assert!(most <= 21, "{most}");
    });
}

#[test]
fn the_rate_holds_when_the_object_begins_anew() {
    seeds(|seed| {
        let world = with(seed, &[("WARM_PER_SECOND", "10")]);
        let paths = paths(&world, 40, &page("x"));
        let id = warm(&world, &paths);
        for _ in 0..4 {
            world.wait(900);
            world.object().evict();
        }
        world.ended(&id);
        let most = most_in_a_second(&world);
        assert!(most <= 11, "{most}");
    });
}

#[test]
fn a_429_with_retry_after_pauses_all_jobs_and_then_they_go_on() {
    let world = with(1, &[]);
    let busy = Page::new("busy").status(429).with("retry-after", "30");
    world.origin.set("/busy", busy);
    let paths = paths(&world, 40, &page("x"));
    let one = world.warm_urls(&["/busy"]);
    world.wait(1_000);
    assert_eq!(world.job(&one)["state"], "paused");
    let two = warm(&world, &paths);
    world.wait(20_000);
    assert_eq!(world.job(&two)["done"], 0);
    assert_eq!(world.origin.requests.borrow().len(), 1);
    world.origin.set("/busy", page("not busy"));
    assert_eq!(counts(&world.ended(&one))[0], 1);
    assert_eq!(counts(&world.ended(&two))[0], 40);
}

#[test]
fn a_pause_outlives_the_object() {
    let world = with(1, &[]);
    world.origin.set("/busy", Page::new("busy").status(503).with("retry-after", "60"));
    world.warm_urls(&["/busy"]);
    world.wait(2_000);
    world.object().evict();
    world.wait(50_000);
    assert_eq!(world.origin.take("/busy"), 1);
    world.wait(20_000);
    assert_eq!(world.origin.take("/busy"), 1);
}

#[test]
fn an_origin_that_gets_slower_gets_fewer_requests() {
    let world = with(1, &[("WARM_PER_SECOND", "20"), ("WARM_AT_ONCE", "32")]);
    let paths = paths(&world, 200, &page("x").renders_in(20));
    let id = warm(&world, &paths);
    world.wait(3_000);
    assert_eq!(world.job(&id)["per_second"], 20);
    paths.iter().for_each(|path| world.origin.set(path, page("x").renders_in(400)));
    world.wait(6_000);
    let slowed = world.job(&id)["per_second"].as_u64().unwrap();
    assert!(slowed <= 5, "{slowed}");
    paths.iter().for_each(|path| world.origin.set(path, page("x").renders_in(20)));
    let report = world.ended(&id);
    assert_eq!(counts(&report)[0], 200);
    assert!(report["per_second"].as_u64().unwrap() > slowed);
}

#[test]
fn jobs_take_turns() {
    let world = with(1, &[("WARM_PER_SECOND", "10"), ("WARM_AT_ONCE", "1")]);
    let paths = paths(&world, 100, &page("x"));
    let large = warm(&world, &paths);
    world.wait(500);
    world.origin.set("/small", page("small"));
    let small = world.warm_urls(&["/small"]);
    world.wait(2_000);
    assert_eq!(world.job(&small)["state"], json!("done"));
    assert_eq!(world.job(&large)["state"], json!("running"));
}
