//! Workers KV: the binding `TAGS`.

use js_sys::{Array, JSON, Map, Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::js::described;
use super::runtime::Runtime;
use crate::platform::Kv;
use crate::platform::kv::{KvEntry, KvOperations, KvPage, RawKv};
use crate::platform::kv_error::KvError;
use crate::platform::kv_key::{KvKey, KvPrefix};
use crate::policy::timing::KV_CACHE_TTL;

#[wasm_bindgen]
extern "C" {
    /// A KV namespace.
    pub type Namespace;
    #[wasm_bindgen(method, catch)]
    fn get(this: &Namespace, keys: &Array, options: &Object) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn put(this: &Namespace, key: &str, value: &str, options: &Object) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = delete)]
    fn delete_key(this: &Namespace, key: &str) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = list)]
    fn list_keys(this: &Namespace, options: &Object) -> Result<Promise, JsValue>;
}

impl Kv for Runtime {
    type Namespace = Namespace;

    fn raw_kv(&self) -> RawKv<Namespace> {
        RawKv::new(self.bindings.tags())
    }
}

pub(super) fn error(cause: JsValue) -> KvError {
    KvError::classified(&described(&cause))
}

async fn done(call: Result<Promise, JsValue>) -> Result<JsValue, KvError> {
    JsFuture::from(call.map_err(error)?).await.map_err(error)
}

pub(super) fn options(pairs: &[(&str, JsValue)]) -> Object {
    let options = Object::new();
    for (name, value) in pairs {
        // Setting a property of a plain object cannot fail.
        let _ = Reflect::set(&options, &(*name).into(), value);
    }
    options
}

impl KvOperations for Namespace {
    async fn read(&self, keys: &[KvKey]) -> Result<Vec<Option<String>>, KvError> {
        let list: Array = keys.iter().map(|key| JsValue::from(key.as_str())).collect();
        let options = options(&[("cacheTtl", (KV_CACHE_TTL.as_secs() as u32).into())]);
        let values: Map = done(self.get(&list, &options)).await?.unchecked_into();
        Ok(list.iter().map(|key| values.get(&key).as_string()).collect())
    }

    async fn write(&self, key: &KvKey, entry: KvEntry) -> Result<(), KvError> {
        let life = JsValue::from(entry.life.as_secs().max(60) as f64);
        let mut pairs = vec![("expirationTtl", life)];
        if let Some(metadata) = entry.metadata {
            pairs.push(("metadata", JSON::parse(&metadata).map_err(error)?));
        }
        done(self.put(key.as_str(), &entry.value, &options(&pairs))).await.map(drop)
    }

    async fn delete(&self, key: &KvKey) -> Result<(), KvError> {
        done(self.delete_key(key.as_str())).await.map(drop)
    }

    async fn list(
        &self,
        prefix: &KvPrefix,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<KvPage, KvError> {
        self.list_page(prefix.as_str(), cursor, limit).await
    }
}

impl Namespace {
    pub(super) async fn list_page(
        &self,
        prefix: &str,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<KvPage, KvError> {
        let mut pairs = vec![("prefix", prefix.into()), ("limit", limit.into())];
        if let Some(cursor) = cursor {
            pairs.push(("cursor", cursor.into()));
        }
        let listed = done(self.list_keys(&options(&pairs))).await?;
        let field = |of: &JsValue, name: &str| Reflect::get(of, &name.into()).map_err(error);
        let keys: Array = field(&listed, "keys")?.unchecked_into();
        let mut page = KvPage { keys: Vec::new(), cursor: field(&listed, "cursor")?.as_string() };
        for key in keys.iter() {
            let name = field(&key, "name")?.as_string().unwrap_or_default();
            let metadata = JSON::stringify(&field(&key, "metadata")?).ok();
            page.keys.push((name, metadata.and_then(|text| text.as_string())));
        }
        page.cursor = page.cursor.filter(|cursor| !cursor.is_empty());
        Ok(page)
    }
}
