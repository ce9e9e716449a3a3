//! All jobs, and whose turn it is.

mod any_order;
mod lists;
mod pages;

use edge_isr::policy::time::Time;
use edge_isr::warmup::ask::{End, Reply};
use edge_isr::warmup::job::List;
use edge_isr::warmup::jobs::{JOBS, Jobs, Next, What, Work};
use edge_isr::warmup::queue::Page;
use edge_isr::warmup::report::PaceNow;
use edge_isr::warmup::wire::{Start, WarmReply};
use serde_json::Value;

use super::keys;
use crate::journal::Rows;

const NOW: Time = Time(1_700_000_000_000);
const PACE: PaceNow = PaceNow { per_second: 5, paused_until: None, has_tier: true };

/// The jobs, as the object keeps them with their rows.
struct World {
    jobs: Jobs,
    rows: Rows,
    now: Time,
}

impl World {
    fn new() -> World {
        World { jobs: Jobs::default(), rows: Rows::default(), now: NOW }
    }

    /// One job with these pages.
    fn of(urls: Vec<String>) -> World {
        let mut world = World::new();
        world.start("a", Start { urls, ..Start::default() }).unwrap();
        world
    }

    /// One job with a list.
    fn reading(sitemap: &str) -> World {
        let mut world = World::new();
        world.start("a", Start { sitemaps: vec![sitemap.to_owned()], ..Start::default() }).unwrap();
        world
    }

    fn start(&mut self, id: &str, start: Start) -> Result<(), WarmReply> {
        let changes = self.jobs.start(id, start, self.now)?;
        self.rows.apply(changes);
        Ok(())
    }

    fn stop(&mut self, id: &str) {
        let changes = self.jobs.stop(id, self.now).unwrap();
        self.rows.apply(changes);
    }

    fn write(&mut self) {
        let changes = self.jobs.unwritten();
        self.rows.apply(changes);
    }

    fn forget(&mut self) {
        let changes = self.jobs.forget_ended(self.now);
        self.rows.apply(changes);
    }

    /// The jobs as another object restores them.
    fn restored(&self) -> Jobs {
        let keys = keys(&self.rows, JOBS).into_iter();
        Jobs::restored(keys.map(|key| (key.to_owned(), self.rows.0[key].clone())).collect())
    }

    fn restart(&mut self) {
        self.jobs = self.restored();
    }

    /// Takes the next work. Rows are read meanwhile.
    fn next(&mut self) -> Next {
        loop {
            match self.jobs.next(self.now) {
                Next::Row(job, key) => {
                    let row = self.rows.0.get(&key).cloned();
                    assert!(row.is_some(), "{key} exists");
                    self.jobs.add_row(&job, row, self.now);
                }
                next => return next,
            }
        }
    }

    fn take(&mut self) -> Option<Work> {
        match self.next() {
            Next::Work(work) => Some(work),
            _ => None,
        }
    }

    fn done(&mut self, work: Work, reply: impl Into<Reply>) {
        let changes = self.jobs.done(work, reply.into(), self.now);
        self.rows.apply(changes);
    }

    /// Takes the next work, and says what came of it.
    fn end_next(&mut self, reply: impl Into<Reply>) -> Work {
        let work = self.take().expect("work");
        self.done(work.clone(), reply);
        work
    }

    /// Lets all pages be stored and all lists be empty. Returns the URLs of the pages.
    fn work_off(&mut self) -> Vec<String> {
        let mut urls = Vec::new();
        loop {
            match self.next() {
                Next::Work(work) => {
                    let end = if list_of(&work).is_some() { End::Listed } else { End::Stored };
                    urls.extend(url_of(&work));
                    self.done(work, end);
                }
                Next::At(at) => self.now = at,
                _ => return urls,
            }
        }
    }

    fn report(&self, id: &str) -> Value {
        let report = self.jobs.report(id, PACE, self.now).expect("a job");
        serde_json::from_str(&report).unwrap()
    }

    fn count(&self, id: &str, name: &str) -> u64 {
        self.report(id)[name].as_u64().unwrap()
    }

    /// The reports on all jobs, the newest first.
    fn reports(&self) -> Vec<Value> {
        let reports: Value = serde_json::from_str(&self.jobs.reports(PACE, self.now)).unwrap();
        reports["jobs"].as_array().unwrap().clone()
    }

    fn ids(&self) -> Vec<String> {
        self.reports().iter().map(|report| report["id"].as_str().unwrap().to_owned()).collect()
    }
}

fn page_of(work: &Work) -> Option<&Page> {
    match &work.what {
        What::Page(page) => Some(page),
        What::List(_) => None,
    }
}

fn url_of(work: &Work) -> Option<String> {
    page_of(work).map(|page| page.url.clone())
}

fn list_of(work: &Work) -> Option<&List> {
    match &work.what {
        What::List(list) => Some(list),
        What::Page(_) => None,
    }
}

/// The reply of a Worker that has read a list.
fn listed(urls: Vec<String>, sitemaps: &[&str], cursor: Option<&str>) -> Reply {
    let sitemaps = sitemaps.iter().map(|sitemap| (*sitemap).to_owned()).collect();
    let cursor = cursor.map(str::to_owned);
    Reply { urls, sitemaps, cursor, ..Reply::from(End::Listed) }
}
