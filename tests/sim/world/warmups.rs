//! The object that keeps warmups, in memory. It calls the Worker in one isolate of one data centre.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::time::Duration;

use edge_isr::journal::object::Terms;
use edge_isr::platform::journal_object::{ObjectRuntime, StorageError};
use edge_isr::platform::rows::{RowChange, RowRange};
use edge_isr::platform::warmups::WarmupRuntime;
use edge_isr::platform::{Clock, CoordinatorError};
use edge_isr::policy::time::Time;
use edge_isr::warmup::WarmSettings;
use edge_isr::warmup::ask::Ask;
use edge_isr::warmup::page;
use edge_isr::warmup::service::WarmupService;
use futures::channel::oneshot;

use crate::world::coordinator::apply;
use crate::world::executor::Group;
use crate::world::journal::{Rows, select};
use crate::world::platform::{Sim, Trace};
use crate::world::{At, World};

/// The groups of the object's tasks, above those of the journal's.
const GROUPS: Group = 1 << 61;
/// The group of what the Worker does for it, which goes on when the object is gone.
const WORKER: Group = GROUPS - 1;
/// The group of the alarm's clock.
const ALARM: Group = GROUPS - 2;

/// The Durable Object.
pub struct SimWarmups {
    stored: Rc<Stored>,
    service: RefCell<Rc<WarmupService<SimRuntime>>>,
    /// It cannot be reached.
    pub fails: Cell<bool>,
}

/// What outlives the object's memory.
pub struct Stored {
    sim: Sim,
    rows: RefCell<Rows>,
    alarm: Cell<Option<Time>>,
    alarm_runs: Cell<bool>,
    starts: Cell<u64>,
    rows_fail: Cell<bool>,
    /// The calls of the Worker that fail next.
    calls_fail: Cell<u64>,
    object: RefCell<Weak<SimWarmups>>,
}

/// The runtime of the object at one start.
#[derive(Clone)]
pub struct SimRuntime {
    stored: Rc<Stored>,
    start: u64,
}

impl SimWarmups {
    /// An object that calls the Worker in this isolate.
    pub fn new(world: &World, at: At) -> Rc<SimWarmups> {
        let stored = Rc::new(Stored {
            sim: world.platform(at),
            rows: RefCell::default(),
            alarm: Cell::default(),
            alarm_runs: Cell::default(),
            starts: Cell::default(),
            rows_fail: Cell::default(),
            calls_fail: Cell::default(),
            object: RefCell::default(),
        });
        let service = WarmupService::new(SimRuntime { stored: stored.clone(), start: 0 });
        let service = RefCell::new(Rc::new(service));
        let object =
            Rc::new(SimWarmups { stored: stored.clone(), service, fails: Cell::default() });
        stored.object.replace(Rc::downgrade(&object));
        object
    }

    pub fn answer(&self, request: &str) -> Result<String, CoordinatorError> {
        if self.fails.get() {
            return Err(CoordinatorError::Other("overloaded".to_owned()));
        }
        let reply = self.service.borrow().answer(request);
        reply
            .map(|reply| reply.to_text())
            .map_err(|error| CoordinatorError::Other(error.to_string()))
    }

    /// The object is gone from memory; its rows are not, nor is what the Worker does.
    pub fn evict(&self) {
        let stored = &self.stored;
        let group = GROUPS + stored.starts.get();
        stored.sim.executor.end(|other| other == group);
        stored.starts.set(stored.starts.get() + 1);
        let start = stored.starts.get();
        let service = WarmupService::new(SimRuntime { stored: stored.clone(), start });
        self.service.replace(Rc::new(service));
        if stored.alarm_runs.take() {
            // The runtime runs an alarm again that did not end.
            stored.alarm_at(stored.sim.executor.now() + Duration::from_secs(2));
        }
    }

    pub fn rows_fail(&self, fail: bool) {
        self.stored.rows_fail.set(fail);
    }

    pub fn calls_fail(&self, count: u64) {
        self.stored.calls_fail.set(count);
    }

    pub fn rows(&self) -> Rows {
        self.stored.rows.borrow().clone()
    }

    /// Runs the alarm, if it is still the one that was set.
    fn ring(&self, at: Time) {
        let stored = self.stored.clone();
        if stored.alarm.get() != Some(at) {
            return;
        }
        stored.alarm.take();
        stored.alarm_runs.set(true);
        let service = self.service.borrow().clone();
        let group = GROUPS + stored.starts.get();
        self.stored.sim.executor.spawn(group, async move {
            let ended = service.alarm().await;
            stored.alarm_runs.set(false);
            if ended.is_err() {
                stored.alarm_at(stored.sim.executor.now() + Duration::from_secs(10));
            }
        });
    }
}

impl Stored {
    fn alarm_at(self: &Rc<Self>, at: Time) {
        self.alarm.set(Some(at));
        let (stored, executor) = (self.clone(), self.sim.executor.clone());
        let wait = at.since(executor.now()).max(Duration::from_millis(1));
        self.sim.executor.spawn(ALARM, async move {
            executor.sleep(wait).await;
            let object = stored.object.borrow().upgrade();
            if let Some(object) = object {
                object.ring(at);
            }
        });
    }
}

impl Clock for SimRuntime {
    fn now(&self) -> Time {
        self.stored.sim.executor.now()
    }

    fn random(&self) -> u64 {
        self.stored.sim.executor.random()
    }

    async fn sleep(&self, duration: Duration) {
        self.stored.sim.executor.sleep(duration).await;
    }
}

impl ObjectRuntime for SimRuntime {
    type Namespace = Sim;

    fn kv(&self) -> Sim {
        self.stored.sim.clone()
    }

    fn id(&self) -> String {
        "warmups".to_owned()
    }

    fn terms(&self) -> Terms {
        Terms::default()
    }

    fn rows(&self, range: RowRange<'_>) -> Result<Vec<(String, String)>, StorageError> {
        self.may_use_rows()?;
        Ok(select(&self.stored.rows.borrow(), range))
    }

    fn write(&self, changes: Vec<RowChange>) -> Result<(), StorageError> {
        self.may_use_rows()?;
        apply(&mut self.stored.rows.borrow_mut(), changes);
        Ok(())
    }

    fn defer(&self, work: impl Future<Output = ()> + 'static) {
        self.stored.sim.executor.spawn(GROUPS + self.start, work);
    }

    fn set_alarm(&self, at: Time) -> Result<(), StorageError> {
        self.may_use_rows()?;
        self.stored.alarm_at(at);
        Ok(())
    }

    fn log(&self, line: &str) {
        self.stored.sim.log.borrow_mut().push(line.to_owned());
    }
}

impl WarmupRuntime for SimRuntime {
    fn settings(&self) -> WarmSettings {
        self.stored.sim.config.warm
    }

    fn has_tier(&self) -> bool {
        self.stored.sim.pages.is_some()
    }

    async fn call_worker(&self, ask: String) -> Result<String, CoordinatorError> {
        let sim = &self.stored.sim;
        sim.executor.turn().await;
        if self.stored.calls_fail.get() > 0 {
            self.stored.calls_fail.set(self.stored.calls_fail.get() - 1);
            return Err(CoordinatorError::Other("Network connection lost.".to_owned()));
        }
        let (sender, reply) = oneshot::channel();
        let trace = Trace::new(WORKER, sim.executor.now());
        let platform = Sim { trace, ..sim.clone() };
        sim.executor.spawn(WORKER, async move {
            let ask = Ask::of_text(&ask).expect("a request of this version");
            let config = platform.config.clone();
            // An object that is gone hears nothing.
            let _ = sender.send(page::answer(platform, config, ask).await.to_text());
        });
        reply.await.map_err(|_| CoordinatorError::Other("the Worker is gone".to_owned()))
    }
}

impl SimRuntime {
    fn may_use_rows(&self) -> Result<(), StorageError> {
        if self.start != self.stored.starts.get() || self.stored.rows_fail.get() {
            return Err(StorageError("the rows cannot be used".to_owned()));
        }
        Ok(())
    }
}
