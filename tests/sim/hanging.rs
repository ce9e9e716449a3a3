//! KV whose operations never end: each flow goes on, in bounded time.

use std::time::Duration;

use crate::world::kv::Operation;
use crate::world::origin::Page;
use crate::world::{At, Seen, TOKEN, World};

/// The work of these requests is told apart from that of the others.
const GROUPS: (u64, u64) = (7, 8);

fn control(world: &World, path: &str) -> Seen {
    world.get_with(&format!("/edge-isr/{path}"), &[("authorization", &format!("Bearer {TOKEN}"))])
}

fn took(world: &World, path: &str) -> (u16, u64) {
    let start = world.executor.now();
    let seen = control(world, path);
    (seen.status, seen.at.since(start).as_secs())
}

/// Whether all that was begun in [`GROUPS`] has ended after a while.
fn all_ends(world: &World) -> bool {
    world.run(Duration::from_secs(60));
    !world.executor.is_running(GROUPS.0) && !world.executor.is_running(GROUPS.1)
}

#[test]
fn a_listing_that_never_ends_is_a_503() {
    let world = World::new(1);
    world.kv.hang(Operation::List, "t/");
    assert_eq!(took(&world, "status?tag=a"), (503, 10));
}

#[test]
fn a_read_that_never_ends_is_a_503_of_the_control_routes() {
    let id = "0".repeat(32);
    for path in ["status?url=https://site.test/a".to_owned(), format!("purges/{id}")] {
        let world = World::new(1);
        world.kv.hang(Operation::Read, "");
        assert_eq!(took(&world, &path), (503, 3), "{path}");
    }
}

#[test]
fn a_url_that_cannot_be_read_leaves_no_listing_waiting() {
    let world = World::new(1);
    let path = format!("/{}", "long/".repeat(400));
    world.origin.set(&path, Page::new("x").fresh(60, 600).tags("a"));
    world.get(&path);
    world.kv.hang(Operation::Read, "u/");
    assert_eq!(took(&world, "status?tag=a"), (503, 3));
}

#[test]
fn records_that_cannot_be_read_hold_a_page_up_for_three_seconds() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("x").fresh(600, 600));
    world.get("/a");
    world.wait(21_000);
    world.kv.hang(Operation::Read, "p/");
    let start = world.executor.now();
    let seen = world.get("/a");
    assert_eq!((seen.status, seen.at.since(start).as_secs()), (200, 3));
}

#[test]
fn graph_reads_and_writes_that_never_end_end_with_their_limits_and_are_continued() {
    for (operation, prefix) in
        [(Operation::Read, "u/"), (Operation::Write, "u/"), (Operation::Write, "t/")]
    {
        let world = World::new(1);
        world.groups.set(GROUPS);
        world.kv.hang(operation, prefix);
        world.origin.set("/a", Page::new("x").fresh(60, 600).tags("a"));
        let start = world.executor.now();
        assert_eq!(world.get("/a").at.since(start).as_secs(), 0, "{operation:?} {prefix}");
        assert!(all_ends(&world), "{operation:?} {prefix}");
        world.kv.recover();
        world.wait(61_000);
        world.get("/a");
        world.wait(1_000);
        assert_eq!(world.urls_of_tag("a"), ["https://site.test/a"], "{operation:?} {prefix}");
    }
}

#[test]
fn graph_deletions_that_never_end_end_with_their_limit_and_are_continued() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("x").fresh(60, 600).tags("a,b"));
    world.get("/a");
    world.wait(61_000);
    world.groups.set(GROUPS);
    world.kv.hang(Operation::Delete, "t/");
    world.origin.set("/a", Page::new("y").fresh(60, 600).tags("a"));
    world.get("/a");
    assert!(all_ends(&world));
    assert_eq!(world.urls_of_tag("b"), ["https://site.test/a"]);
    world.kv.recover();
    world.wait(61_000);
    world.get("/a");
    world.wait(2_000);
    assert_eq!(world.urls_of_tag("b"), [""; 0]);
}

#[test]
fn a_receipt_whose_write_never_ends_holds_up_no_purge_and_is_given_up() {
    let world = World::new(1);
    world.groups.set(GROUPS);
    world.kv.hang(Operation::Write, "r/");
    let start = world.executor.now();
    let purged = world.purge("soft", &["a"]);
    assert_eq!((purged.status, purged.at.since(start).as_secs()), (200, 0));
    assert!(all_ends(&world));
    let log = world.log.borrow();
    assert!(log.iter().any(|line| line.contains("receipt could not be kept")), "{log:?}");
}

#[test]
fn a_purge_whose_writes_never_end_is_a_503_while_its_sender_listens_and_holds_here() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("old").fresh(600, 600).tags("a"));
    world.get("/a");
    world.origin.set("/a", Page::new("new").fresh(600, 600).tags("a"));
    world.kv.hang(Operation::Write, "p/");
    let start = world.executor.now();
    let purged = world.control(At::default(), r#"{"tags":["a"],"mode":"hard"}"#);
    assert_eq!(purged.status, 503);
    // Without a limit of the write itself, the batch would end after 30 seconds.
    assert!(purged.at.since(start).as_secs() <= 25);
    assert_eq!(world.get("/a").text, "new");
    world.kv.recover();
    assert_eq!(world.purge("hard", &["a"]).status, 200);
}

#[test]
fn what_was_read_of_many_records_counts_though_the_others_never_come() {
    let world = World::new(1);
    let tags: Vec<String> = (0..60).map(|number| format!("tag-{number}")).collect();
    let page = Page::new("old").with("cache-control", "max-age=6000, stale-if-error=6000");
    world.origin.set("/a", page.tags(&tags.join(",")));
    world.get("/a");
    world.purge_at(At { centre: 1, isolate: 0 }, "hard", &["tag-0"]);
    world.wait(11_000);
    world.kv.hang(Operation::Read, "p/s/tag-59");
    world.origin.set("/a", Page::unreachable());
    assert_eq!(world.get("/a").status, 502);
}
