use edge_isr::policy::time::Time;
use edge_isr::warmup::ask::{End, Task};
use edge_isr::warmup::job::{AskedBy, Counts, Job, List};
use proptest::prelude::*;
use proptest::sample::select;
use rstest::rstest;

use super::{cursor, damaged, pairs, text, url};

const NOW: Time = Time(1_700_000_000_000);

fn list() -> impl Strategy<Value = List> {
    let task = select(vec![Task::Tag, Task::Sitemap, Task::Stored]);
    (text(), task, cursor(), 0..4_u64, 0..3_u64).prop_map(|(of, task, cursor, strikes, depth)| {
        List { task, of, cursor, strikes, depth, after: Time::default() }
    })
}

fn counts() -> impl Strategy<Value = Counts> {
    [0..1_000_u64, 0..9, 0..9, 0..9, 0..9, 0..9, 0..9].prop_map(
        |[left, stored, unchanged, fresh, uncacheable, failed, skipped]| {
            let asked = left + stored + unchanged + fresh + uncacheable + failed + skipped;
            Counts { asked, stored, unchanged, fresh, uncacheable, failed, skipped }
        },
    )
}

fn time() -> impl Strategy<Value = Option<Time>> {
    prop::option::of((0..4_000_000_000_000_i64).prop_map(Time))
}

/// A job of any kind.
pub fn job() -> impl Strategy<Value = Job> {
    let asked_by = vec![AskedBy::Request, AskedBy::Purge, AskedBy::Schedule];
    let asked = (text(), select(asked_by), time(), text(), any::<u64>());
    let times = (time(), time(), time(), any::<bool>());
    let lists = prop::collection::vec(list(), 0..4);
    (asked, lists, counts(), pairs(), times, 0..9_u64, 0..9_u64).prop_map(
        |((id, by, at, host, knows), lists, counts, failures, times, first_row, rows)| Job {
            id,
            by,
            at: at.unwrap_or_default(),
            host,
            knows,
            lists,
            counts,
            failures,
            began: times.0,
            written: times.1,
            ended: times.2,
            stopped: times.3,
            first_row,
            end_row: first_row + rows,
        },
    )
}

proptest! {
    #[test]
    fn a_job_is_read_as_it_was_written(job in job()) {
        prop_assert_eq!(Job::of_text(&job.to_text()), Some(job));
    }

    #[test]
    fn a_row_that_is_damaged_or_of_another_version_is_no_job(job in job()) {
        for text in damaged(&job.to_text()) {
            prop_assert_eq!(Job::of_text(&text), None, "{}", text);
        }
    }

    #[test]
    fn what_is_done_is_the_sum_of_all_counts_but_what_was_asked(counts in counts()) {
        let named = counts.named();
        prop_assert_eq!(named[0], ("asked", counts.asked));
        prop_assert_eq!(counts.done(), named[1..].iter().map(|(_, count)| count).sum::<u64>());
    }
}

#[rstest]
#[case(End::Stored, "stored")]
#[case(End::Unchanged, "unchanged")]
#[case(End::Fresh, "fresh")]
#[case(End::Uncacheable, "uncacheable")]
#[case(End::Failed, "failed")]
#[case(End::Skipped, "skipped")]
#[case::purged_three_times(End::Purged, "failed")]
fn a_page_counts_as_what_became_of_it(#[case] end: End, #[case] name: &str) {
    let mut job = Job::default();
    job.counts.asked = 1;
    job.note("https://site.test/", end, "why", NOW);
    let counted: Vec<&str> = job.counts.named()[1..]
        .iter()
        .filter(|(_, count)| *count == 1)
        .map(|(name, _)| *name)
        .collect();
    assert_eq!((counted, job.counts.done()), (vec![name], 1));
    assert_eq!(job.began, Some(NOW));
    let is_stored = matches!(end, End::Stored | End::Unchanged);
    assert_eq!(job.written, is_stored.then_some(NOW));
    let shown = if is_stored || end == End::Fresh { vec![] } else { failures(&["why"]) };
    assert_eq!(job.failures, shown);
}

fn failures(reasons: &[&str]) -> Vec<(String, String)> {
    reasons.iter().map(|reason| ("https://site.test/".to_owned(), (*reason).to_owned())).collect()
}

#[test]
fn a_job_begins_once_and_its_last_store_counts() {
    let mut job = Job::default();
    for (at, end) in [(1, End::Fresh), (2, End::Stored), (3, End::Unchanged), (4, End::Failed)] {
        job.note("https://site.test/", end, "", Time(at));
    }
    assert_eq!((job.began, job.written, job.ended), (Some(Time(1)), Some(Time(3)), None));
}

#[test]
fn the_first_fifty_failures_are_shown_and_all_are_counted() {
    let mut job = Job::default();
    for number in 0..60 {
        job.note(&url(number), End::Failed, "why", NOW);
    }
    assert_eq!((job.counts.failed, job.failures.len()), (60, 50));
    assert_eq!(job.failures[0], (url(0), "why".to_owned()));
    assert_eq!(job.failures[49].0, url(49));
}

#[test]
fn what_is_skipped_was_asked_and_is_done() {
    let mut job = Job::default();
    job.skip(7, failures(&["another host", "no URL"]));
    assert_eq!((job.counts.asked, job.counts.skipped, job.counts.done()), (7, 7, 7));
    assert_eq!(job.failures, failures(&["another host", "no URL"]));
    assert_eq!((job.began, job.is_ended()), (None, false));
}

#[test]
fn a_job_reads_at_most_a_thousand_lists_at_a_time() {
    let mut job = Job::default();
    for number in 0..1_002 {
        job.add_list(List { of: url(number), ..List::default() });
    }
    assert_eq!(job.lists.len(), 1_000);
    let shown: Vec<&str> = job.failures.iter().map(|(of, _)| of.as_str()).collect();
    assert_eq!(shown, [url(1_000), url(1_001)]);
}
