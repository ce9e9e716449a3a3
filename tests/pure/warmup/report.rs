use edge_isr::policy::time::Time;
use edge_isr::warmup::job::{AskedBy, Counts, Job, List};
use edge_isr::warmup::report::{Detailed, PaceNow, report};
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

use super::job::job;

/// 2026-11-23T18:00:00Z.
const AT: Time = Time(1_795_456_800_000);
const PACE: PaceNow = PaceNow { per_second: 5, paused_until: None, has_tier: true };

fn after(seconds: i64) -> Time {
    Time(AT.0 + 1000 * seconds)
}

fn shown(job: &Job, pace: PaceNow, now: Time) -> Value {
    serde_json::from_str(&report(job, pace, Detailed::Yes, now).end()).unwrap()
}

/// A job of which nothing is done yet.
fn asked(asked: u64) -> Job {
    Job { at: AT, counts: Counts { asked, ..Counts::default() }, ..Job::default() }
}

/// A job that has done a part in some seconds.
fn running(done: u64, left: u64, seconds: i64) -> Job {
    let counts = Counts { asked: done + left, fresh: done, ..Counts::default() };
    Job { at: AT, began: Some(after(-seconds)), counts, ..Job::default() }
}

#[test]
fn a_report_says_all_that_is_known_of_a_job() {
    let job = Job {
        id: "0f".to_owned(),
        by: AskedBy::Schedule,
        counts: Counts {
            asked: 12,
            stored: 5,
            unchanged: 3,
            fresh: 1,
            uncacheable: 1,
            failed: 0,
            skipped: 0,
        },
        began: Some(after(1)),
        written: Some(after(2)),
        lists: vec![List::default(), List::default()],
        failures: vec![(
            "https://site.test/\"".to_owned(),
            "the origin\nanswered 500 😀".to_owned(),
        )],
        ..asked(0)
    };
    let expected = json!({
        "id": "0f", "state": "running", "asked_by": "schedule", "asked_at": "2026-11-23T18:00:00.000Z",
        "asked": 12, "done": 10, "left": 2, "stored": 5, "unchanged": 3, "fresh": 1,
        "uncacheable": 1, "failed": 0, "skipped": 0, "lists_left": 2, "per_second": 5,
        "written": "2026-11-23T18:00:02.000Z",
        "usually_everywhere_by": "2026-11-23T18:01:02.000Z",
        "failures": [{"url": "https://site.test/\"", "reason": "the origin\nanswered 500 😀"}],
    });
    assert_eq!(shown(&job, PACE, after(11)), expected);
}

#[rstest]
#[case::nothing_is_done(None, None, false, None, "waiting")]
#[case::something_is_done(Some(1), None, false, None, "running")]
#[case::the_origin_wants_a_pause(Some(1), None, false, Some(70), "paused")]
#[case::a_pause_before_the_first_page(None, None, false, Some(70), "paused")]
#[case::the_pause_is_over(Some(1), None, false, Some(60), "running")]
#[case::all_is_done(Some(1), Some(9), false, None, "done")]
#[case::all_is_done_in_a_pause(Some(1), Some(9), false, Some(70), "done")]
#[case::stopped(Some(1), Some(9), true, None, "stopped")]
#[case::stopped_before_it_began(None, Some(9), true, Some(70), "stopped")]
fn the_state_of_a_job(
    #[case] began: Option<i64>,
    #[case] ended: Option<i64>,
    #[case] stopped: bool,
    #[case] paused_until: Option<i64>,
    #[case] state: &str,
) {
    let job = Job { began: began.map(after), ended: ended.map(after), stopped, ..asked(3) };
    let report = shown(&job, PaceNow { paused_until: paused_until.map(after), ..PACE }, after(60));
    assert_eq!(report["state"], state);
    assert_eq!(report.get("paused_until").is_some(), state == "paused");
    assert_eq!(report.get("estimated_end").is_some(), ended.is_none());
    let done_at = ended.map(|_| json!("2026-11-23T18:00:09.000Z"));
    assert_eq!(report.get("done_at"), done_at.as_ref());
}

#[test]
fn times_that_do_not_apply_are_absent() {
    let report = shown(&asked(3), PACE, AT);
    for name in ["paused_until", "done_at", "written", "usually_everywhere_by"] {
        assert_eq!(report.get(name), None, "{name}");
    }
}

#[test]
fn a_stopped_job_keeps_what_was_left() {
    let job = Job { ended: Some(AT), stopped: true, ..running(4, 6, 1) };
    let report = shown(&job, PACE, AT);
    assert_eq!(
        (&report["asked"], &report["done"], &report["left"]),
        (&json!(10), &json!(4), &json!(6))
    );
}

#[rstest]
#[case::by_the_rate(asked(10), 5, 2_000)]
#[case::by_another_rate(asked(10), 1, 10_000)]
#[case::by_a_rate_of_no_whole_milliseconds(asked(600), 600, 1_000)]
#[case::by_the_rate_while_little_is_done(running(9, 10, 900), 5, 2_000)]
#[case::by_the_pages_that_are_done(running(10, 10, 900), 5, 900_000)]
#[case::by_pages_that_took_less_than_a_millisecond(running(100_000, 50_000, 80), 5, 40_000)]
#[case::nothing_is_left(running(10, 0, 900), 5, 0)]
#[case::very_much_is_left(running(1_000_000, 10_000_000, 80), 5, 800_000)]
fn the_end_is_estimated(#[case] job: Job, #[case] per_second: u32, #[case] takes: i64) {
    let report = shown(&job, PaceNow { per_second, ..PACE }, AT);
    assert_eq!(report["estimated_end"], Time(AT.0 + takes).to_string());
    assert_eq!(report["per_second"], per_second);
}

#[test]
fn the_end_is_estimated_from_the_end_of_the_pause() {
    let pace = PaceNow { paused_until: Some(after(60)), ..PACE };
    let report = shown(&asked(10), pace, AT);
    assert_eq!(report["paused_until"], after(60).to_string());
    assert_eq!(report["estimated_end"], after(62).to_string());
    assert_eq!(shown(&asked(10), pace, after(100))["estimated_end"], after(102).to_string());
}

proptest! {
    #[test]
    fn any_job_has_a_report_whose_counts_add_up(job in job(), per_second: u32, paused: Option<i32>) {
        let paused_until = paused.map(|at| Time(AT.0 + i64::from(at)));
        let report = shown(&job, PaceNow { per_second, paused_until, has_tier: true }, AT);
        let number = |name: &str| report[name].as_u64().unwrap();
        prop_assert_eq!(number("asked"), number("done") + number("left"));
        let ends = ["stored", "unchanged", "fresh", "uncacheable", "failed", "skipped"];
        prop_assert_eq!(number("done"), ends.into_iter().map(number).sum::<u64>());
        prop_assert_eq!(number("lists_left"), job.lists.len() as u64);
        prop_assert_eq!(&report["id"], &job.id);
        let failures: Vec<Value> = job.failures.iter()
            .map(|(url, reason)| json!({"url": url, "reason": reason})).collect();
        prop_assert_eq!(&report["failures"], &Value::from(failures));
    }

    #[test]
    fn a_list_of_reports_has_no_failures(job in job()) {
        let all = shown(&job, PACE, AT);
        let text = report(&job, PACE, Detailed::No, AT).end();
        let mut listed: Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(listed.get("failures"), None);
        listed["failures"] = all["failures"].clone();
        prop_assert_eq!(listed, all);
    }
}

#[test]
fn an_end_is_estimated_once_all_lists_are_read() {
    let reading = Job { lists: vec![List::default()], ..asked(10) };
    assert_eq!(shown(&reading, PACE, after(1)).get("estimated_end"), None);
    let read = Job { lists: vec![], ..reading };
    assert!(shown(&read, PACE, after(1)).get("estimated_end").is_some());
}
