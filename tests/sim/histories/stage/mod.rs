//! A history as it runs: the actions of its plan, carried out in a world of its shape.

mod actions;
mod edits;
mod ending;
mod faults;
mod journal;
mod posts;
mod settings;
mod visits;
mod warmups;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use edge_isr::config::Config;
use edge_isr::isolate::Isolate;
use edge_isr::policy::time::Time;

use crate::histories::invariants::{Broken, History, Invariants};
use crate::histories::plan::{Plan, Shape};
use crate::histories::report::Report;
use crate::histories::site::Site;
use crate::world::coordinator::SimCoordinator;
use crate::world::executor::{Executor, Group};
use crate::world::journal::SimJournal;
use crate::world::kv::SimKv;
use crate::world::platform::{Sim, SimCache, Trace};

use settings::{config, kv};

/// 2026-01-01T00:00:00Z.
pub const START: Time = Time(1_767_225_600_000);

const TOKEN: &str = "the-token-that-purges";

pub struct Stage {
    pub executor: Rc<Executor>,
    shape: Rc<Shape>,
    config: Rc<Config>,
    kv: Rc<SimKv>,
    /// The durable tier, in half of the histories.
    pages: Option<Rc<SimKv>>,
    caches: Vec<Rc<SimCache>>,
    isolates: RefCell<Vec<Vec<Rc<Running>>>>,
    /// The isolate of each request.
    homes: RefCell<BTreeMap<Group, u64>>,
    count: Cell<u64>,
    pub site: Rc<Site>,
    pub invariants: Rc<Invariants>,
    log: Rc<RefCell<Vec<String>>>,
    coordinator: Option<Rc<SimCoordinator>>,
    /// The journal's object, and that of another environment.
    objects: Vec<Rc<SimJournal>>,
    is_bound: Cell<bool>,
    is_deploying: Cell<bool>,
    is_settling: Cell<bool>,
    /// Purges that are not yet said to be done.
    pub owed: Cell<u64>,
}

struct Running {
    id: u64,
    ahead: i64,
    memory: Rc<Isolate>,
}

/// A visitor's language, by their number.
pub fn language(user: u64) -> &'static str {
    ["de", "fr"][user as usize % 2]
}

/// Carries a plan out, but for the actions that `kept` leaves out.
pub fn run(plan: &Plan, kept: impl Fn(usize) -> bool) -> (Report, Option<Broken>) {
    let stage = Stage::new(plan.seed, &plan.shape);
    let actions = plan.actions.iter().enumerate().filter(|(at, _)| kept(*at));
    let mut last = 0;
    for (_, action) in actions {
        last = last.max(action.at);
        stage.clone().begin(action.clone());
    }
    // In steps, so that a history that has broken something ends.
    let end = START + Duration::from_millis(last + 10_000);
    while stage.executor.now() < end && !stage.is_broken() {
        let next = stage.executor.now() + Duration::from_secs(5);
        stage.executor.run_until(next.min(end));
    }
    if !stage.is_broken() {
        stage.settle_down();
    }
    if !stage.is_broken() {
        stage.invariants.privacy.nothing_of_a_visitor_was_stored();
    }
    stage.invariants.purges.spread();
    let history = &stage.invariants.history;
    history.report.borrow_mut().histories = 1;
    history.report.borrow_mut().with_journal = u64::from(plan.shape.journal.is_some());
    let lost = stage.invariants.purges.all.borrow();
    let lost = lost.iter().filter(|purge| purge.is_lost.get()).count();
    history.report.borrow_mut().purges_lost = lost as u64;
    history.report.borrow_mut().versions = stage.site.versions() as u64;
    let broken = history.broken.borrow().clone();
    let report = history.report.take();
    stage.executor.close();
    (report, broken)
}

impl Stage {
    fn new(seed: u64, shape: &Shape) -> Rc<Stage> {
        let executor = Executor::new(seed, START);
        let shape = Rc::new(shape.clone());
        let config = Rc::new(config(&shape));
        let pages = (seed % 2 == 1).then(|| Rc::new(kv(&shape)));
        let kv = Rc::new(kv(&shape));
        let caches: Vec<Rc<SimCache>> = (0..shape.centres).map(|_| Rc::default()).collect();
        caches.iter().for_each(|cache| cache.takes.set(shape.cache_takes));
        let site = Site::new(executor.clone(), shape.clone());
        let log: Rc<RefCell<Vec<String>>> = Rc::default();
        let objects = journal::objects(&shape, || Sim {
            journal: None,
            warmups: None,
            executor: executor.clone(),
            centre: shape.centres,
            isolate: Rc::default(),
            isolate_id: 0,
            ahead: 0,
            config: config.clone(),
            cache: Rc::default(),
            pages: None,
            kv: kv.clone(),
            origin: site.clone(),
            log: log.clone(),
            trace: Trace::new(0, executor.now()),
            coordinator: None,
        });
        let invariants = Invariants::new(History {
            object: objects.first().cloned(),
            executor: executor.clone(),
            shape: shape.clone(),
            config: config.clone(),
            kv: kv.clone(),
            has_tier: pages.is_some(),
            caches: caches.clone(),
            site: site.clone(),
            broken: RefCell::default(),
            report: RefCell::default(),
            settled: Cell::new(false),
        });
        site.told_to(&invariants);
        let coordinator = shape.coordinator.then(|| SimCoordinator::new(&executor));
        let stage = Rc::new(Stage {
            executor,
            config,
            kv,
            pages,
            caches,
            isolates: RefCell::default(),
            homes: RefCell::default(),
            count: Cell::new(0),
            site,
            invariants,
            log,
            coordinator,
            objects,
            is_bound: Cell::default(),
            is_deploying: Cell::default(),
            is_settling: Cell::default(),
            owed: Cell::new(0),
            shape,
        });
        let centres = 0..stage.shape.centres;
        let born = centres
            .map(|centre| (0..stage.shape.isolates).map(|at| stage.born(centre, at)).collect());
        *stage.isolates.borrow_mut() = born.collect();
        stage.bind();
        stage
    }

    fn born(&self, centre: usize, isolate: usize) -> Rc<Running> {
        let (id, ahead) = (self.next(), self.shape.ahead[centre][isolate]);
        Rc::new(Running { id, ahead, memory: Rc::default() })
    }

    fn next(&self) -> u64 {
        self.count.set(self.count.get() + 1);
        self.count.get()
    }

    fn is_broken(&self) -> bool {
        self.invariants.history.is_broken()
    }

    pub fn platform(&self, centre: usize, isolate: usize) -> Sim {
        let running = self.isolates.borrow()[centre][isolate].clone();
        // The request itself is the next group: it ends when the visitor leaves.
        let group = self.next() * 2;
        self.homes.borrow_mut().insert(group, running.id);
        self.homes.borrow_mut().insert(group + 1, running.id);
        Sim {
            journal: self.object().filter(|_| self.is_bound.get()).cloned(),
            warmups: None,
            executor: self.executor.clone(),
            centre,
            isolate: running.memory.clone(),
            isolate_id: running.id,
            ahead: running.ahead,
            config: self.config.clone(),
            cache: self.caches[centre].clone(),
            kv: self.kv.clone(),
            pages: self.pages.clone(),
            origin: self.site.clone(),
            log: self.log.clone(),
            trace: Trace::new(group, self.executor.now()),
            coordinator: self.coordinator.clone(),
        }
    }
}
