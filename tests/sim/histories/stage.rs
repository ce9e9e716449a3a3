//! A history as it runs: the actions of its plan, carried out in a world of its shape.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use edge_isr::config::Config;
use edge_isr::edge;
use edge_isr::isolate::Isolate;
use edge_isr::page::visit::Visit;
use edge_isr::policy::key::CacheKey;
use edge_isr::policy::time::Time;
use http::{HeaderMap, HeaderValue, Method};
use serde_json::json;

use super::guises::Guise;
use super::plan::{Action, Edit, HOST, Manner, Nature, Plan, Shape, Visiting, What};
use super::report::Report;
use super::site::{Site, names};
use super::watch::{Broken, Seen, Selector, Watch};
use crate::coordinator::SimCoordinator;
use crate::executor::{Executor, Group};
use crate::kv::SimKv;
use crate::platform::{Body, Sim, SimCache, Trace};

/// 2026-01-01T00:00:00Z.
pub const START: Time = Time(1_767_225_600_000);
const TOKEN: &str = "the-token-that-purges";
/// What a request may still do once its answer is there (Workers' `waitUntil`).
const AFTER_THE_ANSWER: Duration = Duration::from_secs(30);
const ORIGIN_TIMEOUT: u64 = 8;

pub struct Stage {
    pub executor: Rc<Executor>,
    shape: Rc<Shape>,
    config: Rc<Config>,
    kv: Rc<SimKv>,
    caches: Vec<Rc<SimCache>>,
    isolates: RefCell<Vec<Vec<Rc<Running>>>>,
    /// The isolate of each request.
    homes: RefCell<BTreeMap<Group, u64>>,
    count: Cell<u64>,
    pub site: Rc<Site>,
    pub watch: Rc<Watch>,
    log: Rc<RefCell<Vec<String>>>,
    coordinator: Option<Rc<SimCoordinator>>,
    /// Purges that are not yet said to be done.
    pub owed: Cell<u64>,
}

struct Running {
    id: u64,
    ahead: i64,
    memory: Rc<Isolate>,
}

/// A visitor's language, by who they are.
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
        stage.watch.nothing_of_a_visitor_was_stored();
    }
    stage.watch.spread();
    stage.watch.report.borrow_mut().histories = 1;
    stage.watch.report.borrow_mut().versions = stage.site.versions() as u64;
    let broken = stage.watch.broken.borrow().clone();
    let report = stage.watch.report.take();
    stage.executor.close();
    (report, broken)
}

impl Stage {
    fn new(seed: u64, shape: &Shape) -> Rc<Stage> {
        let executor = Executor::new(seed, START);
        let shape = Rc::new(shape.clone());
        let config = Rc::new(config(&shape));
        let kv = Rc::new(kv(&shape));
        let caches: Vec<Rc<SimCache>> = (0..shape.centres).map(|_| Rc::default()).collect();
        caches.iter().for_each(|cache| cache.takes.set(shape.cache_takes));
        let site = Site::new(executor.clone(), shape.clone());
        let watch = Watch::new(
            executor.clone(),
            shape.clone(),
            config.clone(),
            kv.clone(),
            caches.clone(),
            site.clone(),
        );
        site.watched_by(&watch);
        let coordinator = shape.coordinator.then(|| SimCoordinator::new(&executor));
        let stage = Rc::new(Stage {
            executor,
            config,
            kv,
            caches,
            isolates: RefCell::default(),
            homes: RefCell::default(),
            count: Cell::new(0),
            site,
            watch,
            log: Rc::default(),
            coordinator,
            owed: Cell::new(0),
            shape,
        });
        let centres = 0..stage.shape.centres;
        let born = centres
            .map(|centre| (0..stage.shape.isolates).map(|at| stage.born(centre, at)).collect());
        *stage.isolates.borrow_mut() = born.collect();
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
        self.watch.broken.borrow().is_some()
    }

    pub fn platform(&self, centre: usize, isolate: usize) -> Sim {
        let running = self.isolates.borrow()[centre][isolate].clone();
        // The request itself is the next group: it ends when the visitor leaves.
        let group = self.next() * 2;
        self.homes.borrow_mut().insert(group, running.id);
        self.homes.borrow_mut().insert(group + 1, running.id);
        Sim {
            executor: self.executor.clone(),
            centre,
            isolate: running.memory.clone(),
            isolate_id: running.id,
            ahead: running.ahead,
            config: self.config.clone(),
            cache: self.caches[centre].clone(),
            kv: self.kv.clone(),
            origin: self.site.clone(),
            log: self.log.clone(),
            trace: Trace::new(group, self.executor.now()),
            coordinator: self.coordinator.clone(),
        }
    }

    fn begin(self: Rc<Self>, action: Action) {
        let executor = self.executor.clone();
        self.executor.clone().spawn(0, async move {
            executor.sleep(Duration::from_millis(action.at)).await;
            self.act(action.what).await;
        });
    }

    async fn act(self: Rc<Self>, what: What) {
        match what {
            What::Visit(visiting) => self.visit(visiting),
            What::Edit(edit) => self.edit(edit).await,
            What::Post(posting) => self.post(posting),
            What::Burst { tag, count, hard } => self.burst(tag, count, hard),
            What::IsolateDies { centre, isolate } => self.isolate_dies(centre, isolate),
            What::RequestsDie { centre, isolate } => self.requests_die(centre, isolate),
            What::Evict { centre, of_ten } => self.evict(centre, of_ten),
            What::KvUnreadable { centre, lasts } => self.kv_unreadable(centre, lasts).await,
            What::KvRefusesWrites { lasts } => {
                self.kv.writes_refused.set(true);
                self.executor.sleep(Duration::from_millis(lasts)).await;
                self.kv.writes_refused.set(false);
            }
            What::OriginFails { page, lasts } => {
                self.site.fail(page, self.executor.now() + Duration::from_millis(lasts));
            }
            What::CacheRefuses { centre, lasts, silently } => {
                self.cache_refuses(centre, lasts, silently).await;
            }
            What::EdgeRefused { lasts } => {
                let until = self.executor.now() + Duration::from_millis(lasts);
                self.site.refuses_edge_until.set(until);
            }
            What::CoordinatorFails { lasts } => self.coordinator_fails(lasts).await,
        }
    }

    // Visitors.

    fn visit(self: &Rc<Self>, visiting: Visiting) {
        let sim = self.platform(visiting.centre, visiting.isolate);
        let method = if visiting.manner == Manner::Head { Method::HEAD } else { Method::GET };
        let visit = self.request(method, &self.site.url(visiting.page), self.fields(&visiting));
        let group = sim.trace.group;
        self.watch.report.borrow_mut().requests += 1;
        self.watch.racing(&visiting);
        let leaves_after = visiting.leaves_after;
        let stage = self.clone();
        self.executor.spawn(group + 1, async move {
            let asked = stage.executor.now();
            let response = edge::handle(sim.clone(), visit, None).await;
            let seen = Seen {
                visiting: &visiting,
                asked,
                sim: &sim,
                headers: &response.headers,
                text: &response.body.text,
            };
            stage.watch.answered(&seen);
            stage.ends_after_the_answer(group);
        });
        if let Some(after) = leaves_after {
            let stage = self.clone();
            self.executor.spawn(0, async move {
                stage.executor.sleep(Duration::from_millis(after)).await;
                if stage.executor.is_running(group + 1) {
                    stage.executor.end(|of| of == group + 1);
                    stage.ends_after_the_answer(group);
                }
            });
        }
    }

    /// The runtime gives up what is still being done for a request.
    pub fn ends_after_the_answer(self: &Rc<Self>, group: Group) {
        let stage = self.clone();
        self.executor.spawn(0, async move {
            stage.executor.sleep(AFTER_THE_ANSWER).await;
            stage.executor.end(|of| of == group || of == group + 1);
            stage.watch.forget_active(|fetch| fetch.group == group);
        });
    }

    pub fn request(&self, method: Method, url: &str, fields: HeaderMap) -> Visit {
        let (url, config) = (url.to_owned(), self.config.clone());
        Visit::new(method, url.clone(), CacheKey::parse(&url).unwrap(), Rc::new(fields), config)
    }

    fn fields(&self, visiting: &Visiting) -> HeaderMap {
        let user = visiting.user;
        let mut fields = HeaderMap::new();
        let mut say = |name: &'static str, value: &str| {
            fields.append(name, HeaderValue::from_str(value).unwrap());
        };
        let own = visiting.guise.fields(user);
        own.iter().for_each(|(name, value)| say(name, value));
        if visiting.guise != Guise::Bare || self.shape.pages[visiting.page].varies {
            say("accept-language", language(user));
        }
        match visiting.manner {
            Manner::Plain | Manner::Head => {}
            Manner::Conditional => say("if-none-match", "\"0-any-all\""),
            Manner::Range => say("range", "bytes=0-1"),
            Manner::Authorized => say("authorization", &format!("Basic u{user}")),
            Manner::LoggedIn => say("cookie", &format!("sessionid=u{user}")),
        }
        fields
    }

    // Editors.

    async fn edit(self: &Rc<Self>, edit: Edit) {
        let before = self.site.current(edit.page);
        self.site.edit(edit.page, &edit.version);
        if edit.version.nature != Nature::Public {
            (0..self.shape.centres).for_each(|centre| self.watch.excuse(centre, edit.page));
        }
        self.owed.set(self.owed.get() + 1);
        self.executor.sleep(Duration::from_millis(edit.purge_after)).await;
        let what = Selector::of(edit.by, edit.page, &before);
        self.purge_until_done(edit.centre, edit.isolate, what, edit.hard).await;
        self.owed.set(self.owed.get() - 1);
    }

    /// As an outbox does: what was not done is sent again.
    async fn purge_until_done(
        self: &Rc<Self>,
        centre: usize,
        isolate: usize,
        what: Vec<Selector>,
        hard: bool,
    ) {
        while !self.clone().purge(centre, isolate, what.clone(), hard).await {
            self.executor.sleep(Duration::from_millis(2_000)).await;
        }
    }

    async fn purge(
        self: Rc<Self>,
        centre: usize,
        isolate: usize,
        what: Vec<Selector>,
        hard: bool,
    ) -> bool {
        let sim = self.platform(centre, isolate);
        let body = Body::whole(&self.selection(&what, hard));
        let mut fields = HeaderMap::new();
        let token = format!("Bearer {TOKEN}");
        fields.insert("authorization", HeaderValue::from_str(&token).unwrap());
        let url = format!("https://{HOST}/edge-isr/purge");
        let visit = self.request(Method::POST, &url, fields);
        let purge = self.watch.purging(&sim, hard, what);
        let (sender, answer) = futures::channel::oneshot::channel();
        let group = sim.trace.group;
        let (stage, ours) = (self.clone(), purge.clone());
        self.executor.spawn(group + 1, async move {
            let response = edge::handle(sim, visit, Some(body)).await;
            let done = response.status.as_u16() == 200;
            stage.watch.purged(&ours, done);
            stage.ends_after_the_answer(group);
            let _ = sender.send(done);
        });
        // An isolate that died says nothing.
        let patience = self.executor.sleep(Duration::from_secs(60));
        futures::pin_mut!(patience);
        match futures::future::select(answer, patience).await {
            futures::future::Either::Left((done, _)) => done.unwrap_or(false),
            futures::future::Either::Right(_) => false,
        }
    }

    fn selection(&self, what: &[Selector], hard: bool) -> String {
        let (mut tags, mut urls, mut prefixes, mut hosts) = (vec![], vec![], vec![], vec![]);
        let mut everything = false;
        for selector in what {
            match *selector {
                Selector::Tag(tag) => tags.extend(names(&[tag])),
                Selector::Url(page) => urls.push(self.site.url(page)),
                Selector::Section(section) => prefixes.push(format!("/s{section}")),
                Selector::Group(_) => unreachable!("editors purge no groups"),
                Selector::Host => hosts.push(HOST),
                Selector::Everything => everything = true,
            }
        }
        let mode = if hard { "hard" } else { "soft" };
        json!({ "tags": tags, "urls": urls, "prefixes": prefixes, "hosts": hosts,
            "everything": everything, "mode": mode })
        .to_string()
    }

    fn burst(self: &Rc<Self>, tag: usize, count: usize, hard: bool) {
        for _ in 0..count {
            let stage = self.clone();
            self.owed.set(self.owed.get() + 1);
            self.executor.spawn(0, async move {
                let at = stage.executor.random() % 1000;
                stage.executor.sleep(Duration::from_millis(at)).await;
                let centre = stage.executor.random() as usize % stage.shape.centres;
                let isolate = stage.executor.random() as usize % stage.shape.isolates;
                let what = vec![Selector::Tag(tag)];
                stage.purge_until_done(centre, isolate, what, hard).await;
                stage.owed.set(stage.owed.get() - 1);
            });
        }
    }

    // Trouble.

    fn isolate_dies(self: &Rc<Self>, centre: usize, isolate: usize) {
        let reborn = self.born(centre, isolate);
        let dead = std::mem::replace(&mut self.isolates.borrow_mut()[centre][isolate], reborn);
        let homes = self.homes.borrow();
        self.executor.end(|group| homes.get(&group) == Some(&dead.id));
        self.watch.forget_active(|fetch| fetch.isolate == dead.id);
    }

    fn requests_die(&self, centre: usize, isolate: usize) {
        let living = self.isolates.borrow()[centre][isolate].id;
        let homes = self.homes.borrow();
        self.executor.end(|group| homes.get(&group) == Some(&living));
        self.watch.forget_active(|fetch| fetch.isolate == living);
    }

    fn evict(&self, centre: usize, of_ten: u64) {
        self.caches[centre].evict(|_| self.executor.random() % 10 >= of_ten);
        self.watch.evicted(centre);
    }

    async fn kv_unreadable(&self, centre: usize, lasts: u64) {
        let bit = 1 << centre;
        self.kv.unreadable.set(self.kv.unreadable.get() | bit);
        let now = self.executor.now();
        self.watch.unreadable_since.borrow_mut()[centre].get_or_insert(now);
        self.executor.sleep(Duration::from_millis(lasts)).await;
        self.kv.unreadable.set(self.kv.unreadable.get() & !bit);
        self.watch.unreadable_since.borrow_mut()[centre] = None;
    }

    async fn cache_refuses(&self, centre: usize, lasts: u64, silently: bool) {
        let cache = &self.caches[centre];
        let refuses = if silently { &cache.keeps_nothing } else { &cache.refuses };
        refuses.set(true);
        self.watch.uncoordinated(Duration::from_millis(lasts));
        self.watch.evicted(centre);
        self.executor.sleep(Duration::from_millis(lasts)).await;
        refuses.set(false);
        self.watch.evicted(centre);
    }

    async fn coordinator_fails(&self, lasts: u64) {
        let Some(coordinator) = &self.coordinator else { return };
        let faults = [&coordinator.hangs, &coordinator.fails];
        let fault = faults[self.executor.random() as usize % 2];
        let lasts = Duration::from_millis(lasts);
        self.watch.uncoordinated(lasts);
        coordinator.evict();
        fault.set(true);
        self.executor.sleep(lasts).await;
        fault.set(false);
    }

    // The end.

    /// Everything is well from now on: sooner or later everyone sees the newest of everything.
    fn settle_down(self: &Rc<Self>) {
        self.site.calm.set(true);
        self.kv.failing.set(0);
        self.kv.slow_writes.set(0);
        self.wait(60);
        let mut waited = 0;
        while self.owed.get() > 0 && waited < 600 {
            self.wait(10);
            waited += 10;
        }
        if self.owed.get() > 0 {
            let how = format!("{} are still being sent again", self.owed.get());
            self.watch.breaks("every purge is done in the end", how);
        }
        let spread = self.shape.kv_lag / 1000 + self.shape.kv_ttl / 1000 + self.shape.window;
        self.wait(spread + self.config.lease_life().as_secs() + 130);
        self.round(0);
        self.wait(30);
        self.watch.settled.set(true);
        self.round(0);
        // A small budget takes longer.
        let rounds = if self.shape.graph_writes < 10 { 20 } else { 8 };
        (0..rounds).for_each(|_| self.late_round());
        self.watch.writes_nothing(|| self.late_round());
        if !self.is_broken() {
            self.watch.graph_is_right();
        }
    }

    /// Everything has become stale, and is revalidated.
    fn late_round(self: &Rc<Self>) {
        self.wait(4_000);
        // The graph's budget is one of each minute.
        self.round(61);
        self.wait(30);
        self.round(0);
        self.wait(60);
    }

    /// One visitor for each page in each data centre.
    fn round(self: &Rc<Self>, seconds: u64) {
        for page in 0..self.shape.pages.len() {
            for centre in 0..self.shape.centres {
                for user in 0..if self.shape.pages[page].varies { 2 } else { 1 } {
                    let (manner, guise) = (Manner::Plain, Guise::Browser);
                    self.visit(Visiting {
                        centre,
                        isolate: 0,
                        page,
                        user,
                        manner,
                        guise,
                        leaves_after: None,
                    });
                    self.executor.run_until(self.executor.now() + Duration::from_millis(10));
                }
                // Two data centres at the very same moment would refuse each other KV's one write a
                // second, every time.
                self.wait(seconds / 12);
            }
            self.wait(seconds);
        }
    }

    fn wait(&self, seconds: u64) {
        self.executor.run_until(self.executor.now() + Duration::from_secs(seconds));
    }
}

fn config(shape: &Shape) -> Config {
    let settings = [
        ("ORIGIN", "http://origin.test".to_owned()),
        ("PURGE_TOKENS", TOKEN.to_owned()),
        ("MEMORY_WINDOW", shape.window.to_string()),
        ("SKEW", shape.skew.to_string()),
        ("ORIGIN_TIMEOUT", ORIGIN_TIMEOUT.to_string()),
        ("GRAPH_WRITES_PER_MINUTE", shape.graph_writes.to_string()),
        ("VISITOR_WRITES_PER_DAY", "1000000000".to_owned()),
        ("PURGE_SWR", shape.purge_swr.to_string()),
    ];
    let setting = |name: &str| settings.iter().find(|(known, _)| *known == name);
    Config::read(&|name| setting(name).map(|(_, value)| value.clone())).unwrap()
}

fn kv(shape: &Shape) -> SimKv {
    let kv = SimKv::default();
    kv.lag.set(shape.kv_lag);
    kv.cache_ttl.set(Duration::from_millis(shape.kv_ttl));
    kv.paced.set(true);
    kv.failing.set(shape.kv_failing);
    kv.read_takes.set(shape.kv_read_takes);
    kv.write_takes.set(shape.kv_write_takes);
    kv.slow_writes.set(shape.kv_slow_writes);
    kv
}
