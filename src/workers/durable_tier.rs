//! The durable tier: the KV namespace `PAGES`.
//!
//! A value is the length of the metadata in four bytes (big endian), the metadata, and the body. The
//! head stands in KV's own metadata of the key.

use std::time::Duration;

use js_sys::{ArrayBuffer, JSON, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::ReadableStream;

use super::body::Body;
use super::kv::{Namespace, error, options};
use super::runtime::Runtime;
use crate::durable::key::TierKey;
use crate::platform::kv::KvPage;
use crate::platform::kv_error::KvError;
use crate::platform::{Document, DurableTier};
use crate::policy::timing::KV_CACHE_TTL;

/// The most keys that KV lists at once.
const LISTED_MOST: u32 = 1000;
/// The bytes of the metadata's length.
const LENGTH: u32 = 4;

#[wasm_bindgen]
extern "C" {
    /// A KV namespace whose values are bytes.
    pub type Pages;
    #[wasm_bindgen(method, catch)]
    fn get(this: &Pages, key: &str, options: &Object) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = getWithMetadata)]
    fn get_with_metadata(this: &Pages, key: &str, options: &Object) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn put(
        this: &Pages,
        key: &str,
        value: &Uint8Array,
        options: &Object,
    ) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = delete)]
    fn delete_key(this: &Pages, key: &str) -> Result<Promise, JsValue>;
}

async fn done(call: Result<Promise, JsValue>) -> Result<JsValue, KvError> {
    JsFuture::from(call.map_err(error)?).await.map_err(error)
}

impl Runtime {
    fn pages(&self) -> Result<Pages, KvError> {
        let pages = self.bindings.pages().filter(JsValue::is_object);
        Ok(pages.ok_or_else(|| KvError::Other("PAGES is not bound".to_owned()))?.unchecked_into())
    }
}

fn read_options(kind: &str) -> Object {
    options(&[("type", kind.into()), ("cacheTtl", (KV_CACHE_TTL.as_secs() as u32).into())])
}

impl DurableTier for Runtime {
    fn has_tier(&self) -> bool {
        self.bindings.pages().is_some_and(|pages| pages.is_object())
    }

    async fn tier_read(&self, key: &TierKey) -> Result<Option<Document<Body>>, KvError> {
        let found = done(self.pages()?.get(key.as_str(), &read_options("arrayBuffer"))).await?;
        let bytes = found.dyn_ref::<ArrayBuffer>().map(|buffer| Uint8Array::new(buffer));
        Ok(bytes.and_then(|bytes| unpacked(&bytes)))
    }

    async fn tier_head(&self, key: &TierKey) -> Result<Option<String>, KvError> {
        let found =
            done(self.pages()?.get_with_metadata(key.as_str(), &read_options("stream"))).await?;
        let field = |name: &str| Reflect::get(&found, &name.into()).map_err(error);
        if let Ok(stream) = field("value")?.dyn_into::<ReadableStream>() {
            // Nobody reads the entry: a stream that cannot be cancelled ends by itself.
            let _ = JsFuture::from(stream.cancel()).await;
        }
        Ok(JSON::stringify(&field("metadata")?).ok().and_then(|head| head.as_string()))
    }

    async fn tier_write(
        &self,
        key: &TierKey,
        head: String,
        document: Document<Body>,
        life: Duration,
    ) -> Result<(), KvError> {
        let options = options(&[
            ("expirationTtl", (life.as_secs().max(60) as f64).into()),
            ("metadata", JSON::parse(&head).map_err(error)?),
        ]);
        done(self.pages()?.put(key.as_str(), &packed(&document), &options)).await.map(drop)
    }

    async fn tier_delete(&self, key: &TierKey) -> Result<(), KvError> {
        done(self.pages()?.delete_key(key.as_str())).await.map(drop)
    }

    async fn tier_list(&self, prefix: &str, cursor: Option<&str>) -> Result<KvPage, KvError> {
        let pages: Namespace = self.pages()?.unchecked_into();
        pages.list_page(prefix, cursor, LISTED_MOST).await
    }
}

fn packed(document: &Document<Body>) -> Uint8Array {
    let metadata = document.metadata.as_bytes();
    let length = metadata.len() as u32;
    let of_body = document.body.held().map_or(0, |body| body.length());
    let value = Uint8Array::new_with_length(LENGTH + length + of_body);
    value.subarray(0, LENGTH).copy_from(&length.to_be_bytes());
    value.subarray(LENGTH, LENGTH + length).copy_from(metadata);
    if let Some(body) = document.body.held() {
        value.set(body, LENGTH + length);
    }
    value
}

/// `None`: the value is damaged.
fn unpacked(value: &Uint8Array) -> Option<Document<Body>> {
    let length = value.subarray(0, LENGTH).to_vec().try_into().ok().map(u32::from_be_bytes)?;
    let body = LENGTH.checked_add(length).filter(|end| *end <= value.length())?;
    let metadata = String::from_utf8(value.subarray(LENGTH, body).to_vec()).ok()?;
    Some(Document { metadata, body: Body::Bytes(value.subarray(body, value.length())) })
}
