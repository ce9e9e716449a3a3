//! Jobs whose object is lost at any moment, and whose replies come in any order.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use edge_isr::warmup::ask::{End, Reply};
use edge_isr::warmup::jobs::{Next, Work};
use edge_isr::warmup::wire::Start;
use proptest::prelude::*;
use proptest::sample::select;

use super::{World, list_of, listed, url_of};
use crate::warmup::{keys, url};

const ENDS: [End; 9] = [
    End::Stored,
    End::Unchanged,
    End::Fresh,
    End::Uncacheable,
    End::Skipped,
    End::Failed,
    End::Purged,
    End::NotYet,
    End::Stale,
];

#[derive(Clone, Debug)]
enum Step {
    /// A job of so many pages and lists.
    Start(usize, usize),
    Take(usize),
    /// A page comes to this end; a list has so many pages and sitemaps, and may go on.
    Done(usize, End, (usize, usize, bool)),
    PutBack(usize),
    Write,
    Restart,
    Stop(usize),
    Clock(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let end = prop_oneof![Just(End::Stored), select(ENDS.as_slice())];
    let list = (0..130_usize, 0..3_usize, any::<bool>());
    prop_oneof![
        2 => (0..130_usize, 0..3_usize).prop_map(|(pages, lists)| Step::Start(pages, lists)),
        8 => (1..8_usize).prop_map(Step::Take),
        12 => (0..9_usize, end, list).prop_map(|(place, end, list)| Step::Done(place, end, list)),
        1 => (0..9_usize).prop_map(Step::PutBack),
        2 => Just(Step::Write),
        2 => Just(Step::Restart),
        1 => (0..9_usize).prop_map(Step::Stop),
        1 => (0..20_000_i64).prop_map(Step::Clock),
    ]
}

/// What is known of the jobs besides.
struct History {
    world: World,
    under_way: Vec<Work>,
    /// The pages of each job that have not ended, and how often each was named.
    left: BTreeMap<String, BTreeMap<String, usize>>,
    stopped: BTreeSet<String>,
    named: usize,
}

impl History {
    fn new() -> History {
        let (left, stopped) = (BTreeMap::new(), BTreeSet::new());
        History { world: World::new(), under_way: Vec::new(), left, stopped, named: 0 }
    }

    /// Names pages of a job. Each tenth was named before.
    fn name(&mut self, job: &str, count: usize) -> Vec<String> {
        let mut urls = Vec::new();
        for _ in 0..count {
            self.named += 1;
            urls.push(url(if self.named.is_multiple_of(10) { self.named / 2 } else { self.named }));
        }
        let left = self.left.entry(job.to_owned()).or_default();
        urls.iter().for_each(|url| *left.entry(url.clone()).or_default() += 1);
        urls
    }

    fn start(&mut self, pages: usize, lists: usize) {
        self.world.now.0 += 1;
        let id = format!("{:04}", self.left.len());
        let urls = self.name(&id, pages);
        let sitemaps = (0..lists).map(|list| format!("https://site.test/{list}.xml")).collect();
        let skipped = vec![("x".to_owned(), "no URL".to_owned())];
        self.world.start(&id, Start { urls, sitemaps, skipped, ..Start::default() }).unwrap();
    }

    fn take(&mut self) {
        let Some(work) = self.world.take() else { return };
        assert!(!self.stopped.contains(&work.job) && !self.world.jobs.has_ended(&work.job));
        let reads = |other: &&Work| other.job == work.job && list_of(other).is_some();
        assert!(list_of(&work).is_none() || !self.under_way.iter().any(|other| reads(&other)));
        self.under_way.push(work);
    }

    fn taken(&mut self, place: usize) -> Option<Work> {
        let count = self.under_way.len();
        (count > 0).then(|| self.under_way.remove(place % count))
    }

    fn done(&mut self, work: Work, end: End, (pages, sitemaps, goes_on): (usize, usize, bool)) {
        let is_over = self.stopped.contains(&work.job);
        let reply = match url_of(&work) {
            Some(_) => Reply::because(end, "why"),
            None if matches!(end, End::Failed | End::NotYet) => end.into(),
            None => {
                let urls = self.name(&work.job, if is_over { 0 } else { pages });
                listed(urls, &["https://site.test/n.xml"; 3][..sitemaps], goes_on.then_some("x"))
            }
        };
        let (job, done) = (work.job.clone(), self.world.count(&work.job, "done"));
        let url = url_of(&work);
        self.world.done(work, reply);
        if let Some(url) = url.filter(|_| self.world.count(&job, "done") > done) {
            let count = self.left.get_mut(&job).and_then(|left| left.get_mut(&url)).unwrap();
            *count = count.saturating_sub(1);
        }
    }

    fn apply(&mut self, step: &Step) {
        match step {
            Step::Start(pages, lists) => self.start(*pages, *lists),
            Step::Take(count) => (0..*count).for_each(|_| self.take()),
            Step::Done(place, end, list) => {
                if let Some(work) = self.taken(*place) {
                    self.done(work, *end, *list);
                }
            }
            Step::PutBack(place) => {
                if let Some(work) = self.taken(*place) {
                    self.world.jobs.put_back(work);
                }
            }
            Step::Write => self.world.write(),
            Step::Restart => {
                self.world.restart();
                self.under_way.clear();
            }
            Step::Stop(place) => {
                let ids: Vec<String> = self.left.keys().cloned().collect();
                let Some(id) = ids.get(place % ids.len().max(1)) else { return };
                self.world.stop(id);
                if self.world.report(id)["state"] == "stopped" {
                    self.stopped.insert(id.clone());
                }
            }
            Step::Clock(by) => self.world.now.0 += by,
        }
    }

    /// What holds at any moment.
    fn check(&self) {
        for report in self.world.reports() {
            let [asked, done, left] =
                ["asked", "done", "left"].map(|name| report[name].as_u64().unwrap());
            assert_eq!(asked, done + left, "{report}");
            let id = report["id"].as_str().unwrap();
            assert_eq!(report["state"] == "stopped", self.stopped.contains(id), "{report}");
        }
        for id in &self.stopped {
            assert_eq!(keys(&self.world.rows, &format!("pages/{id}/")), [""; 0]);
        }
        let is_wanted = |work: &&Work| !self.world.jobs.has_ended(&work.job);
        assert!(
            self.under_way.iter().all(|work| is_wanted(&work) != self.stopped.contains(&work.job))
        );
    }

    /// Works all off after a last loss of the object.
    fn ends(mut self) {
        self.world.restart();
        let mut came: BTreeMap<(String, String), usize> = BTreeMap::new();
        loop {
            match self.world.next() {
                Next::Work(work) => {
                    let end = if list_of(&work).is_some() { End::Listed } else { End::Stored };
                    if let Some(url) = url_of(&work) {
                        *came.entry((work.job.clone(), url)).or_default() += 1;
                    }
                    self.world.done(work, end);
                }
                Next::At(at) => self.world.now = at,
                _ => break,
            }
        }
        for (job, pages) in self.left.iter().filter(|(job, _)| !self.stopped.contains(*job)) {
            for (url, left) in pages {
                let came = came.get(&(job.clone(), url.clone())).copied().unwrap_or(0);
                assert!(came >= *left, "{job} loses {url}: {came} of {left}");
            }
            let report = self.world.report(job);
            assert_eq!(
                (report["state"].as_str(), report["left"].as_u64()),
                (Some("done"), Some(0))
            );
        }
        self.world.write();
        assert_eq!(keys(&self.world.rows, "pages/"), [""; 0]);
        self.world.now = self.world.now + Duration::from_secs(7 * 24 * 60 * 60);
        self.world.forget();
        assert_eq!((keys(&self.world.rows, ""), self.world.ids().len()), (vec![], 0));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_page_is_lost_and_the_counts_add_up(steps in prop::collection::vec(step(), 1..70)) {
        let mut history = History::new();
        for step in &steps {
            history.apply(step);
            history.check();
        }
        history.ends();
    }

    #[test]
    fn jobs_are_restored_as_they_were_written(steps in prop::collection::vec(step(), 1..50)) {
        let mut history = History::new();
        steps.iter().for_each(|step| history.apply(step));
        let world = &mut history.world;
        world.write();
        let restored = World { jobs: world.restored(), rows: world.rows.clone(), now: world.now };
        prop_assert_eq!(restored.reports(), world.reports());
        for id in world.ids() {
            prop_assert_eq!(restored.report(&id), world.report(&id));
        }
        prop_assert_eq!(restored.jobs.has_work(), world.jobs.has_work());
    }
}
