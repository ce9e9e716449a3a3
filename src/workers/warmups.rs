//! Warmups: the way to their object, and what it asks of the Worker.
//!
//! The object calls the Worker through a binding that the runtime makes (`ctx.exports`). Each call has
//! limits of its own, for CPU time and requests. `ctx.props` tells these calls from visitors' requests:
//! no visitor can set it.

use std::rc::Rc;

use js_sys::{Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use worker::{Context, Env, worker_sys};

use super::bindings::Bindings;
use super::coordinator::send;
use super::coordinator_object::DurableObjectState;
use super::headers::Native;
use super::js::described;
use super::request::{ISOLATE, config};
use super::runtime::Runtime;
use crate::config::Config;
use crate::control::purge::PurgeSelectors;
use crate::control::warm::{self, Wanted};
use crate::platform::{CoordinatorError, Warmups};
use crate::policy::key::CacheKey;
use crate::warmup::ask::{Ask, End, Reply};
use crate::warmup::page;

/// The name of the object.
const OBJECT: &str = "warmups";
/// The URL that tells an object of the coordinator's class which of its tasks is meant.
pub const URL: &str = "https://coordinator/warmups";
/// The URL at which the object calls the Worker. A visitor may ask for it too, without the props.
pub const WORKER_URL: &str = "https://warmups.edge-isr.internal/";
/// The property of `ctx.props` in such a call.
const PROPERTY: &str = "warms";

#[wasm_bindgen]
extern "C" {
    type Exports;
    #[wasm_bindgen(method, catch, js_name = default)]
    fn worker(this: &Exports, options: &Object) -> Result<Worker, JsValue>;
    type Worker;
    #[wasm_bindgen(method, catch)]
    fn fetch(this: &Worker, url: &str, init: &Object) -> Result<Promise, JsValue>;
}

fn other(cause: JsValue) -> CoordinatorError {
    CoordinatorError::Other(described(&cause))
}

impl Warmups for Runtime {
    async fn ask_warmups(&self, request: String) -> Result<String, CoordinatorError> {
        let objects = self.bindings.coordinator().unwrap_or(JsValue::UNDEFINED);
        let response = send(objects.unchecked_ref(), OBJECT, URL, &request).await.map_err(other)?;
        text(response).await.map_err(other)
    }
}

async fn text(response: web_sys::Response) -> Result<String, JsValue> {
    if !response.ok() {
        return Err(format!("it answered {}", response.status()).into());
    }
    Ok(JsFuture::from(response.text()?).await?.as_string().unwrap_or_default())
}

/// Calls the Worker from the object. Returns its reply.
pub async fn call_worker(
    state: &DurableObjectState,
    ask: String,
) -> Result<String, CoordinatorError> {
    try_call(state, ask).await.map_err(other)
}

async fn try_call(state: &DurableObjectState, ask: String) -> Result<String, JsValue> {
    let options = of(&[("props", of(&[(PROPERTY, JsValue::TRUE)])?.into())])?;
    let exports: Exports = Reflect::get(state, &"exports".into())?.unchecked_into();
    let init = of(&[("method", "POST".into()), ("body", ask.into())])?;
    let response = JsFuture::from(exports.worker(&options)?.fetch(WORKER_URL, &init)?).await?;
    text(response.unchecked_into()).await
}

fn of(properties: &[(&str, JsValue)]) -> Result<Object, JsValue> {
    let object = Object::new();
    for (name, value) in properties {
        Reflect::set(&object, &(*name).into(), value)?;
    }
    Ok(object)
}

/// Tells whether a request to [`WORKER_URL`] is a call of the object.
pub fn is_call(context: &Context) -> bool {
    let context: &worker_sys::Context = context.as_ref();
    let props = context.props();
    Reflect::get(&props, &PROPERTY.into()).is_ok_and(|warms| warms.is_truthy())
}

/// Does what the object asks of the Worker. Returns the reply.
pub async fn answer(
    request: web_sys::Request,
    config: Rc<Config>,
    env: Env,
    context: Context,
) -> String {
    let text = match request.text() {
        Ok(text) => JsFuture::from(text).await.ok().and_then(|text| text.as_string()),
        Err(_) => None,
    };
    let reply = match text.and_then(|text| Ask::of_text(&text)) {
        Some(ask) => {
            let visitor = Native::of_request(&request, "");
            page::answer(runtime(config.clone(), env, context, visitor), config, ask).await
        }
        None => Reply::because(End::Failed, "the object runs another version"),
    };
    reply.to_text()
}

fn runtime(config: Rc<Config>, env: Env, context: Context, visitor: Native) -> Runtime {
    let isolate = ISOLATE.with(Rc::clone);
    let bindings: Bindings = env.unchecked_into();
    let has_journal = super::journal::is_bound(&bindings);
    let (context, visitor) = (Rc::new(context), Rc::new(visitor));
    Runtime { config, isolate, context, bindings, has_journal, visitor }
}

/// Starts the job of a cron trigger.
pub async fn on_schedule(env: Env, context: Context) -> JsValue {
    let Ok(config) = config(&env) else { return JsValue::UNDEFINED };
    let (sitemaps, everything) = (config.warm_sitemaps.clone(), config.warm_stored);
    if sitemaps.is_empty() && !everything {
        worker::console_log!(
            "edge-isr: the cron trigger fired, but neither WARM_SITEMAPS nor WARM_STORED is set"
        );
        return JsValue::UNDEFINED;
    }
    // Without HOSTS, the host of the first sitemap is served.
    let first = sitemaps.first().and_then(|url| CacheKey::parse(url).ok());
    if first.is_none() && config.hosts.is_empty() {
        worker::console_log!("edge-isr: WARM_STORED needs the setting HOSTS, or WARM_SITEMAPS");
        return JsValue::UNDEFINED;
    }
    if let Ok(request) = web_sys::Request::new_with_str(WORKER_URL) {
        let runtime = runtime(config, env, context, Native::of_request(&request, ""));
        let selectors = PurgeSelectors { everything, ..PurgeSelectors::default() };
        let wanted = Wanted { sitemaps, selectors };
        warm::on_schedule(&runtime, wanted, first.as_ref().map_or("", CacheKey::host)).await;
    }
    JsValue::UNDEFINED
}
