//! The visitor's own request, and the plain one that may follow it.

use http::Method;

use super::BROWSER;
use crate::seeds;
use crate::world::origin::Page;
use crate::world::{At, Pending, World};

const EVIL: (&str, &str) = ("x-probe", "../etc/passwd");

fn ask(world: &World, headers: &[(&str, &str)]) -> Pending {
    world.ask(At::default(), Method::GET, "/a", headers, None)
}

/// A page that fails for one visitor alone.
fn failing_for_evil() -> Page {
    let failure = Page::new("theirs").status(500).renders_in(300);
    Page::new("good").fresh(60, 60).renders_in(300).but_where(EVIL.0, "passwd", failure)
}

#[test]
fn no_plain_request_follows_a_failure_that_no_other_request_waits_for() {
    let world = World::new(1);
    world.origin.set("/a", failing_for_evil());
    assert_eq!(world.get_with("/a", &[BROWSER, EVIL]).status, 500);
    world.wait(5_000);
    assert_eq!(world.origin.take("/a"), 1);
}

#[test]
fn one_plain_request_follows_a_failure_for_all_requests_that_wait() {
    seeds(|seed| {
        let world = World::new(seed);
        world.origin.set("/a", failing_for_evil());
        ask(&world, &[BROWSER, EVIL]);
        world.wait(5);
        let waiting: Vec<Pending> = (0..20).map(|_| ask(&world, &[BROWSER])).collect();
        world.wait(5_000);
        assert!(waiting.iter().all(|asked| asked.seen().text == "good"));
        assert_eq!(world.origin.take("/a"), 2);
    });
}

#[test]
fn one_plain_request_follows_many_own_ones_for_a_page_that_passed_and_is_shared_again() {
    seeds(|seed| {
        let world = World::new(seed);
        world.origin.set("/a", Page::new("mine").with("cache-control", "private"));
        world.get_with("/a", &[BROWSER]);
        world.origin.take("/a");
        world.origin.set("/a", Page::new("ours").fresh(60, 60).renders_in(300));
        let asked: Vec<Pending> = (0..20).map(|_| ask(&world, &[BROWSER])).collect();
        world.wait(5_000);
        assert!(asked.iter().all(|asked| asked.seen().text == "ours"));
        assert_eq!(world.origin.take("/a"), 20 + 1);
    });
}
