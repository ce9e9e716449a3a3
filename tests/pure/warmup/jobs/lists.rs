//! Jobs and their lists: tags, sitemaps, hosts and prefixes.

use std::time::Duration;

use edge_isr::warmup::ask::{End, Reply, Task};
use edge_isr::warmup::jobs::Next;
use edge_isr::warmup::wire::Start;
use rstest::rstest;
use serde_json::json;

use super::{World, list_of, listed, url_of};
use crate::warmup::{keys, url, urls};

const SITEMAP: &str = "https://site.test/sitemap.xml";

#[test]
fn lists_are_read_before_the_pages_and_tags_first() {
    let mut world = World::new();
    let (tags, sitemaps) = (vec!["news".to_owned()], vec![SITEMAP.to_owned()]);
    let stored = vec!["/blog".to_owned()];
    let start = Start { urls: urls(0..1), tags, sitemaps, stored, ..Start::default() };
    world.start("a", start).unwrap();
    assert_eq!((world.count("a", "lists_left"), world.count("a", "asked")), (3, 1));
    for (of, task) in [("news", Task::Tag), (SITEMAP, Task::Sitemap), ("/blog", Task::Stored)] {
        let work = world.end_next(listed(vec![], &[], None));
        let list = list_of(&work).unwrap();
        assert_eq!((list.of.as_str(), list.task, list.depth), (of, task, 0));
    }
    assert_eq!((world.count("a", "lists_left"), world.work_off()), (0, urls(0..1)));
}

#[test]
fn a_list_is_read_by_one_lane_alone() {
    let mut world = World::new();
    let sitemaps = vec![SITEMAP.to_owned(), url(1)];
    world.start("a", Start { urls: urls(5..7), sitemaps, ..Start::default() }).unwrap();
    let reading = world.take().unwrap();
    assert_eq!(list_of(&reading).unwrap().of, SITEMAP);
    // Meanwhile, the other lanes warm pages.
    assert_eq!(world.take().and_then(|work| url_of(&work)), Some(url(5)));
    assert_eq!(world.take().and_then(|work| url_of(&work)), Some(url(6)));
    assert_eq!(world.next(), Next::Nothing);
    world.done(reading, listed(vec![], &[], None));
    assert_eq!(world.take().and_then(|work| Some(list_of(&work)?.of.clone())), Some(url(1)));
    assert_eq!(world.next(), Next::Nothing);
}

#[test]
fn a_list_that_is_put_back_is_read_later() {
    let mut world = World::reading(SITEMAP);
    let work = world.take().unwrap();
    world.jobs.put_back(work.clone());
    assert_eq!(world.take(), Some(work));
}

#[test]
fn the_pages_of_a_list_are_asked_for_and_its_rest_is_skipped() {
    let mut world = World::reading(SITEMAP);
    let examples = vec![("https://other.test/".to_owned(), "another host".to_owned())];
    world.end_next(Reply { skipped: 7, examples, ..listed(urls(0..150), &[], None) });
    assert_eq!((world.count("a", "asked"), world.count("a", "skipped")), (157, 7));
    assert_eq!(
        (world.count("a", "left"), world.report("a")["state"].as_str()),
        (150, Some("running"))
    );
    let failures = json!([{"url": "https://other.test/", "reason": "another host"}]);
    assert_eq!(world.report("a")["failures"], failures);
    assert_eq!(world.work_off(), urls(0..150));
}

#[test]
fn a_list_goes_on_at_its_cursor() {
    let mut world = World::reading(SITEMAP);
    let mut cursors = Vec::new();
    for (number, cursor) in [Some("x"), Some("y"), None].into_iter().enumerate() {
        let work = world.end_next(listed(urls(number..number + 1), &[], cursor));
        cursors.push(list_of(&work).unwrap().cursor.clone());
    }
    assert_eq!(cursors, [None, Some("x".to_owned()), Some("y".to_owned())]);
    assert_eq!((world.count("a", "lists_left"), world.work_off()), (0, urls(0..3)));
}

#[test]
fn an_index_is_read_and_an_index_in_it_is_skipped() {
    let mut world = World::reading(SITEMAP);
    world.end_next(listed(vec![], &["https://site.test/1.xml", "https://site.test/2.xml"], None));
    assert_eq!(world.count("a", "lists_left"), 2);
    let work = world.end_next(listed(urls(0..1), &[SITEMAP, "https://site.test/3.xml"], None));
    assert_eq!(
        list_of(&work).map(|list| (list.of.as_str(), list.depth)),
        Some(("https://site.test/1.xml", 1))
    );
    assert_eq!((world.count("a", "lists_left"), world.count("a", "skipped")), (1, 2));
    let reason = "the sitemap is in an index inside an index: only one level is read";
    let failures =
        [SITEMAP, "https://site.test/3.xml"].map(|url| json!({"url": url, "reason": reason}));
    assert_eq!(world.report("a")["failures"], json!(failures));
    world.end_next(listed(urls(1..2), &[], None));
    assert_eq!(world.work_off(), urls(0..2));
    assert_eq!((world.count("a", "asked"), world.count("a", "stored")), (4, 2));
}

#[test]
fn a_list_is_tried_three_times_and_lets_the_others_go_first() {
    let mut world = World::reading(SITEMAP);
    world.end_next(listed(vec![], &["https://site.test/1.xml", "https://site.test/2.xml"], None));
    let mut read = Vec::new();
    for _ in 0..4 {
        let work = loop {
            match world.next() {
                Next::At(at) => world.now = at,
                Next::Work(work) => break work,
                other => panic!("{other:?}"),
            }
        };
        let list = list_of(&work).unwrap();
        read.push((list.of.chars().rev().nth(4), list.strikes));
        let fails = list.of.ends_with("1.xml");
        world.done(work, Reply::because(if fails { End::Failed } else { End::Listed }, "503"));
    }
    assert_eq!(read, [(Some('1'), 0), (Some('2'), 0), (Some('1'), 4), (Some('1'), 8)]);
    let report = world.report("a");
    assert_eq!(
        (&report["failed"], &report["asked"], &report["state"]),
        (&json!(1), &json!(1), &json!("done"))
    );
    assert_eq!(report["failures"], json!([{"url": "https://site.test/1.xml", "reason": "503"}]));
}

#[test]
fn a_list_that_is_too_early_waits_longer_each_time() {
    let mut world = World::reading(SITEMAP);
    for seconds in [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0] {
        world.end_next(End::NotYet);
        world.now = world.now + Duration::from_secs_f64(seconds - 0.001);
        assert!(world.take().is_none(), "{seconds}");
        world.now = world.now + Duration::from_millis(1);
    }
    world.end_next(listed(urls(0..1), &[], None));
    assert_eq!(world.work_off(), urls(0..1));
}

#[test]
fn a_list_that_stays_too_early_fails_with_the_reason() {
    let mut world = World::reading(SITEMAP);
    for _ in 0..12 {
        world.end_next(End::NotYet);
        world.now = world.now + Duration::from_secs(60);
    }
    let report = world.report("a");
    assert_eq!((&report["failed"], &report["state"]), (&json!(1), &json!("done")));
    let reason = report["failures"][0]["reason"].as_str().unwrap();
    assert!(reason.starts_with("the purge journal did not reply"), "{reason}");
}

#[test]
fn a_list_that_is_none_is_not_tried_again() {
    let mut world = World::reading(SITEMAP);
    world.end_next(Reply::because(End::Skipped, "it is no sitemap"));
    let report = world.report("a");
    assert_eq!((&report["state"], &report["left"]), (&json!("done"), &json!(0)));
    assert_eq!(report["failures"], json!([{"url": SITEMAP, "reason": "it is no sitemap"}]));
}

/// A crash must not leave rows that no job knows, nor read the list again.
#[test]
fn the_rows_of_a_list_are_written_with_the_row_of_its_job() {
    let mut world = World::reading(SITEMAP);
    world.end_next(listed(urls(0..250), &[], None));
    assert_eq!(keys(&world.rows, "pages/a/").len(), 3);
    world.restart();
    assert_eq!((world.count("a", "lists_left"), world.count("a", "left")), (0, 250));
    assert_eq!(world.work_off(), urls(0..250));
    world.write();
    assert_eq!(keys(&world.rows, ""), ["job/a"]);
}

/// An object whose rows failed restores its jobs while a lane still reads a list.
#[test]
fn a_reply_is_that_of_its_own_list() {
    let mut world = World::reading(SITEMAP);
    let late = world.take().unwrap();
    world.done(
        late.clone(),
        listed(vec![], &["https://site.test/1.xml", "https://site.test/2.xml"], None),
    );
    world.write();
    world.restart();
    world.done(late, listed(urls(0..1), &[], None));
    let read: Vec<String> = (0..2)
        .map(|_| list_of(&world.end_next(listed(vec![], &[], None))).unwrap().of.clone())
        .collect();
    assert_eq!(read, ["https://site.test/1.xml", "https://site.test/2.xml"]);
}

#[rstest]
#[case::read(listed(urls(0..150), &["https://site.test/1.xml"], Some("x")))]
#[case::failed(End::Failed.into())]
#[case::too_early(End::NotYet.into())]
fn a_late_reply_brings_no_list_of_a_stopped_job_back(#[case] reply: Reply) {
    let mut world = World::reading(SITEMAP);
    let work = world.take().unwrap();
    world.stop("a");
    world.done(work, reply);
    world.write();
    assert_eq!((world.next(), keys(&world.rows, "")), (Next::Nothing, vec!["job/a"]));
    assert_eq!((world.count("a", "lists_left"), world.count("a", "asked")), (0, 0));
}

#[test]
fn lists_add_at_most_200_000_pages_to_a_job() {
    let mut world = World::reading(SITEMAP);
    for part in 0..5 {
        let cursor = (part < 4).then_some("more");
        world.end_next(listed(urls(part * 50_000..(part + 1) * 50_000), &[], cursor));
    }
    let report = world.report("a");
    assert_eq!(
        (&report["asked"], &report["skipped"], &report["left"]),
        (&json!(250_000), &json!(50_000), &json!(200_000))
    );
}
