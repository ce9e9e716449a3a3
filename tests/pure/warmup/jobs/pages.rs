//! Jobs and their pages.

use std::time::Duration;

use edge_isr::policy::time::Time;
use edge_isr::warmup::ask::{End, Reply};
use edge_isr::warmup::job::AskedBy;
use edge_isr::warmup::jobs::{Jobs, Next};
use edge_isr::warmup::wire::Start;
use edge_isr::warmup::{STRIKES_MOST, STRIKES_OF_A_FAILURE};
use rstest::rstest;
use serde_json::json;

use super::{NOW, PACE, World, page_of};
use crate::warmup::{keys, url, urls};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn pages(urls: Vec<String>) -> Start {
    Start { urls, ..Start::default() }
}

#[test]
fn a_piece_of_work_says_what_its_job_was_asked_for() {
    let mut world = World::new();
    let start =
        Start { host: "site.test".to_owned(), knows: 7, by: AskedBy::Purge, ..pages(urls(0..1)) };
    world.start("0f", start).unwrap();
    let work = world.take().unwrap();
    assert_eq!((work.job.as_str(), work.host.as_str(), work.knows), ("0f", "site.test", 7));
    assert_eq!(world.report("0f")["asked_by"], "purge");
    assert!(!world.jobs.has_ended(&work.job) && world.jobs.has_work());
}

#[test]
fn jobs_take_turns_page_by_page() {
    let mut world = World::new();
    for (id, count) in [("a", 3), ("b", 1), ("c", 2)] {
        world.start(id, pages(urls(0..count))).unwrap();
    }
    let turns: Vec<String> = std::iter::from_fn(|| world.take()).map(|work| work.job).collect();
    assert_eq!(turns.concat(), "abcaca");
}

#[test]
fn a_new_job_waits_for_no_end_of_another() {
    let mut world = World::of(urls(0..1_000));
    world.end_next(End::Stored);
    world.start("b", pages(urls(0..1))).unwrap();
    let turns = [world.end_next(End::Stored), world.end_next(End::Stored)];
    assert!(turns.iter().any(|work| work.job == "b"));
}

#[test]
fn the_same_id_starts_one_job() {
    let mut world = World::of(urls(0..2));
    world.end_next(End::Stored);
    assert_eq!(world.jobs.start("a", pages(urls(5..9)), NOW), Ok(vec![]));
    assert_eq!((world.ids().len(), world.count("a", "asked")), (1, 2));
    // Nor does it start again when it has ended.
    world.work_off();
    assert_eq!(world.jobs.start("a", pages(urls(5..9)), NOW), Ok(vec![]));
    assert_eq!(world.take(), None);
}

#[rstest]
#[case::failed(End::Failed, 10)]
#[case::purged_meanwhile(End::Purged, 0)]
fn a_page_is_tried_three_times(#[case] end: End, #[case] pause: u64) {
    let mut world = World::of(urls(0..1));
    for attempt in 0..3 {
        let work = world.end_next(Reply::because(end, format!("attempt {attempt}")));
        assert_eq!(page_of(&work).unwrap().strikes, attempt * STRIKES_OF_A_FAILURE);
        if attempt < 2 {
            assert_eq!(world.count("a", "left"), 1);
            let at = world.now + Duration::from_secs(pause);
            if pause > 0 {
                assert_eq!(world.next(), Next::At(at));
            }
            world.now = at;
        }
    }
    assert_eq!((world.take(), world.count("a", "failed"), world.count("a", "left")), (None, 1, 0));
    let report = world.report("a");
    assert_eq!(report["failures"], json!([{"url": url(0), "reason": "attempt 2"}]));
    assert_eq!(report["state"], "done");
}

#[test]
fn a_page_whose_origin_wants_a_pause_each_time_has_twelve_attempts() {
    let mut world = World::of(urls(0..1));
    let busy = || Reply { pause: 30, ..Reply::because(End::Failed, "the origin answered 429") };
    for _ in 0..STRIKES_MOST - 1 {
        world.end_next(busy());
        assert_eq!(world.count("a", "failed"), 0);
        world.now = world.now + Duration::from_secs(30);
    }
    world.end_next(busy());
    assert_eq!(world.count("a", "failed"), 1);
}

#[test]
fn a_page_that_fails_at_first_may_be_stored_later() {
    let mut world = World::of(urls(0..1));
    world.end_next(End::Failed);
    world.now = world.now + Duration::from_secs(10);
    world.end_next(End::Purged);
    world.end_next(End::Stored);
    assert_eq!((world.count("a", "stored"), world.count("a", "failed")), (1, 0));
    assert_eq!(world.report("a")["failures"], json!([]));
}

#[test]
fn a_page_that_is_too_early_waits_longer_each_time() {
    let mut world = World::of(urls(0..1));
    for seconds in [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0] {
        world.end_next(End::NotYet);
        world.now = world.now + Duration::from_secs_f64(seconds - 0.001);
        assert!(world.take().is_none(), "{seconds}");
        world.now = world.now + Duration::from_millis(1);
    }
    assert_eq!((world.count("a", "done"), world.count("a", "left")), (0, 1));
    assert_eq!(world.work_off(), urls(0..1));
}

#[test]
fn a_page_that_stays_too_early_fails_with_the_reason() {
    let mut world = World::of(urls(0..1));
    for _ in 0..12 {
        world.end_next(End::NotYet);
        world.now = world.now + Duration::from_secs(60);
    }
    let report = world.report("a");
    assert_eq!((&report["failed"], &report["state"]), (&json!(1), &json!("done")));
    let reason = report["failures"][0]["reason"].as_str().unwrap();
    assert!(reason.starts_with("the purge journal did not reply"), "{reason}");
}

#[rstest]
#[case(End::Stored)]
#[case(End::Unchanged)]
#[case(End::Fresh)]
#[case(End::Uncacheable)]
#[case(End::Skipped)]
fn any_other_page_is_done_at_once(#[case] end: End) {
    let mut world = World::of(urls(0..1));
    world.end_next(end);
    assert_eq!((world.take(), world.count("a", end.as_str())), (None, 1));
    assert_eq!(world.report("a")["state"], "done");
    assert!(!world.jobs.has_work());
}

#[test]
fn work_that_is_put_back_is_the_next() {
    let mut world = World::of(urls(0..3));
    let work = world.take().unwrap();
    world.jobs.put_back(work.clone());
    assert_eq!(world.take(), Some(work));
    assert_eq!(world.count("a", "done"), 0);
}

#[test]
fn after_a_stop_nothing_is_taken_and_the_rows_are_deleted() {
    let mut world = World::of(urls(0..250));
    world.start("b", pages(urls(0..1))).unwrap();
    world.end_next(End::Stored);
    world.stop("a");
    assert_eq!(keys(&world.rows, "pages/a/"), [""; 0]);
    let turns: Vec<String> = std::iter::from_fn(|| world.take()).map(|work| work.job).collect();
    assert_eq!(turns, ["b"]);
    let report = world.report("a");
    assert_eq!(
        (&report["state"], &report["done"], &report["left"]),
        (&json!("stopped"), &json!(1), &json!(249))
    );
    world.restart();
    assert_eq!(world.report("a"), report);
}

#[rstest]
#[case::stored(End::Stored, 1)]
#[case::failed(End::Failed, 0)]
#[case::too_early(End::NotYet, 0)]
#[case::purged(End::Purged, 0)]
#[case::put_back(None, 0)]
fn a_late_reply_brings_no_page_of_a_stopped_job_back(
    #[case] end: impl Into<Option<End>>,
    #[case] done: u64,
) {
    let mut world = World::of(urls(0..2));
    let work = world.take().unwrap();
    world.stop("a");
    assert!(world.jobs.has_ended(&work.job));
    match end.into() {
        Some(end) => world.done(work, end),
        None => world.jobs.put_back(work),
    }
    world.write();
    assert_eq!((world.take(), keys(&world.rows, "pages/")), (None, vec![]));
    // A page that would be tried again has not ended: it is among those that were left.
    assert_eq!((world.count("a", "done"), world.count("a", "left")), (done, 2 - done));
    assert_eq!(
        (world.report("a")["state"].as_str(), world.count("a", "failed")),
        (Some("stopped"), 0)
    );
}

#[test]
fn a_job_that_has_ended_is_not_stopped() {
    let mut world = World::of(urls(0..1));
    world.work_off();
    assert_eq!(world.jobs.stop("a", NOW), Some(vec![]));
    assert_eq!(world.report("a")["state"], "done");
    assert_eq!(world.jobs.stop("b", NOW), None);
    assert_eq!(world.jobs.report("b", PACE, NOW), None);
}

#[test]
fn a_job_of_nothing_but_skipped_entries_is_done_at_once() {
    let mut world = World::new();
    let skipped = vec![("ftp://x".to_owned(), "no URL".to_owned())];
    world.start("a", Start { skipped, ..Start::default() }).unwrap();
    let report = world.report("a");
    assert_eq!(
        (&report["state"], &report["skipped"], &report["asked"]),
        (&json!("done"), &json!(1), &json!(1))
    );
    world.restart();
    assert_eq!(world.report("a"), report);
}

#[test]
fn a_job_has_at_most_200_000_pages() {
    let mut world = World::of(urls(0..200_003));
    let (asked, skipped) = (world.count("a", "asked"), world.count("a", "skipped"));
    assert_eq!((asked, skipped, world.count("a", "left")), (200_003, 3, 200_000));
    let failures = json!([{"url": url(200_000), "reason": "a job has at most 200000 pages"}]);
    assert_eq!(world.report("a")["failures"], failures);
    assert_eq!(keys(&world.rows, "pages/a/").len(), 2_000);
    world.stop("a");
    assert_eq!(keys(&world.rows, "pages/a/").len(), 0);
}

#[test]
fn a_hundred_jobs_that_have_not_ended_are_the_most() {
    let mut world = World::new();
    for number in 0..100 {
        world.start(&format!("{number:02}"), pages(urls(0..1))).unwrap();
    }
    let refusal = world.start("x", pages(urls(0..1))).unwrap_err();
    assert_eq!((refusal.status, world.ids().len()), (429, 100));
    assert_eq!(world.start("99", pages(urls(0..1))), Ok(()), "it is there already");
    world.stop("42");
    world.start("x", pages(urls(0..1))).unwrap();
    assert_eq!((world.ids().len(), keys(&world.rows, "job/").len()), (100, 100));
    assert_eq!(world.jobs.report("42", PACE, NOW), None);
}

#[test]
fn the_oldest_reports_make_room() {
    let mut world = World::new();
    for number in 0..150 {
        world.now.0 += 1;
        world.start(&format!("{number:03}"), pages(urls(0..1))).unwrap();
        world.work_off();
    }
    let newest: Vec<String> = (50..150).rev().map(|number| format!("{number:03}")).collect();
    assert_eq!(world.ids(), newest);
    world.write();
    assert_eq!(world.rows.0.len(), 100);
    world.restart();
    assert_eq!(world.ids(), newest);
}

#[test]
fn a_report_is_forgotten_seven_days_after_the_end() {
    let mut world = World::of(urls(0..1));
    world.start("b", pages(urls(0..1))).unwrap();
    world.now = NOW + DAY;
    world.end_next(End::Stored);
    world.write();
    let ended = world.now;
    for (now, ids) in [(Time((ended + 7 * DAY).0 - 1), 2), (ended + 7 * DAY, 1)] {
        world.now = now;
        world.forget();
        assert_eq!((world.ids().len(), keys(&world.rows, "job/").len()), (ids, ids));
    }
    assert_eq!(world.ids(), ["b"], "it has not ended");
}

#[test]
fn a_row_of_another_version_is_no_job() {
    let world = World::of(urls(0..1));
    let mut rows: Vec<(String, String)> = world.rows.0.clone().into_iter().collect();
    rows.retain(|(key, _)| key.starts_with("job/"));
    rows.push(("job/b".to_owned(), rows[0].1.replacen("\"1\"", "\"2\"", 1)));
    let jobs = Jobs::restored(rows);
    assert!(jobs.report("a", PACE, NOW).is_some() && jobs.report("b", PACE, NOW).is_none());
}
