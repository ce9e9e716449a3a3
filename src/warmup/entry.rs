//! Pure. One job with its pages, and what a reply means for them.

use std::time::Duration;

use crate::platform::rows::RowChange;
use crate::policy::time::Time;
use crate::warmup::ask::{End, Reply, Task};
use crate::warmup::job::{Job, List};
use crate::warmup::jobs::JOBS;
use crate::warmup::queue::{Page, Queue};
use crate::warmup::{STRIKES_MOST, STRIKES_OF_A_FAILURE, TRIED_AGAIN_AFTER};

/// The most pages of a job.
const PAGES_MOST: u64 = 200_000;
/// The most indexes that may lead to a sitemap.
const DEPTH_MOST: u64 = 1;
/// The first pause of a page whose isolate does not know its purge yet. Each further one is twice as
/// long.
const NOT_YET: Duration = Duration::from_millis(500);
/// The longest such pause.
const NOT_YET_MOST: Duration = Duration::from_secs(60);
/// Why such a page fails in the end.
const UNKNOWN: &str =
    "the purge journal did not reply, so it is unknown whether the page is from before the purge";

/// A job, with its pages.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) job: Job,
    pub(super) queue: Queue,
    /// Whether a list of the job is being read. Only one is at a time.
    pub(super) reads_a_list: bool,
    pub(super) is_changed: bool,
}

/// Returns the strikes of a reply.
fn strikes(reply: &Reply) -> u64 {
    match reply.end {
        End::Failed if reply.pause > 0 => 1,
        End::NotYet => 1,
        End::Failed | End::Purged => STRIKES_OF_A_FAILURE,
        _ => 0,
    }
}

/// Returns the pause of a page or list whose isolate did not know its purge at so many attempts.
fn until_known(attempts: u64) -> Duration {
    (NOT_YET * 2_u32.pow(attempts.min(10) as u32)).min(NOT_YET_MOST)
}

impl Entry {
    /// Adds pages behind the others, as many as a job may have.
    pub(super) fn append(&mut self, mut urls: Vec<String>) -> Vec<RowChange> {
        let room = PAGES_MOST.saturating_sub(self.job.counts.asked) as usize;
        if urls.len() > room {
            let over = urls.split_off(room);
            let reason = format!("a job has at most {PAGES_MOST} pages");
            let example = over.first().map(|url| (url.clone(), reason));
            self.job.skip(over.len() as u64, example.into_iter().collect());
        }
        self.job.counts.asked += urls.len() as u64;
        self.queue.append(urls)
    }

    /// Takes the next list that may be read now, if none is being read.
    pub(super) fn next_list(&mut self, now: Time) -> Option<List> {
        let lists = &mut self.job.lists;
        let next = lists.iter().position(|list| list.after <= now && !self.reads_a_list)?;
        let list = lists.remove(next);
        // The first list is the one that is being read.
        lists.insert(0, list.clone());
        self.reads_a_list = true;
        Some(list)
    }

    /// The time at which a list may be read again.
    pub(super) fn soonest_list(&self) -> Option<Time> {
        let lists = self.job.lists.iter().filter(|_| !self.reads_a_list);
        lists.map(|list| list.after).min()
    }

    /// Counts a page that ended, or has it tried again.
    pub(super) fn page_done(&mut self, page: Page, reply: &Reply, now: Time) {
        let strikes = page.strikes + strikes(reply);
        let tries_again = match reply.end {
            End::Failed | End::Purged | End::NotYet => strikes < STRIKES_MOST,
            End::Stale => true,
            _ => false,
        };
        if !tries_again {
            // What was under way when a request stopped the job counts.
            if self.queue.end(&page).is_some() || self.job.stopped {
                let reason = if reply.end == End::NotYet { UNKNOWN } else { &reply.reason };
                self.job.note(&page.url, reply.end, reason, now);
            }
            return;
        }
        let after = match reply.end {
            End::Failed => now + TRIED_AGAIN_AFTER,
            End::NotYet => now + until_known(page.strikes),
            _ => now,
        };
        self.queue.again(Page { strikes, after, ..page });
    }

    /// Takes what a list named, or has it read again. Returns the changes of rows.
    pub(super) fn list_done(&mut self, list: &List, reply: Reply, now: Time) -> Vec<RowChange> {
        // The job was stopped, or restored from its rows after these had failed.
        if self.job.lists.first().is_none_or(|first| first.of != list.of) {
            return Vec::new();
        }
        self.reads_a_list = false;
        let mut current = self.job.lists.remove(0);
        self.job.began.get_or_insert(now);
        match reply.end {
            End::NotYet if list.strikes + 1 < STRIKES_MOST => {
                current.after = now + until_known(list.strikes);
                current.strikes += 1;
                self.job.lists.insert(0, current);
                Vec::new()
            }
            End::Failed if list.strikes + strikes(&reply) < STRIKES_MOST => {
                current.strikes += strikes(&reply);
                current.after = now + TRIED_AGAIN_AFTER;
                self.job.lists.push(current);
                Vec::new()
            }
            End::Listed => {
                self.job.skip(reply.skipped, reply.examples);
                for sitemap in reply.sitemaps {
                    self.add_nested(sitemap, list.depth + 1);
                }
                if reply.cursor.is_some() {
                    current.cursor = reply.cursor;
                    self.job.lists.insert(0, current);
                }
                self.append(reply.urls)
            }
            _ => {
                self.job.counts.asked += 1;
                let reason = if reply.end == End::NotYet { UNKNOWN } else { &reply.reason };
                self.job.note(&list.of, End::Failed, reason, now);
                Vec::new()
            }
        }
    }

    pub(super) fn add_nested(&mut self, sitemap: String, depth: u64) {
        if depth > DEPTH_MOST {
            let reason =
                "the sitemap is in an index inside an index: only one level is read".to_owned();
            self.job.skip(1, vec![(sitemap, reason)]);
        } else {
            let task = Task::Sitemap;
            self.job.add_list(List { task, of: sitemap, depth, ..List::default() });
        }
    }

    pub(super) fn end_if_done(&mut self, now: Time) {
        if !self.job.is_ended() && self.job.lists.is_empty() && self.queue.is_empty() {
            self.job.ended = Some(now);
            self.is_changed = true;
        }
    }

    pub(super) fn unwritten(&mut self) -> Vec<RowChange> {
        let (mut changes, rows) = self.queue.unwritten();
        if self.is_changed || !changes.is_empty() {
            self.is_changed = false;
            (self.job.first_row, self.job.end_row) = (rows.start, rows.end);
            let (key, value) = (format!("{JOBS}{}", self.job.id), self.job.to_text());
            changes.push(RowChange::Put { key, value });
        }
        changes
    }
}
