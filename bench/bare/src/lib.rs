//! The least that a caching Worker in Rust can do: hand back what `caches.default.match` gave.
//!
//! It takes and returns the runtime's own objects, as edge-isr does, so the measure is strict:
//! `worker::Cache` and `worker::Response` convert on the way and cost more.

use js_sys::{Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Request, Response};
use worker::{Context, Env, Result, event};

#[wasm_bindgen]
extern "C" {
    type CacheStorage;
    #[wasm_bindgen(thread_local_v2, js_name = caches)]
    static CACHES: CacheStorage;
    #[wasm_bindgen(method, getter, js_name = default)]
    fn default_cache(this: &CacheStorage) -> Cache;

    type Cache;
    #[wasm_bindgen(method, catch, js_name = match)]
    fn match_url(this: &Cache, url: &str) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn put(
        this: &Cache,
        url: &str,
        response: &Response,
    ) -> std::result::Result<Promise, JsValue>;

    #[wasm_bindgen(catch, js_name = fetch)]
    fn fetch_url(url: &str) -> std::result::Result<Promise, JsValue>;
}

#[event(fetch)]
async fn fetch(request: Request, env: Env, _: Context) -> Result<Response> {
    let url = request.url();
    let cache = CACHES.with(CacheStorage::default_cache);
    let found = JsFuture::from(cache.match_url(&url)?).await?;
    match found.dyn_into() {
        Ok(response) => Ok(response),
        Err(_) => Ok(fill(&cache, &url, &env).await?),
    }
}

/// Only the first request of a run comes here.
async fn fill(cache: &Cache, url: &str, env: &Env) -> std::result::Result<Response, JsValue> {
    let origin = Reflect::get(env, &"ORIGIN".into())?.as_string().unwrap_or_default();
    let path = path_of(url);
    let response: Response =
        JsFuture::from(fetch_url(&format!("{origin}{path}"))?).await?.unchecked_into();
    JsFuture::from(cache.put(url, &response.clone()?)?).await?;
    Ok(response)
}

fn path_of(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    url[host..].find('/').map_or("/", |at| &url[host + at..])
}
