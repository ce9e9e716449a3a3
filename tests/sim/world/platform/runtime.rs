//! `Platform` in memory. Every await is a point at which any other task may run.

use std::future::Future;
use std::time::Duration;

use edge_isr::config::Config;
use edge_isr::coordinator::shard::{LeaseReply, Shard, ShardRequest};
use edge_isr::isolate::Isolate;
use edge_isr::journal::wire::JournalRequest;
use edge_isr::platform::kv::RawKv;
use edge_isr::platform::{
    Bodies, Cache, CacheError, Clock, Context, Coordinator, CoordinatorError, Document, Journal,
    JournalError, Kv, Origin, OriginError, ReadError, Request, Response, Settled, Signal, Tasks,
    Unsettled, Warmups,
};
use edge_isr::policy::key::Slot;
use edge_isr::policy::time::Time;

use super::{Body, HELD_MOST, Sim};

impl Context for Sim {
    fn config(&self) -> &Config {
        &self.config
    }

    fn isolate(&self) -> &Isolate {
        &self.isolate
    }

    fn log(&self, line: &str) {
        self.log.borrow_mut().push(line.to_owned());
    }

    fn log_object(&self, json: &str) {
        self.log.borrow_mut().push(json.to_owned());
    }
}

/// What a body begins with whose text stands for bytes: a character a byte.
const BYTES: char = '\u{1}';

impl Clock for Sim {
    fn now(&self) -> Time {
        Time(self.executor.now().0 + self.ahead)
    }

    fn random(&self) -> u64 {
        self.executor.random()
    }

    async fn sleep(&self, duration: Duration) {
        self.executor.sleep(duration).await;
    }
}

impl Tasks for Sim {
    fn defer(&self, work: impl Future<Output = ()> + 'static) {
        self.executor.spawn(self.trace.group, work);
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
}

impl Bodies for Sim {
    type Body = Body;
    type Settling = Body;

    fn empty_body(&self) -> Body {
        Body::default()
    }

    fn bytes_body(&self, bytes: &[u8]) -> Body {
        match String::from_utf8(bytes.to_vec()) {
            Ok(text) => Body::whole(&text),
            Err(error) => {
                let text: String = error.into_bytes().into_iter().map(char::from).collect();
                Body::whole(&format!("{BYTES}{text}"))
            }
        }
    }

    fn body_length(&self, body: &Body) -> Option<usize> {
        Some(body.text.len())
    }

    fn body_again(&self, body: &Body) -> Option<Body> {
        Some(body.clone())
    }

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
        let document = Document { metadata: "body".to_owned(), body };
        self.cache_put(staging, document, life).await.map_err(|_| Unsettled::NotKept)?;
        Ok(Settled::Staged)
    }

    async fn read(&self, body: Body, limit: usize) -> Result<Vec<u8>, ReadError> {
        self.executor.turn().await;
        self.trace.body_read_at.set(Some(self.executor.now()));
        if body.text.len() > limit {
            Err(ReadError::TooLong(limit))
        } else if let Some(bytes) = body.text.strip_prefix(BYTES) {
            Ok(bytes.chars().map(|byte| byte as u8).collect())
        } else {
            Ok(body.text.into_bytes())
        }
    }

    async fn gunzip(&self, _: &[u8], _: usize) -> Result<Vec<u8>, ReadError> {
        unimplemented!("no body in the simulator is packed")
    }
}

impl Cache for Sim {
    async fn cache_match(&self, slot: &Slot) -> Option<Document<Body>> {
        self.pass(self.cache.takes.get()).await;
        self.cache.matches.add();
        let now = self.executor.now();
        self.trace.looks_at(slot, now);
        let (metadata, body) = self.cache.held(slot, now)?;
        if metadata.starts_with('{') {
            self.trace.looked_at.set(Some(now));
        }
        Some(Document { metadata, body: Body::whole(&body) })
    }

    async fn cache_match_part(&self, slot: &Slot, first: u64, last: u64) -> Option<Body> {
        let whole = self.cache_match(slot).await?;
        Some(Body::whole(whole.body.text.get(first as usize..=last as usize)?))
    }

    async fn cache_bytes(&self, slot: &Slot) -> Option<Vec<u8>> {
        let whole = self.cache_match(slot).await?;
        self.read(whole.body, usize::MAX).await.ok()
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
            let looked_at = self.trace.last_look(slot).unwrap_or(now);
            self.cache.note_write(slot, self.trace.group, looked_at, now, &document.metadata);
        }
        self.cache.keep(slot, document, until);
        Ok(())
    }

    async fn cache_delete(&self, slot: &Slot) {
        self.pass(self.cache.takes.get()).await;
        if self.cache.holds_page(slot, self.executor.now()) {
            self.cache.deleted_by.borrow_mut().push(self.trace.group);
        }
        self.cache.forget(slot);
    }
}

impl Origin for Sim {
    async fn fetch(&self, request: Request<Body>) -> Result<Response<Body>, OriginError> {
        self.origin.answer(self, request).await
    }
}

impl Kv for Sim {
    type Namespace = Sim;

    fn raw_kv(&self) -> RawKv<Sim> {
        RawKv::new(self.clone())
    }
}

impl Journal for Sim {
    fn has_journal(&self) -> bool {
        self.journal.is_some()
    }

    fn journal_object_id(&self) -> Option<String> {
        Some(self.journal.as_ref()?.id())
    }

    async fn ask_journal(&self, request: &JournalRequest) -> Result<Vec<u8>, JournalError> {
        let journal = self.journal.clone().expect("a journal");
        journal.answer(request.to_string()).await
    }
}

impl Warmups for Sim {
    async fn ask_warmups(&self, request: String) -> Result<String, CoordinatorError> {
        self.executor.turn().await;
        let absent = || CoordinatorError::Other("no object".to_owned());
        self.warmups.as_ref().ok_or_else(absent)?.answer(&request)
    }
}

impl Coordinator for Sim {
    async fn coordinate(
        &self,
        shard: Shard,
        ask: &ShardRequest,
    ) -> Option<Result<LeaseReply, CoordinatorError>> {
        Some(self.coordinator.as_ref()?.answer(shard, ask).await)
    }
}
