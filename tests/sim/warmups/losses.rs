//! The object is lost in the middle of a job, its rows fail, or the Worker does.

use super::{counts, page, with, world};
use crate::seeds;
use crate::world::World;
use crate::world::origin::Page;

fn paths(world: &World, count: u64, page: &Page) -> Vec<String> {
    let paths: Vec<String> = (0..count).map(|number| format!("/{number}")).collect();
    paths.iter().for_each(|path| world.origin.set(path, page.clone()));
    paths
}

fn warm(world: &World, paths: &[String]) -> String {
    world.warm_urls(&paths.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn an_object_that_is_lost_goes_on_and_asks_for_no_page_more_than_once_more() {
    seeds(|seed| {
        let world = with(seed, &[]);
        let mut paths = paths(&world, 250, &page("x"));
        world.origin.set("/private", Page::new("mine").with("cache-control", "no-store"));
        paths.insert(3, "/private".to_owned());
        let id = warm(&world, &paths);
        for _ in 0..5 {
            world.wait(seed * 30 + 100);
            world.object().evict();
        }
        let report = world.ended(&id);
        let [stored, _, fresh, uncacheable, failed, _] = counts(&report);
        assert_eq!((stored + fresh, uncacheable, failed), (250, 1, 0), "{report}");
        for path in &paths[..250] {
            let requests = world.origin.take(path);
            assert!((1..=2).contains(&requests) || path == "/private", "{path}: {requests}");
        }
        world.wait(1_000);
        assert!(!world.object().rows().keys().any(|key| key.starts_with("pages/")));
    });
}

#[test]
fn rows_that_fail_delay_a_job_and_lose_nothing() {
    seeds(|seed| {
        let world = with(seed, &[]);
        let paths = paths(&world, 120, &page("x"));
        let id = warm(&world, &paths);
        world.wait(300 + seed * 20);
        world.object().rows_fail(true);
        world.wait(2_000);
        world.object().rows_fail(false);
        let report = world.ended(&id);
        let [stored, _, fresh, ..] = counts(&report);
        assert_eq!((stored + fresh, report["left"].as_u64()), (120, Some(0)), "{report}");
    });
}

#[test]
fn a_call_of_the_worker_that_fails_is_tried_again() {
    let world = world();
    world.origin.set("/a", page("one"));
    world.object().calls_fail(2);
    let report = world.ended(&world.warm_urls(&["/a"]));
    assert_eq!(counts(&report)[0], 1, "{report}");
}

#[test]
fn a_job_is_known_after_a_restart_and_a_late_repetition_starts_it_once() {
    let world = world();
    world.origin.set("/a", page("one"));
    let id = world.warm_urls(&["/a"]);
    world.ended(&id);
    world.object().evict();
    assert_eq!(world.job(&id)["state"], "done");
}
