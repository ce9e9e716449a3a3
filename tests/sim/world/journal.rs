//! The purge journal's object in memory.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};
use std::time::Duration;

use edge_isr::journal::object::Terms;
use edge_isr::journal::object::service::JournalService;
use edge_isr::platform::journal_object::{ObjectRuntime, StorageError};
use edge_isr::platform::rows::{RowChange, RowOrder, RowRange};
use edge_isr::platform::{Clock, JournalError};
use edge_isr::policy::time::Time;
use futures::channel::oneshot;

use crate::world::World;
use crate::world::coordinator::apply;
use crate::world::counter::Counter;
use crate::world::executor::{Executor, Group};
use crate::world::platform::Sim;

/// The rows of an object: what a moment of it is restored from.
pub type Rows = BTreeMap<String, String>;

/// The groups of the object's tasks, above those of all requests.
pub const GROUPS: Group = 1 << 60;

/// The Durable Object: the journal in its memory, and its rows.
pub struct SimJournal {
    stored: Rc<SimStored>,
    service: RefCell<Rc<JournalService<SimObject>>>,
    /// Milliseconds there, and as many back.
    pub takes: Cell<u64>,
    pub fails: Cell<bool>,
    /// Since when it has failed, where a history says so.
    pub failing_since: Cell<Option<Time>>,
    pub hangs: Cell<bool>,
    /// The replies that are lost next: the object has done what it was asked.
    pub loses: Cell<u64>,
    pub asks: Counter,
}

/// What outlives the object's memory.
pub struct SimStored {
    sim: Sim,
    groups: Group,
    id: String,
    rows: RefCell<Rows>,
    alarm: Cell<Option<Time>>,
    alarm_runs: Cell<bool>,
    /// Starts of the object so far. A task of an earlier start writes no row.
    starts: Cell<u64>,
    pub terms: Cell<Terms>,
    /// Milliseconds by which the object's clock is ahead.
    pub ahead: Cell<i64>,
    pub rows_fail: Cell<bool>,
    /// When this start of the object was first asked.
    pub first_asked: Cell<Option<Time>>,
    pub rows_written: Counter,
    /// Weak: the journal holds what is stored.
    journal: RefCell<Weak<SimJournal>>,
}

/// The object at one start.
#[derive(Clone)]
pub struct SimObject {
    stored: Rc<SimStored>,
    start: u64,
}

impl SimJournal {
    pub fn new(world: &World) -> Rc<SimJournal> {
        SimJournal::named(world, "object")
    }

    /// An object of another environment, or of another name.
    pub fn named(world: &World, id: &str) -> Rc<SimJournal> {
        let sim = world.platform(crate::world::At { centre: 0, isolate: usize::MAX });
        SimJournal::on(sim, id, GROUPS)
    }

    /// An object that runs on `sim`. Its tasks are in the groups from `groups` on.
    pub fn on(sim: Sim, id: &str, groups: Group) -> Rc<SimJournal> {
        let stored = Rc::new(SimStored {
            sim,
            groups,
            id: id.to_owned(),
            rows: RefCell::default(),
            alarm: Cell::default(),
            alarm_runs: Cell::default(),
            starts: Cell::default(),
            terms: Cell::default(),
            ahead: Cell::default(),
            rows_fail: Cell::default(),
            first_asked: Cell::default(),
            rows_written: Counter::default(),
            journal: RefCell::default(),
        });
        let service = JournalService::new(SimObject { stored: stored.clone(), start: 0 });
        let journal = Rc::new(SimJournal {
            stored: stored.clone(),
            service: RefCell::new(Rc::new(service)),
            takes: Cell::new(20),
            fails: Cell::default(),
            failing_since: Cell::default(),
            hangs: Cell::default(),
            loses: Cell::default(),
            asks: Counter::default(),
        });
        stored.journal.replace(Rc::downgrade(&journal));
        journal
    }

    fn executor(&self) -> &Rc<Executor> {
        &self.stored.sim.executor
    }

    pub fn stored(&self) -> &SimStored {
        &self.stored
    }

    pub fn id(&self) -> String {
        self.stored.id.clone()
    }

    pub async fn answer(self: Rc<Self>, request: String) -> Result<Vec<u8>, JournalError> {
        self.asks.add();
        self.travel().await;
        if self.hangs.get() {
            self.executor().sleep(Duration::from_secs(1000)).await;
        }
        if self.fails.get() {
            return Err(JournalError::Other("overloaded".to_owned()));
        }
        if self.stored.first_asked.get().is_none() {
            self.stored.first_asked.set(Some(self.executor().now()));
        }
        // The object goes on when its caller is gone.
        let (sender, answered) = oneshot::channel();
        let service = self.service.borrow().clone();
        self.executor().spawn(self.group(), async move {
            // A caller that is gone hears nothing.
            let _ = sender.send(service.answer(&request).await);
        });
        let answered = answered.await;
        self.travel().await;
        if self.loses.get() > 0 {
            self.loses.set(self.loses.get() - 1);
            return Err(JournalError::Other("Network connection lost.".to_owned()));
        }
        let lost = |_| JournalError::Other("the object was reset".to_owned());
        answered.map_err(lost)?.map_err(|error| JournalError::Other(error.to_string()))
    }

    async fn travel(&self) {
        self.executor().turn().await;
        self.executor().sleep(Duration::from_millis(self.takes.get())).await;
    }

    fn group(&self) -> Group {
        self.stored.groups + self.stored.starts.get()
    }

    /// The object is gone from memory, as after a deploy; its rows are not. Writes to KV that are
    /// under way may still land.
    pub fn evict(&self) {
        let group = self.group();
        self.executor().end(|other| other == group);
        let stored = &self.stored;
        stored.first_asked.take();
        stored.starts.set(stored.starts.get() + 1);
        let object = SimObject { stored: stored.clone(), start: stored.starts.get() };
        self.service.replace(Rc::new(JournalService::new(object)));
        if stored.alarm_runs.take() {
            // The runtime runs an alarm again that did not end.
            stored.alarm_at(self.executor().now() + Duration::from_secs(2));
        }
    }

    /// The object has lost its rows, and begins another journal.
    pub fn empty(&self) {
        self.restore(Rows::new());
        self.stored.alarm.take();
    }

    /// The object is restored to an earlier state.
    pub fn restore(&self, rows: Rows) {
        self.evict();
        self.stored.rows.replace(rows);
    }

    pub fn rows(&self) -> Rows {
        self.stored.rows.borrow().clone()
    }

    /// Runs the alarm, if it is still the one that was set.
    async fn ring(self: Rc<Self>, at: Time) {
        if self.stored.alarm.get() != Some(at) {
            return;
        }
        self.stored.alarm.take();
        self.stored.alarm_runs.set(true);
        let service = self.service.borrow().clone();
        let stored = self.stored.clone();
        self.executor().spawn(self.group(), async move {
            let ended = service.alarm().await;
            stored.alarm_runs.set(false);
            if ended.is_err() {
                // The runtime runs a failed alarm again, later and later.
                stored.alarm_at(stored.sim.executor.now() + Duration::from_secs(10));
            }
        });
    }
}

impl SimStored {
    fn alarm_at(&self, at: Time) {
        self.alarm.set(Some(at));
        let Some(journal) = self.journal.borrow().upgrade() else { return };
        let wait = at.since(self.sim.executor.now());
        let executor = self.sim.executor.clone();
        self.sim.executor.spawn(self.groups - 1, async move {
            executor.sleep(wait).await;
            journal.ring(at).await;
        });
    }
}

impl Clock for SimObject {
    fn now(&self) -> Time {
        Time(self.stored.sim.executor.now().0 + self.stored.ahead.get())
    }

    fn random(&self) -> u64 {
        self.stored.sim.executor.random()
    }

    async fn sleep(&self, duration: Duration) {
        self.stored.sim.executor.sleep(duration).await;
    }
}

impl ObjectRuntime for SimObject {
    type Namespace = Sim;

    fn kv(&self) -> Sim {
        self.stored.sim.clone()
    }

    fn id(&self) -> String {
        self.stored.id.clone()
    }

    fn terms(&self) -> Terms {
        self.stored.terms.get()
    }

    fn rows(&self, range: RowRange<'_>) -> Result<Vec<(String, String)>, StorageError> {
        self.may_use_rows()?;
        Ok(select(&self.stored.rows.borrow(), range))
    }

    fn write(&self, changes: Vec<RowChange>) -> Result<(), StorageError> {
        self.may_use_rows()?;
        for change in &changes {
            if let RowChange::Put { value, .. } = change {
                assert!(value.len() < 2_000_000, "a row has at most 2 MB");
            }
            self.stored.rows_written.add();
        }
        apply(&mut self.stored.rows.borrow_mut(), changes);
        Ok(())
    }

    fn defer(&self, work: impl Future<Output = ()> + 'static) {
        self.stored.sim.executor.spawn(self.stored.groups + self.start, work);
    }

    fn set_alarm(&self, at: Time) -> Result<(), StorageError> {
        self.may_use_rows()?;
        self.stored.rows_written.add();
        // The object's clock says when.
        self.stored.alarm_at(Time(at.0 - self.stored.ahead.get()));
        Ok(())
    }

    fn log(&self, line: &str) {
        self.stored.sim.log.borrow_mut().push(line.to_owned());
    }
}

/// The rows of a range.
pub fn select(rows: &Rows, range: RowRange<'_>) -> Vec<(String, String)> {
    let is_meant = |(key, _): &(&String, &String)| {
        key.as_str() >= range.from && (range.to.is_empty() || key.as_str() < range.to)
    };
    let mut meant: Vec<_> = rows.iter().filter(is_meant).collect();
    if range.order == RowOrder::Descending {
        meant.reverse();
    }
    let most = range.most.unwrap_or(usize::MAX);
    meant.into_iter().take(most).map(|(key, value)| (key.clone(), value.clone())).collect()
}

impl SimObject {
    fn may_use_rows(&self) -> Result<(), StorageError> {
        let is_gone = self.start != self.stored.starts.get();
        if is_gone || self.stored.rows_fail.get() {
            return Err(StorageError("the rows cannot be used".to_owned()));
        }
        Ok(())
    }
}
