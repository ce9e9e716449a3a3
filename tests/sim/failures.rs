use crate::world::kv::Operation;
use crate::world::origin::Page;
use crate::world::{At, World};

#[test]
fn an_origin_that_fails_leaves_the_stale_page_where_it_may_be_shown() {
    for (page, status) in [
        (Page::unreachable(), 502),
        (Page::new("late").renders_in(60_000), 504),
        (Page::new("broken").status(503), 503),
    ] {
        let world = World::new(1);
        let good = Page::new("good").with("cache-control", "max-age=60, stale-if-error=600");
        world.origin.set("/a", good);
        world.get("/a");
        world.wait(61_000);
        world.origin.set("/a", page.clone());
        let seen = world.get("/a");
        assert_eq!(seen.text, "good");
        assert!(
            seen.cache().starts_with("hit; fwd-status=")
                && seen.cache().contains("; ttl=-")
                && seen.cache().contains(&format!("fwd-status={status}")),
            "{}",
            seen.cache()
        );
        world.origin.set("/b", page);
        assert_eq!(world.get("/b").status, status);
    }
}

#[test]
fn past_every_window_the_failure_is_shown() {
    let world = World::new(1);
    let good =
        Page::new("good").with("cache-control", "max-age=60, stale-if-error=10").etag("\"1\"");
    world.origin.set("/a", good);
    world.get("/a");
    world.origin.set("/a", Page::unreachable());
    world.wait(71_000);
    let seen = world.get("/a");
    assert_eq!((seen.status, seen.header("content-type")), (502, "application/problem+json"));
}

#[test]
fn must_revalidate_forbids_the_stale_page_even_on_error() {
    let world = World::new(1);
    let control = "max-age=60, must-revalidate, stale-if-error=600, stale-while-revalidate=600";
    world.origin.set("/a", Page::new("good").with("cache-control", control));
    world.get("/a");
    world.wait(61_000);
    world.origin.set("/a", Page::unreachable());
    assert_eq!(world.get("/a").status, 502);
}

#[test]
fn a_failing_origin_is_asked_less_and_less_behind_the_visitors_backs() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("good").fresh(1, 6000));
    world.get("/a");
    world.origin.set("/a", Page::new("broken").status(500));
    world.wait(2000);
    world.origin.take("/a");
    for _ in 0..600 {
        assert_eq!(world.get("/a").text, "good");
        world.wait(100);
    }
    let asked = world.origin.take("/a");
    assert!((4..=8).contains(&asked), "asked {asked} times in a minute");
}

#[test]
fn with_kv_unreadable_a_young_page_is_served_and_an_old_page_is_asked_for() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("one").fresh(6000, 6000).etag("\"1\""));
    world.kv.reads_fail.set(true);
    world.get("/a");
    world.origin.take("/a");
    for _ in 0..9 {
        assert!(world.get("/a").cache().starts_with("hit"));
        world.wait(1000);
    }
    assert_eq!(world.origin.take("/a"), 0);
    world.wait(2000);
    assert_eq!(world.get("/a").cache(), "fwd=stale; fwd-status=304; stored");
    assert!(world.get("/a").cache().starts_with("hit"));
    assert_eq!(world.origin.take("/a"), 1);
}

#[test]
fn with_kv_unreadable_an_old_page_is_shown_only_if_the_origin_fails_too() {
    for (control, status) in [
        ("max-age=6000, stale-if-error=600", 200),
        ("max-age=6000, stale-while-revalidate=600", 502),
    ] {
        let world = World::new(1);
        world.origin.set("/a", Page::new("one").with("cache-control", control));
        world.get("/a");
        world.wait(21_000);
        world.kv.reads_fail.set(true);
        world.origin.set("/a", Page::unreachable());
        assert_eq!(world.get("/a").status, status, "{control}");
    }
}

#[test]
fn a_kv_that_hangs_counts_as_a_kv_that_fails() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("one").fresh(6000, 6000));
    world.get("/a");
    world.wait(21_000);
    world.kv.hang(Operation::Read, "");
    let start = world.executor.now();
    assert_eq!(world.get("/a").cache(), "fwd=stale; fwd-status=200; stored");
    assert!(world.executor.now().since(start).as_secs() <= 4);
}

#[test]
fn a_hard_purge_in_another_data_centre_holds_when_kv_fails() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("old").fresh(6000, 6000).tags("a"));
    world.get("/a");
    world.wait(1000);
    world.origin.set("/a", Page::new("new").fresh(6000, 6000).tags("a"));
    world.purge_at(At { centre: 1, isolate: 0 }, "hard", &["a"]);
    world.wait(11_000);
    world.kv.reads_fail.set(true);
    assert_eq!(world.get("/a").text, "new");
}

#[test]
fn a_purge_record_that_cannot_be_read_counts_as_a_purge() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("old").fresh(6000, 6000).tags("a"));
    world.get("/a");
    world.purge_at(At { centre: 1, isolate: 0 }, "hard", &["a"]);
    world.kv.values.borrow_mut().get_mut("p/h/a").unwrap().value = "garbage".to_owned();
    world.origin.set("/a", Page::new("new").fresh(6000, 6000).tags("a"));
    world.wait(11_000);
    assert_eq!(world.get("/a").text, "new");
}

#[test]
fn records_that_kv_leaves_out_of_its_answer_count_as_unread() {
    let world = World::new(1);
    let page = |text| Page::new(text).fresh(6000, 6000).tags("a");
    world.origin.set("/a", page("old"));
    world.get("/a");
    world.purge_at(At { centre: 1, isolate: 0 }, "soft", &["a"]);
    world.origin.set("/a", page("new"));
    world.wait(11_000);
    world.kv.reads_too_few.set(true);
    assert_eq!(world.get("/a").text, "new");
}

#[test]
fn a_purge_write_that_fails_is_retried_with_a_new_stamp() {
    let world = World::new(1);
    *world.kv.failure.borrow_mut() = "KV PUT failed: 429 Too Many Requests".to_owned();
    world.kv.writes_fail.set(2);
    let before = world.executor.now();
    assert_eq!(world.purge("soft", &["a"]).status, 200);
    let record = world.kv.values.borrow()["p/s/a"].value.clone();
    let record: serde_json::Value = serde_json::from_str(&record).unwrap();
    assert!(record["at"].as_i64().unwrap() >= before.0 + 2000, "{record}");
}

#[test]
fn a_purge_that_is_not_durable_is_never_a_200() {
    let world = World::new(1);
    *world.kv.failure.borrow_mut() = "KV PUT failed: 429 Too Many Requests".to_owned();
    world.kv.writes_fail.set(1000);
    let seen = world.purge("soft", &["a", "b"]);
    assert_eq!(seen.status, 503);
    let answer: serde_json::Value = serde_json::from_str(&seen.text).unwrap();
    assert_eq!(answer["failed"]["tags"].as_array().unwrap().len(), 2);
    assert_eq!(answer["purged"]["tags"].as_array().unwrap().len(), 0);
}

#[test]
fn a_graph_that_cannot_be_written_costs_the_visitor_nothing_and_is_continued() {
    let world = World::new(1);
    *world.kv.failure.borrow_mut() = "KV PUT failed: 429 Too Many Requests".to_owned();
    world.kv.writes_fail.set(1);
    world.origin.set("/a", Page::new("one").fresh(60, 600).tags("a,b"));
    assert_eq!(world.get("/a").status, 200);
    assert_eq!(world.get("/a").cache(), "hit; ttl=59");
    world.wait(61_000);
    world.get("/a");
    world.wait(1000);
    assert_eq!(world.urls_of_tag("a"), ["https://site.test/a"]);
    assert_eq!(world.urls_of_tag("b"), ["https://site.test/a"]);
}

#[test]
fn a_request_that_loops_is_answered_508() {
    for origin in ["", "https://site.test"] {
        let world = World::with(1, &[("ORIGIN", origin)]);
        let seen = world.get_with("/a", &[("via", "1.1 edge-isr")]);
        assert_eq!(seen.status, 508);
        assert!(seen.text.contains("ORIGIN"));
    }
    // Two edges in a row are no loop.
    let world = World::new(1);
    world.origin.set("/a", Page::new("one").fresh(60, 0));
    assert_eq!(world.get_with("/a", &[("via", "1.1 edge-isr")]).status, 200);
}

#[test]
fn a_purge_that_kv_refuses_is_answered_while_its_sender_still_listens() {
    let world = World::new(1);
    *world.kv.failure.borrow_mut() = "KV PUT failed: 500".to_owned();
    world.kv.writes_fail.set(1_000_000);
    let tags: Vec<String> = (0..500).map(|number| format!("\"t{number}\"")).collect();
    let start = world.executor.now();
    let seen = world.control(At::default(), &format!("{{\"tags\":[{}]}}", tags.join(",")));
    assert_eq!(seen.status, 503);
    assert!(world.executor.now().since(start).as_secs() <= 30);
    assert!(world.kv.writes.get() <= 1000, "KV's operations of one invocation");
}

#[test]
fn a_purge_that_joined_another_ones_last_attempt_has_attempts_of_its_own() {
    let world = World::new(1);
    *world.kv.failure.borrow_mut() = "KV PUT failed: 500".to_owned();
    world.kv.writes_fail.set(4);
    let purge = || world.start_control(At::default(), r#"{"tags":["t"]}"#);
    let first = purge();
    while world.kv.writes_fail.get() > 1 {
        world.wait(1);
    }
    let second = purge();
    assert_eq!([first, second].map(|purge| world.finish(purge).status), [503, 200]);
}

#[test]
fn kv_that_hangs_holds_up_one_request_in_ten_seconds() {
    let world = World::new(1);
    world.kv.hang(Operation::Read, "");
    let mut slow = 0;
    for number in 0..20 {
        let path = format!("/{}", number % 4);
        world.origin.set(&path, Page::new("x").fresh(6000, 6000));
        let start = world.executor.now();
        world.get(&path);
        slow += u32::from(world.executor.now().since(start).as_secs() >= 1);
        world.wait(500);
    }
    assert!(slow <= 2, "{slow} of 20 requests waited");
}

/// One request to the origin hangs, in one isolate; another isolate has had an answer meanwhile.
fn after_a_request_that_hangs(then: impl Fn(&World)) -> Vec<crate::world::Seen> {
    let world = World::new(1);
    let page =
        |text| Page::new(text).with("cache-control", "max-age=60, stale-if-error=6000").tags("a");
    world.origin.set("/a", page("old"));
    world.get("/a");
    world.wait(61_000);
    world.origin.set("/a", page("late").renders_in(60_000));
    let hung = [world.start("/a"), world.start("/a")];
    world.wait(500);
    world.origin.set("/a", page("new"));
    then(&world);
    world.wait(30_000);
    hung.map(|hung| hung.seen()).to_vec()
}

#[test]
fn a_page_that_stands_in_for_an_error_is_not_older_than_a_page_shown_meanwhile() {
    let hung = after_a_request_that_hangs(|world| {
        let other = At { centre: 0, isolate: 1 };
        assert_eq!(world.get_at(other, "/a").text, "new");
    });
    assert!(hung.iter().all(|hung| hung.text == "new"));
}

#[test]
fn a_page_purged_hard_while_the_origin_failed_does_not_stand_in() {
    let hung = after_a_request_that_hangs(|world| {
        assert_eq!(world.purge("hard", &["a"]).status, 200);
    });
    assert!(hung.iter().all(|hung| hung.status == 504), "{hung:?}");
}

#[test]
fn a_visitor_that_hangs_up_while_records_are_read_holds_up_no_request() {
    let world = World::new(1);
    for path in ["/a", "/b"] {
        world.origin.set(path, Page::new("x").fresh(600, 600));
        world.get(path);
    }
    world.wait(11_000);
    world.kv.read_takes.set(100);
    world.groups.set((3, 4));
    world.start("/a");
    world.wait(5);
    world.executor.end(|group| group == 3);
    world.groups.set((5, 6));
    let start = world.executor.now();
    let seen = world.get("/b");
    assert!(seen.cache().starts_with("hit"), "{}", seen.cache());
    assert!(seen.at.since(start).as_millis() < 1_000, "{:?}", seen.at.since(start));
}
