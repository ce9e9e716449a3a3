//! `Platform` in memory. Every await is a point at which any other task may run.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use edge_isr::config::Config;
use edge_isr::coordinator::shard::{Answer, Ask, Shard};
use edge_isr::isolate::Isolate;
use edge_isr::platform::{
    CacheError, CoordinatorError, Document, KvEntry, KvError, KvPage, OriginError, Platform,
    ReadError, Request, Response, Settled, Signal, Unsettled,
};
use edge_isr::policy::key::Slot;
use edge_isr::policy::time::Time;

use crate::coordinator::SimCoordinator;
use crate::counter::Counter;
use crate::executor::{Executor, Group};
use crate::kv::SimKv;

/// Longer bodies are staged.
pub const HELD_MOST: usize = 1000;

/// A write that takes as long is waited for no longer.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(10);

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
    pub refuses: Cell<bool>,
    /// An operation takes up to so many milliseconds.
    pub takes: Cell<u64>,
    pub put_takes: Cell<u64>,
    pub matches: Counter,
    pub puts: Counter,
    /// When each slot was last written, and when its writer had last looked at it.
    pub written: RefCell<BTreeMap<Slot, Vec<Written>>>,
    /// The requests that deleted a response.
    pub deleted_by: RefCell<Vec<Group>>,
}

/// A write of a slot, from its writer's last look at it to its end.
#[derive(Clone, Debug)]
pub struct Written {
    pub by: Group,
    pub looked_at: Time,
    pub at: Time,
    pub head: String,
    /// It is a marker in the place of a response that its writer had seen, or could have.
    pub replaced_page: bool,
}

impl Written {
    /// Whether it is what the origin said in answer to the request `number`.
    pub fn is_of(&self, number: usize) -> bool {
        self.head.contains(&format!("\"x-fetch\",\"{number}\""))
    }
}

impl SimCache {
    pub fn evict_all(&self) {
        self.slots.borrow_mut().clear();
    }

    /// Keeps only what `keep` says.
    pub fn evict(&self, keep: impl Fn(&Slot) -> bool) {
        self.slots.borrow_mut().retain(|slot, _| keep(slot));
    }

    /// Whether a slot holds a response.
    pub fn holds_page(&self, slot: &Slot, now: Time) -> bool {
        let slots = self.slots.borrow();
        slots.get(slot).is_some_and(|(head, _, until)| now < *until && is_page(head))
    }

    /// Whether a slot has held a response since a moment, and holds it now.
    fn held_page(&self, slot: &Slot, since: Time, now: Time) -> bool {
        let (slots, written) = (self.slots.borrow(), self.written.borrow());
        let Some((head, _, until)) = slots.get(slot) else { return false };
        let last = written.get(slot).and_then(|written| written.last());
        now < *until
            && is_page(head)
            && last.is_some_and(|last| last.head == *head && last.at < since)
    }

    pub fn heads(&self) -> Vec<String> {
        self.slots.borrow().values().map(|(head, _, _)| head.clone()).collect()
    }

    pub fn bodies(&self) -> Vec<String> {
        self.slots.borrow().values().map(|(_, body, _)| body.clone()).collect()
    }
}

fn is_page(head: &str) -> bool {
    head.contains("\"response\":")
}

/// Whether what is put into a slot says that its page passes.
fn is_pass(head: &str) -> bool {
    head.contains("\"pass\":")
}

/// Whoever answers in the origin's place.
pub trait Answering {
    fn answer<'a>(
        &'a self,
        sim: &'a Sim,
        request: Request<Body>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Body>, OriginError>> + 'a>>;
}

/// What one request did.
pub struct Trace {
    pub group: Group,
    pub began: Time,
    /// When it last saw a stored response.
    pub looked_at: Cell<Option<Time>>,
    /// When it last looked at each slot.
    looks: RefCell<BTreeMap<Slot, Time>>,
    pub body_read_at: Cell<Option<Time>>,
    pub kv_reads: Counter,
    pub kv_keys_read: Cell<u64>,
    pub kv_writes: RefCell<Vec<String>>,
    /// Those that KV took after they were given up.
    pub kv_late: RefCell<Vec<String>>,
}

impl Trace {
    pub fn new(group: Group, began: Time) -> Rc<Trace> {
        Rc::new(Trace {
            group,
            began,
            looked_at: Cell::default(),
            looks: RefCell::default(),
            body_read_at: Cell::default(),
            kv_reads: Counter::default(),
            kv_keys_read: Cell::default(),
            kv_writes: RefCell::default(),
            kv_late: RefCell::default(),
        })
    }
}

#[derive(Clone)]
pub struct Sim {
    pub executor: Rc<Executor>,
    pub centre: usize,
    pub isolate: Rc<Isolate>,
    /// Which isolate of all there ever were.
    pub isolate_id: u64,
    /// How far its clock is ahead, in milliseconds.
    pub ahead: i64,
    pub config: Rc<Config>,
    pub cache: Rc<SimCache>,
    pub kv: Rc<SimKv>,
    pub origin: Rc<dyn Answering>,
    pub log: Rc<RefCell<Vec<String>>>,
    pub coordinator: Option<Rc<SimCoordinator>>,
    pub trace: Rc<Trace>,
}

impl Sim {
    /// From nothing to `most` milliseconds.
    pub fn up_to(&self, most: u64) -> Duration {
        Duration::from_millis(if most == 0 { 0 } else { self.executor.random() % (most + 1) })
    }

    async fn pass(&self, most: u64) {
        self.executor.turn().await;
        let duration = self.up_to(most);
        if !duration.is_zero() {
            self.executor.sleep(duration).await;
        }
    }

    /// A write goes on whether or not anyone waits for it.
    async fn kv_change(&self, key: &str, entry: Option<KvEntry>) -> Result<(), KvError> {
        self.trace.kv_writes.borrow_mut().push(key.to_owned());
        assert!(key.len() <= 512, "KV takes keys of 512 bytes");
        self.executor.turn().await;
        self.kv.may_write()?;
        let (sender, done) = futures::channel::oneshot::channel();
        let (sim, name, began) = (self.clone(), key.to_owned(), self.executor.now());
        self.executor.spawn(0, async move {
            // Whoever gave it up hears nothing.
            let _ = sender.send(sim.land(&name, entry).await);
        });
        let done = done.await.unwrap_or_else(|_| Err(KvError("KV went away".to_owned())));
        if done.is_ok() && self.executor.now().since(began) >= GIVEN_UP_AFTER {
            self.trace.kv_late.borrow_mut().push(key.to_owned());
        }
        done
    }

    async fn land(&self, key: &str, entry: Option<KvEntry>) -> Result<(), KvError> {
        let kv = &self.kv;
        let slow = self.executor.random() % 1000 < kv.slow_writes.get();
        let takes = if slow { 9_000 } else { kv.write_takes.get() };
        let until_landed = match slow || kv.paced.get() {
            true => self.up_to(takes),
            false => Duration::from_millis(takes),
        };
        self.executor.sleep(until_landed).await;
        let now = self.executor.now();
        if kv.is_too_soon(key, now) {
            return Err(KvError("KV PUT failed: 429 Too Many Requests".to_owned()));
        }
        let fails = self.executor.random() % 1000 < kv.failing.get();
        if fails && self.executor.random().is_multiple_of(2) {
            return Err(KvError("KV PUT failed: 500".to_owned()));
        }
        kv.land(key, entry, now, self.ahead, || self.up_to(kv.lag.get()).as_millis() as u64);
        if kv.paced.get() {
            self.executor.sleep(self.up_to(takes / 4)).await;
        }
        match fails {
            true => Err(KvError("KV PUT failed: the connection was lost".to_owned())),
            false => Ok(()),
        }
    }
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
        Time(self.executor.now().0 + self.ahead)
    }

    fn random(&self) -> u64 {
        self.executor.random()
    }

    fn log(&self, line: &str) {
        self.log.borrow_mut().push(line.to_owned());
    }

    fn defer(&self, work: impl Future<Output = ()> + 'static) {
        self.executor.spawn(self.trace.group, work);
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
    ) -> Result<Settled<Body>, Unsettled> {
        self.executor.turn().await;
        self.executor.sleep(Duration::from_millis(body.takes)).await;
        if body.breaks_off {
            return Err(Unsettled::BrokenOff);
        }
        if body.text.len() <= HELD_MOST {
            return Ok(Settled::Whole(body));
        }
        let document = Document { head: "body".to_owned(), body };
        self.cache_put(staging, document, life).await.map_err(|_| Unsettled::NotKept)?;
        Ok(Settled::Staged)
    }

    async fn read(&self, body: Body, limit: usize) -> Result<Vec<u8>, ReadError> {
        self.executor.turn().await;
        self.trace.body_read_at.set(Some(self.executor.now()));
        match body.text.len() > limit {
            true => Err(ReadError::TooLong(limit)),
            false => Ok(body.text.into_bytes()),
        }
    }

    async fn cache_match(&self, slot: &Slot) -> Option<Document<Body>> {
        self.pass(self.cache.takes.get()).await;
        self.cache.matches.add();
        let now = self.executor.now();
        self.trace.looks.borrow_mut().insert(slot.clone(), now);
        let slots = self.cache.slots.borrow();
        let (head, body, until) = slots.get(slot)?;
        if now >= *until {
            return None;
        }
        if head.starts_with('{') {
            self.trace.looked_at.set(Some(now));
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
        self.pass(self.cache.takes.get()).await;
        self.cache.puts.add();
        self.executor.sleep(Duration::from_millis(self.cache.put_takes.get())).await;
        if self.cache.refuses.get() {
            return Err(CacheError("the cache is full".to_owned()));
        }
        if self.cache.keeps_nothing.get() {
            return Ok(());
        }
        let now = self.executor.now();
        let until = now + life.max(Duration::from_secs(1));
        if self.kv.paced.get() {
            let looked_at = self.trace.looks.borrow().get(slot).copied().unwrap_or(now);
            let (by, head) = (self.trace.group, document.head.clone());
            let replaced_page = is_pass(&head) && self.cache.held_page(slot, looked_at, now);
            let written = Written { by, looked_at, at: now, head, replaced_page };
            self.cache.written.borrow_mut().entry(slot.clone()).or_default().push(written);
        }
        let kept = (document.head, document.body.text, until);
        self.cache.slots.borrow_mut().insert(slot.clone(), kept);
        Ok(())
    }

    async fn cache_delete(&self, slot: &Slot) {
        self.pass(self.cache.takes.get()).await;
        if self.cache.holds_page(slot, self.executor.now()) {
            self.cache.deleted_by.borrow_mut().push(self.trace.group);
        }
        self.cache.slots.borrow_mut().remove(slot);
    }

    async fn fetch(&self, request: Request<Body>) -> Result<Response<Body>, OriginError> {
        self.origin.answer(self, request).await
    }

    async fn kv_read(&self, keys: &[String]) -> Result<Vec<Option<String>>, KvError> {
        self.kv.reads.add();
        self.kv.keys_read.set(self.kv.keys_read.get() + keys.len() as u64);
        self.trace.kv_reads.add();
        self.trace.kv_keys_read.set(self.trace.kv_keys_read.get() + keys.len() as u64);
        assert!(keys.len() <= 100, "a bulk read takes 100 keys");
        self.pass(self.kv.read_takes.get()).await;
        if self.kv.read_hangs.get() {
            self.executor.sleep(Duration::from_secs(1000)).await;
        }
        let fails = self.executor.random() % 1000 < self.kv.failing.get();
        if fails || self.kv.is_unreadable(self.centre) {
            self.kv.failed_at.borrow_mut().insert(self.centre, self.executor.now());
            return Err(KvError("KV GET failed: 500".to_owned()));
        }
        let now = self.executor.now();
        let values = keys.iter().map(|key| self.kv.read(self.centre, key, now)).collect();
        // What was read may be on its way for a while.
        self.pass(self.kv.read_takes.get()).await;
        Ok(values)
    }

    async fn kv_write(&self, key: &str, entry: KvEntry) -> Result<(), KvError> {
        self.kv.writes.add();
        self.kv_change(key, Some(entry)).await
    }

    async fn kv_delete(&self, key: &str) -> Result<(), KvError> {
        self.kv.deletes.add();
        self.kv_change(key, None).await
    }

    async fn kv_list(
        &self,
        prefix: &str,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<KvPage, KvError> {
        self.pass(self.kv.read_takes.get()).await;
        if self.kv.is_unreadable(self.centre) {
            return Err(KvError("KV LIST failed: 500".to_owned()));
        }
        Ok(self.kv.list(self.centre, prefix, cursor, limit as usize, self.executor.now()))
    }

    async fn coordinate(
        &self,
        shard: Shard,
        ask: &Ask,
    ) -> Option<Result<Answer, CoordinatorError>> {
        Some(self.coordinator.as_ref()?.answer(shard, ask).await)
    }
}
