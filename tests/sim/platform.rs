//! `Platform` in memory. Every await is a point at which any other task may run.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use edge_isr::config::Config;
use edge_isr::isolate::Isolate;
use edge_isr::platform::{
    BrokenOff, CacheError, CoordinatorError, Document, KvEntry, KvError, KvPage, OriginError,
    Platform, ReadError, Request, Response, Settled, Signal,
};
use edge_isr::policy::coordinator::{Answer, Ask, Shard};
use edge_isr::policy::key::Slot;
use edge_isr::policy::time::Time;

use crate::coordinator::SimCoordinator;
use crate::executor::Executor;
use crate::origin::Origin;
use crate::world::Counter;

/// Longer bodies are staged.
pub const HELD_MOST: usize = 1000;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Body {
    pub text: String,
    pub breaks_off: bool,
    /// Milliseconds until it has been read to its end.
    pub takes: u64,
}

impl Body {
    pub fn whole(text: &str) -> Body {
        Body { text: text.to_owned(), ..Body::default() }
    }
}

/// One data centre's cache.
#[derive(Default)]
pub struct SimCache {
    slots: RefCell<BTreeMap<Slot, (String, String, Time)>>,
    /// It resolves and keeps nothing, as on workers.dev.
    pub keeps_nothing: Cell<bool>,
    pub put_takes: Cell<u64>,
    pub matches: Counter,
    pub puts: Counter,
}

impl SimCache {
    pub fn evict_all(&self) {
        self.slots.borrow_mut().clear();
    }

    pub fn bodies(&self) -> Vec<String> {
        self.slots.borrow().values().map(|(_, body, _)| body.clone()).collect()
    }
}

/// KV, seen everywhere at once.
#[derive(Default)]
pub struct SimKv {
    pub values: RefCell<BTreeMap<String, KvEntry>>,
    pub reads_fail: Cell<bool>,
    pub read_hangs: Cell<bool>,
    /// So many writes fail from now on.
    pub writes_fail: Cell<u64>,
    pub write_takes: Cell<u64>,
    pub failure: RefCell<String>,
    pub reads: Counter,
    pub keys_read: Cell<u64>,
    pub writes: Counter,
    pub deletes: Counter,
}

#[derive(Clone)]
pub struct Sim {
    pub executor: Rc<Executor>,
    pub isolate: Rc<Isolate>,
    pub config: Rc<Config>,
    pub cache: Rc<SimCache>,
    pub kv: Rc<SimKv>,
    pub origin: Rc<Origin>,
    pub log: Rc<RefCell<Vec<String>>>,
    pub coordinator: Option<Rc<SimCoordinator>>,
}

impl Platform for Sim {
    type Body = Body;

    fn config(&self) -> &Config {
        &self.config
    }

    fn isolate(&self) -> &Isolate {
        &self.isolate
    }

    fn now(&self) -> Time {
        self.executor.now()
    }

    fn random(&self) -> u64 {
        self.executor.random()
    }

    fn log(&self, line: &str) {
        self.log.borrow_mut().push(line.to_owned());
    }

    fn defer(&self, work: impl Future<Output = ()> + 'static) {
        self.executor.spawn(work);
    }

    async fn sleep(&self, duration: Duration) {
        self.executor.sleep(duration).await;
    }

    fn signal(&self, limit: Duration) -> (Signal, impl Future<Output = ()> + use<>) {
        let (sender, receiver) = futures::channel::oneshot::channel::<()>();
        let timeout = self.executor.sleep(limit);
        let signal: Signal = Box::new(move || {
            let _ = sender.send(());
        });
        let wait = async move {
            futures::pin_mut!(timeout);
            futures::future::select(receiver, timeout).await;
        };
        (signal, wait)
    }

    fn empty_body(&self) -> Body {
        Body::default()
    }

    fn bytes_body(&self, bytes: Vec<u8>) -> Body {
        Body::whole(&String::from_utf8(bytes).unwrap())
    }

    fn discard(&self, _body: Body) {}

    fn tee(&self, body: Body) -> (Body, Body) {
        (body.clone(), body)
    }

    async fn settle(
        &self,
        body: Body,
        staging: &Slot,
        life: Duration,
    ) -> Result<Settled<Body>, BrokenOff> {
        self.executor.turn().await;
        self.executor.sleep(Duration::from_millis(body.takes)).await;
        if body.breaks_off {
            return Err(BrokenOff);
        }
        if body.text.len() <= HELD_MOST {
            return Ok(Settled::Whole(body));
        }
        let document = Document { head: "body".to_owned(), body };
        self.cache_put(staging, document, life).await.map_err(|_| BrokenOff)?;
        Ok(Settled::Staged)
    }

    async fn read(&self, body: Body, limit: usize) -> Result<Vec<u8>, ReadError> {
        self.executor.turn().await;
        match body.text.len() > limit {
            true => Err(ReadError::TooLong(limit)),
            false => Ok(body.text.into_bytes()),
        }
    }

    async fn cache_match(&self, slot: &Slot) -> Option<Document<Body>> {
        self.executor.turn().await;
        self.cache.matches.add();
        let slots = self.cache.slots.borrow();
        let (head, body, until) = slots.get(slot)?;
        if self.executor.now() >= *until {
            return None;
        }
        Some(Document { head: head.clone(), body: Body::whole(body) })
    }

    async fn cache_match_part(&self, slot: &Slot, first: u64, last: u64) -> Option<Body> {
        let whole = self.cache_match(slot).await?;
        Some(Body::whole(whole.body.text.get(first as usize..=last as usize)?))
    }

    async fn cache_put(
        &self,
        slot: &Slot,
        document: Document<Body>,
        life: Duration,
    ) -> Result<(), CacheError> {
        self.executor.turn().await;
        self.cache.puts.add();
        self.executor.sleep(Duration::from_millis(self.cache.put_takes.get())).await;
        if !self.cache.keeps_nothing.get() {
            let until = self.executor.now() + life.max(Duration::from_secs(1));
            let kept = (document.head, document.body.text, until);
            self.cache.slots.borrow_mut().insert(slot.clone(), kept);
        }
        Ok(())
    }

    async fn cache_delete(&self, slot: &Slot) {
        self.executor.turn().await;
        self.cache.slots.borrow_mut().remove(slot);
    }

    async fn fetch(&self, request: Request<Body>) -> Result<Response<Body>, OriginError> {
        self.origin.answer(request, self.config.origin_timeout).await
    }

    async fn kv_read(&self, keys: &[String]) -> Result<Vec<Option<String>>, KvError> {
        self.executor.turn().await;
        self.kv.reads.add();
        self.kv.keys_read.set(self.kv.keys_read.get() + keys.len() as u64);
        assert!(keys.len() <= 100, "a bulk read takes 100 keys");
        if self.kv.read_hangs.get() {
            self.executor.sleep(Duration::from_secs(1000)).await;
        }
        if self.kv.reads_fail.get() {
            return Err(KvError("KV GET failed: 500".to_owned()));
        }
        let values = self.kv.values.borrow();
        Ok(keys.iter().map(|key| values.get(key).map(|entry| entry.value.clone())).collect())
    }

    async fn kv_write(&self, key: &str, entry: KvEntry) -> Result<(), KvError> {
        self.executor.turn().await;
        self.kv.writes.add();
        assert!(key.len() <= 512, "KV takes keys of 512 bytes");
        self.kv.may_write()?;
        self.executor.sleep(Duration::from_millis(self.kv.write_takes.get())).await;
        self.kv.values.borrow_mut().insert(key.to_owned(), entry);
        Ok(())
    }

    async fn kv_delete(&self, key: &str) -> Result<(), KvError> {
        self.executor.turn().await;
        self.kv.deletes.add();
        self.kv.may_write()?;
        self.kv.values.borrow_mut().remove(key);
        Ok(())
    }

    async fn kv_list(
        &self,
        prefix: &str,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<KvPage, KvError> {
        self.executor.turn().await;
        let values = self.kv.values.borrow();
        let mut keys: Vec<(String, Option<String>)> = values
            .iter()
            .filter(|(key, _)| key.starts_with(prefix))
            .filter(|(key, _)| cursor.is_none_or(|cursor| key.as_str() > cursor))
            .map(|(key, entry)| (key.clone(), entry.metadata.clone()))
            .take(limit as usize + 1)
            .collect();
        let more = keys.len() > limit as usize;
        keys.truncate(limit as usize);
        let cursor = more.then(|| keys.last().unwrap().0.clone());
        Ok(KvPage { keys, cursor })
    }

    async fn coordinate(
        &self,
        shard: Shard,
        ask: &Ask,
    ) -> Option<Result<Answer, CoordinatorError>> {
        Some(self.coordinator.as_ref()?.answer(shard, ask).await)
    }
}

impl SimKv {
    fn may_write(&self) -> Result<(), KvError> {
        let failing = self.writes_fail.get();
        if failing == 0 {
            return Ok(());
        }
        self.writes_fail.set(failing - 1);
        Err(KvError(self.failure.borrow().clone()))
    }

    pub fn keys(&self, prefix: &str) -> Vec<String> {
        self.values.borrow().keys().filter(|key| key.starts_with(prefix)).cloned().collect()
    }
}
