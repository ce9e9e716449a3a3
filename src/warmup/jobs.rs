//! Pure. All jobs, and whose turn it is.

use crate::fields::sorting::sorted_by_text;
use crate::json::members::Members;
use crate::platform::rows::RowChange;
use crate::policy::time::Time;
use crate::warmup::REPORT_LIFE;
use crate::warmup::ask::{Reply, Task};
use crate::warmup::entry::Entry;
use crate::warmup::job::{Job, List};
use crate::warmup::queue::{Page, Queue, Taken};
use crate::warmup::report::{Detailed, PaceNow, report};
use crate::warmup::wire::{JOBS_MOST, Start, WarmReply};

/// The keys of the rows that hold jobs begin so.
pub const JOBS: &str = "job/";
/// The first key after those of jobs.
pub const JOBS_END: &str = "job0";

/// All jobs, the oldest first.
#[derive(Debug, Default)]
pub struct Jobs {
    all: Vec<Entry>,
    /// The place of the job whose turn is next.
    turn: usize,
}

/// A piece of work. Give it back with [`Jobs::done`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// The id of its job.
    pub job: String,
    /// The host that is served where `HOSTS` is not set.
    pub host: String,
    /// The number up to which the journal must be known.
    pub knows: u64,
    /// What is to be done.
    pub what: What,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// To warm a page.
    Page(Page),
    /// To read a list.
    List(List),
}

/// The next step of the object.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// Do this.
    Work(Work),
    /// Read the row with this key of the job first: pass it to [`Jobs::add_row`].
    Row(String, String),
    /// There is nothing to do before this time.
    At(Time),
    /// There is nothing to do.
    Nothing,
}

impl Jobs {
    /// Restores the jobs from their rows.
    pub fn restored(rows: Vec<(String, String)>) -> Jobs {
        let jobs = rows.into_iter().filter_map(|(_, value)| Job::of_text(&value)).collect();
        let jobs = sorted_by_text(jobs, |job: &Job| format!("{:020}", job.at.0));
        let entry = |job: Job| {
            let queue = Queue::new(&job.id, job.first_row..job.end_row);
            Entry { job, queue, reads_a_list: false, is_changed: false }
        };
        Jobs { all: jobs.into_iter().map(entry).collect(), turn: 0 }
    }

    /// Tells whether a job has not ended.
    pub fn has_work(&self) -> bool {
        self.all.iter().any(|entry| !entry.job.is_ended())
    }

    /// Starts a job, unless it was started before. Make the changes durable before the reply is sent.
    pub fn start(
        &mut self,
        id: &str,
        start: Start,
        now: Time,
    ) -> Result<Vec<RowChange>, WarmReply> {
        if self.position(id).is_some() {
            return Ok(Vec::new());
        }
        let mut changes = self.forget_ended(now);
        if self.all.len() >= JOBS_MOST {
            return Err(WarmReply { status: 429, text: String::new() });
        }
        let Start { by, host, knows, urls, tags, sitemaps, stored, skipped } = start;
        let mut job = Job { id: id.to_owned(), by, at: now, host, knows, ..Job::default() };
        job.skip(skipped.len() as u64, skipped);
        for (task, lists) in [(Task::Tag, tags), (Task::Sitemap, sitemaps), (Task::Stored, stored)]
        {
            for of in lists {
                job.add_list(List { task, of, ..List::default() });
            }
        }
        let queue = Queue::new(id, 0..0);
        let mut entry = Entry { job, queue, reads_a_list: false, is_changed: true };
        changes.extend(entry.append(urls));
        entry.end_if_done(now);
        changes.extend(entry.unwritten());
        self.all.push(entry);
        Ok(changes)
    }

    /// Stops a job. `None`: there is no such job.
    pub fn stop(&mut self, id: &str, now: Time) -> Option<Vec<RowChange>> {
        let position = self.position(id)?;
        let entry = &mut self.all[position];
        if entry.job.is_ended() {
            return Some(Vec::new());
        }
        (entry.job.ended, entry.job.stopped, entry.is_changed) = (Some(now), true, true);
        entry.job.lists.clear();
        let mut changes = entry.queue.clear();
        changes.extend(entry.unwritten());
        Some(changes)
    }

    /// Returns the report on a job. `None`: there is no such job.
    pub fn report(&self, id: &str, pace: PaceNow, now: Time) -> Option<String> {
        let entry = &self.all[self.position(id)?];
        Some(report(&entry.job, pace, Detailed::Yes, now).end())
    }

    /// Returns the reports on all jobs, the newest first.
    pub fn reports(&self, pace: PaceNow, now: Time) -> String {
        let newest = self.all.iter().rev();
        let reports = newest.map(|entry| report(&entry.job, pace, Detailed::No, now));
        Members::default().objects("jobs", reports).end()
    }

    /// Takes the next piece of work. Jobs take turns.
    pub fn next(&mut self, now: Time) -> Next {
        let (mut soonest, count) = (None, self.all.len());
        for step in 0..count {
            let position = (self.turn + step) % count;
            let entry = &mut self.all[position];
            if entry.job.is_ended() {
                continue;
            }
            let what = if let Some(list) = entry.next_list(now) {
                What::List(list)
            } else {
                let waits_until = match entry.queue.take(now) {
                    Taken::Page(page) => Ok(What::Page(page)),
                    Taken::Row(key) => return Next::Row(entry.job.id.clone(), key),
                    Taken::At(at) => Err(Some(at)),
                    Taken::Nothing => Err(None),
                };
                match waits_until {
                    Ok(page) => page,
                    Err(until) => {
                        let until = until.into_iter().chain(entry.soonest_list());
                        soonest = soonest.into_iter().chain(until).min();
                        continue;
                    }
                }
            };
            self.turn = position + 1;
            if entry.job.began.is_none() {
                (entry.job.began, entry.is_changed) = (Some(now), true);
            }
            let (job, host) = (entry.job.id.clone(), entry.job.host.clone());
            let knows = entry.job.knows;
            return Next::Work(Work { job, host, knows, what });
        }
        soonest.map_or(Next::Nothing, Next::At)
    }

    /// Takes a row that [`Next::Row`] named.
    pub fn add_row(&mut self, id: &str, value: Option<String>, now: Time) {
        if let Some(entry) = self.entry(id) {
            entry.queue.add_row(value);
            entry.end_if_done(now);
        }
    }

    /// Tells whether a job has ended, or is forgotten: its work is not wanted any more.
    pub fn has_ended(&self, id: &str) -> bool {
        self.position(id).is_none_or(|position| self.all[position].job.is_ended())
    }

    /// Takes a piece of work back that was not begun.
    pub fn put_back(&mut self, work: Work) {
        let Some(entry) = self.entry(&work.job).filter(|entry| !entry.job.is_ended()) else {
            return;
        };
        match work.what {
            What::Page(page) => entry.queue.again(page),
            What::List(_) => entry.reads_a_list = false,
        }
    }

    /// Notes the reply to a piece of work. Make the changes durable before other work is taken.
    pub fn done(&mut self, work: Work, reply: Reply, now: Time) -> Vec<RowChange> {
        let Some(entry) = self.entry(&work.job) else { return Vec::new() };
        entry.is_changed = true;
        let mut changes = match work.what {
            What::Page(page) => {
                entry.page_done(page, &reply, now);
                Vec::new()
            }
            What::List(list) => entry.list_done(&list, reply, now),
        };
        entry.end_if_done(now);
        // No job would know of its new rows without its own.
        if !changes.is_empty() {
            changes.extend(entry.unwritten());
        }
        changes
    }

    /// Returns the changes of all rows since the last call.
    pub fn unwritten(&mut self) -> Vec<RowChange> {
        self.all.iter_mut().flat_map(Entry::unwritten).collect()
    }

    /// Forgets reports whose time is over. Returns the rows to delete.
    pub fn forget_ended(&mut self, now: Time) -> Vec<RowChange> {
        let mut excess = (self.all.len() + 1).saturating_sub(JOBS_MOST);
        let mut changes = Vec::new();
        self.all.retain_mut(|Entry { job, queue, .. }| {
            let is_over = job.ended.is_some_and(|ended| ended + REPORT_LIFE <= now);
            let is_excess = excess > 0 && job.is_ended();
            excess -= usize::from(is_excess);
            if is_over || is_excess {
                changes.extend(queue.clear());
                changes.push(RowChange::Delete { key: format!("{JOBS}{}", job.id) });
            }
            !(is_over || is_excess)
        });
        changes
    }

    fn position(&self, id: &str) -> Option<usize> {
        self.all.iter().position(|entry| entry.job.id == id)
    }

    fn entry(&mut self, id: &str) -> Option<&mut Entry> {
        self.all.iter_mut().find(|entry| entry.job.id == id)
    }
}
