//! This data centre's cache, over the Cache API.
//!
//! The API silently keeps nothing for many statuses and for `private`, `no-store` and `max-age=0`.
//! So every response is stored as a 200 with the edge's own `Cache-Control`. One field holds the
//! metadata.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use js_sys::{Array, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::ReadableStream;

use super::body::Body;
use super::js::promise::wake_at_once;
use super::js::{combined, described};
use super::response::new_response;
use super::runtime::Runtime;
use crate::platform::{self, CacheError, Document};
use crate::policy::key::Slot;

/// The field that holds the metadata.
const METADATA: &str = "edge-isr";

#[wasm_bindgen]
extern "C" {
    type CacheStorage;
    #[wasm_bindgen(thread_local_v2, js_name = caches)]
    static CACHES: CacheStorage;
    #[wasm_bindgen(method, getter, js_name = default)]
    fn default_cache(this: &CacheStorage) -> Cache;

    #[wasm_bindgen(js_name = Request)]
    type JsRequest;
    #[wasm_bindgen(constructor, catch, js_class = "Request")]
    fn new(url: &str, init: &Object) -> Result<JsRequest, JsValue>;

    type Cache;
    #[wasm_bindgen(method, catch, js_name = match)]
    fn match_request(this: &Cache, request: &JsRequest) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn put(this: &Cache, url: &str, response: &web_sys::Response) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn delete(this: &Cache, url: &str) -> Result<Promise, JsValue>;
}

fn cache() -> Cache {
    CACHES.with(CacheStorage::default_cache)
}

impl platform::Cache for Runtime {
    async fn cache_match(&self, slot: &Slot) -> Option<Document<Body>> {
        find(&self.url(slot)).await
    }

    async fn cache_match_part(&self, slot: &Slot, first: u64, last: u64) -> Option<Body> {
        find_part(&self.url(slot), first, last).await
    }

    async fn cache_bytes(&self, slot: &Slot) -> Option<Vec<u8>> {
        let found = matched(&self.url(slot), &Object::new()).await?;
        let bytes = JsFuture::from(found.array_buffer().ok()?).await.ok()?;
        Some(Uint8Array::new(&bytes).to_vec())
    }

    async fn cache_put(
        &self,
        slot: &Slot,
        document: Document<Body>,
        life: Duration,
    ) -> Result<(), CacheError> {
        let put = put(&self.url(slot), document, life).await;
        put.map_err(|cause| CacheError(described(&cause)))
    }

    async fn cache_delete(&self, slot: &Slot) {
        if let Ok(deleted) = cache().delete(&self.url(slot)) {
            // A document that cannot be deleted expires at the end of its life.
            let _ = JsFuture::from(deleted).await;
        }
    }
}

impl Runtime {
    fn url(&self, slot: &Slot) -> String {
        let url = |slot: &Slot| slot.url(&self.config.control_prefix, self.config.cache_secret());
        self.isolate.slot_urls.of(slot, url)
    }
}

/// The result of a lookup, once it has come, and the task that awaits it.
#[derive(Default)]
struct Lookup {
    found: Option<(Option<String>, Body)>,
    waiting: Option<Waker>,
}

async fn find(url: &str) -> Option<Document<Body>> {
    let lookup = Rc::<RefCell<Lookup>>::default();
    let theirs = lookup.clone();
    let arrived =
        Closure::once_into_js(move |metadata: Option<String>, body: Option<ReadableStream>| {
            let mut lookup = theirs.borrow_mut();
            lookup.found = Some((metadata, Body::of(body)));
            let waiting = lookup.waiting.take();
            drop(lookup);
            wake_at_once(|| waiting.into_iter().for_each(Waker::wake));
        });
    combined::find(url, METADATA, arrived.unchecked_ref());
    let (metadata, body) = poll_fn(|context| {
        let mut lookup = lookup.borrow_mut();
        lookup.waiting = Some(context.waker().clone());
        lookup.found.take().map_or(Poll::Pending, Poll::Ready)
    })
    .await;
    Some(Document { metadata: metadata?, body })
}

/// Reads a part of a body. The Cache API handles `Range` itself, with a 206 where it can.
async fn find_part(url: &str, first: u64, last: u64) -> Option<Body> {
    let init = Object::new();
    let range = Array::of2(&"range".into(), &format!("bytes={first}-{last}").into());
    Reflect::set(&init, &"headers".into(), &Array::of1(&range)).ok()?;
    let found = matched(url, &init).await?;
    let body = Body::of(found.body());
    (found.status() == 206).then_some(body)
}

async fn matched(url: &str, init: &Object) -> Option<web_sys::Response> {
    let request = JsRequest::new(url, init).ok()?;
    let found = JsFuture::from(cache().match_request(&request).ok()?).await.ok()?;
    found.dyn_into().ok()
}

async fn put(url: &str, document: Document<Body>, life: Duration) -> Result<(), JsValue> {
    let seconds = life.as_secs().max(1);
    let fields = [("cache-control", format!("max-age={seconds}")), (METADATA, document.metadata)];
    let pairs: Array = fields
        .iter()
        .map(|(name, value)| Array::of2(&(*name).into(), &value.as_str().into()))
        .collect();
    let init = Object::new();
    Reflect::set(&init, &"headers".into(), &pairs)?;
    let response = new_response(&document.body.into_js(), &init)?;
    JsFuture::from(cache().put(url, &response)?).await?;
    Ok(())
}
