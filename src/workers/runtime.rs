//! [`Platform`] for one request of the Worker.

use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use futures::future::{Either, join, select};
use js_sys::{Date, Function, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use worker::{Context, Delay, console_log};

use crate::config::Config;
use crate::coordinator::shard::{Shard, ShardReply, ShardRequest};
use crate::isolate::Isolate;
use crate::platform::kv::RawKv;
use crate::platform::{
    CacheError, CoordinatorError, Document, OriginError, Platform, ReadError, Request, Response,
    Settled, Signal, Unsettled,
};
use crate::policy::key::Slot;
use crate::policy::time::Time;
use crate::workers::body::{self, Body, BodyRead, Settling};
use crate::workers::headers::Native;
use crate::workers::kv::{Bindings, Namespace};
use crate::workers::{cache, coordinator, origin};

#[derive(Clone)]
pub struct Runtime {
    pub config: Rc<Config>,
    pub isolate: Rc<Isolate>,
    pub context: Rc<Context>,
    pub bindings: Bindings,
    pub visitor: Rc<Native>,
}

impl Runtime {
    fn url(&self, slot: &Slot) -> String {
        slot.url(&self.config.control_prefix, self.config.cache_secret())
    }
}

impl Platform for Runtime {
    type Body = Body;
    type Kv = Namespace;
    type Settling = Settling;

    fn config(&self) -> &Config {
        &self.config
    }

    fn isolate(&self) -> &Isolate {
        &self.isolate
    }

    fn now(&self) -> Time {
        Time(Date::now() as i64)
    }

    fn random(&self) -> u64 {
        // Tokens must differ, not be secret: should the system's source fail, Math.random will do.
        getrandom::u64().unwrap_or_else(|_| js_sys::Math::random().to_bits())
    }

    fn log(&self, line: &str) {
        console_log!("edge-isr: {line}");
    }

    fn defer(&self, work: impl Future<Output = ()> + 'static) {
        self.context.wait_until(work);
    }

    async fn sleep(&self, duration: Duration) {
        Delay::from(duration).await;
    }

    fn signal(&self, limit: Duration) -> (Signal, impl Future<Output = ()> + use<>) {
        let mut resolver: Option<Function> = None;
        let promise = Promise::new(&mut |resolve, _| resolver = Some(resolve));
        let signal: Signal = Box::new(move || {
            if let Some(resolve) = resolver {
                // Resolving a promise does not throw.
                let _ = resolve.call0(&JsValue::NULL);
            }
        });
        let wait = async move {
            // A request that awaits only another's promise is ended by the runtime as hung: a
            // timer of its own is what keeps it.
            match select(JsFuture::from(promise), Delay::from(limit)).await {
                Either::Left(_) | Either::Right(_) => {}
            }
        };
        (signal, wait)
    }

    fn empty_body(&self) -> Body {
        Body::Empty
    }

    fn bytes_body(&self, bytes: Vec<u8>) -> Body {
        Body::bytes(&bytes)
    }

    fn tee(&self, body: Body) -> (Body, Settling) {
        body.tee()
    }

    async fn settle(
        &self,
        body: Settling,
        staging: &Slot,
        life: Duration,
    ) -> Result<Settled<Body>, Unsettled> {
        let (stream, clean) = match body::settle(body, self.config.origin_timeout).await? {
            BodyRead::Whole(body) => return Ok(Settled::Whole(body)),
            BodyRead::Longer { stream, clean } => (stream, clean),
        };
        let document = Document { head: "body".to_owned(), body: Body::of(Some(stream)) };
        let url = self.url(staging);
        // The put resolves for a body that broke off; what is written into it says so.
        let (put, clean) = join(cache::put(&url, document, life), clean).await;
        if put.is_ok() && clean.is_ok() {
            return Ok(Settled::Staged);
        }
        cache::delete(&url).await;
        Err(clean.err().unwrap_or(Unsettled::NotKept))
    }

    async fn read(&self, body: Body, limit: usize) -> Result<Vec<u8>, ReadError> {
        body::read(body, limit).await
    }

    async fn cache_match(&self, slot: &Slot) -> Option<Document<Body>> {
        cache::find(&self.url(slot)).await
    }

    async fn cache_match_part(&self, slot: &Slot, first: u64, last: u64) -> Option<Body> {
        cache::find_part(&self.url(slot), first, last).await
    }

    async fn cache_put(
        &self,
        slot: &Slot,
        document: Document<Body>,
        life: Duration,
    ) -> Result<(), CacheError> {
        cache::put(&self.url(slot), document, life).await
    }

    async fn cache_delete(&self, slot: &Slot) {
        cache::delete(&self.url(slot)).await;
    }

    async fn fetch(&self, request: Request<Body>) -> Result<Response<Body>, OriginError> {
        origin::fetch(request, &self.visitor, self.config.origin_timeout).await
    }

    fn raw_kv(&self) -> RawKv<Namespace> {
        RawKv::new(self.bindings.tags())
    }

    async fn coordinate(
        &self,
        shard: Shard,
        ask: &ShardRequest,
    ) -> Option<Result<ShardReply, CoordinatorError>> {
        coordinator::ask(&self.bindings, shard, ask).await
    }
}
