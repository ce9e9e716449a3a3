//! The coordinator in memory.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use edge_isr::coordinator::ledger::Ledger;
use edge_isr::coordinator::shard::{LeaseReply, Shard, ShardRequest};
use edge_isr::coordinator::wire;
use edge_isr::platform::CoordinatorError;
use edge_isr::platform::rows::RowChange;

use crate::world::counter::Counter;
use crate::world::executor::Executor;

/// The Durable Objects: each shard's ledger, and its rows.
pub struct SimCoordinator {
    executor: Rc<Executor>,
    ledgers: RefCell<BTreeMap<String, Ledger>>,
    rows: RefCell<BTreeMap<String, BTreeMap<String, String>>>,
    /// Milliseconds there, and as many back.
    pub takes: Cell<u64>,
    pub fails: Cell<bool>,
    pub hangs: Cell<bool>,
    pub asks: Counter,
}

impl SimCoordinator {
    pub fn new(executor: &Rc<Executor>) -> Rc<SimCoordinator> {
        Rc::new(SimCoordinator {
            executor: executor.clone(),
            ledgers: RefCell::default(),
            rows: RefCell::default(),
            takes: Cell::new(20),
            fails: Cell::default(),
            hangs: Cell::default(),
            asks: Counter::default(),
        })
    }

    pub async fn answer(
        &self,
        shard: Shard,
        ask: &ShardRequest,
    ) -> Result<LeaseReply, CoordinatorError> {
        self.asks.add();
        let wire = ask.to_string();
        self.travel().await;
        if self.hangs.get() {
            self.executor.sleep(Duration::from_secs(1000)).await;
        }
        if self.fails.get() {
            return Err(CoordinatorError::Other("overloaded".to_owned()));
        }
        let wire = self.at(&shard.to_string(), wire::parse_request(&wire).unwrap());
        self.travel().await;
        Ok(wire::parse_reply(&wire).unwrap())
    }

    async fn travel(&self) {
        self.executor.turn().await;
        self.executor.sleep(Duration::from_millis(self.takes.get())).await;
    }

    fn at(&self, name: &str, ask: ShardRequest) -> String {
        let (mut ledgers, mut rows) = (self.ledgers.borrow_mut(), self.rows.borrow_mut());
        let rows = rows.entry(name.to_owned()).or_default();
        let now = self.executor.now();
        let ledger = ledgers.entry(name.to_owned()).or_insert_with(|| {
            let (ledger, changes) = Ledger::restored(rows.clone(), now);
            apply(rows, changes);
            ledger
        });
        let (answer, changes) = ledger.answer(ask, now);
        apply(rows, changes);
        answer.to_string()
    }

    /// The objects are gone from memory, as after a deploy; their rows are not.
    pub fn evict(&self) {
        self.ledgers.borrow_mut().clear();
    }

    pub fn rows(&self) -> usize {
        self.rows.borrow().values().map(BTreeMap::len).sum()
    }

    /// What is written under the first key that begins so, without its end.
    pub fn row_of(&self, prefix: &str) -> Option<String> {
        let rows = self.rows.borrow();
        let (_, row) = rows.values().flatten().find(|(key, _)| key.starts_with(prefix))?;
        Some(row.split_once(' ')?.1.to_owned())
    }

    pub fn shards(&self) -> Vec<String> {
        self.rows.borrow().keys().cloned().collect()
    }
}

pub fn apply(rows: &mut BTreeMap<String, String>, changes: Vec<RowChange>) {
    for change in changes {
        match change {
            RowChange::Put { key, value } => rows.insert(key, value),
            RowChange::Delete { key } => rows.remove(&key),
        };
    }
}
