//! Conversion of the runtime's request to a [`Visit`], and of the response to the runtime's own.

use std::cell::RefCell;
use std::rc::Rc;

use futures::FutureExt;
use http::{HeaderMap, Method, StatusCode};
use js_sys::{JSON, Object, Reflect};
use wasm_bindgen::JsCast;
use worker::{Context, Env, console_error, console_log};

use super::bindings::Bindings;
use super::body::Body;
use super::headers::Native;
use super::journal::is_bound;
use super::js::{combined, described};
use super::response::to_js_response;
use super::runtime::Runtime;
use super::warmups::{self, WORKER_URL, is_call};
use crate::config::{Config, ConfigError, names};
use crate::edge;
use crate::fields::cache_status::Detail;
use crate::fields::request::RequestFields;
use crate::isolate::Isolate;
use crate::page::answer::own_problem_response;
use crate::page::hit::Answer;
use crate::page::visit::Visit;
use crate::platform::Response;
use crate::policy::key::{CacheKey, resolved_url};

thread_local! {
    pub(super) static ISOLATE: Rc<Isolate> = Rc::default();
    static CONFIG: RefCell<Option<Result<Rc<Config>, ConfigError>>> = const { RefCell::new(None) };
}

/// Makes the response to one request of the runtime.
pub async fn respond(request: web_sys::Request, env: Env, context: Context) -> web_sys::Response {
    let response = match config(&env) {
        Ok(config) => answer(request, config, env, context).await,
        Err(error) => {
            let title = "The edge is not configured";
            // The setting's value stays hidden from visitors.
            let said =
                format!("The setting {} is wrong. The Worker's log says why.", error.setting);
            refuse(Detail::Settings, StatusCode::INTERNAL_SERVER_ERROR, title, &said)
        }
    };
    to_js_response(response).unwrap_or_else(|cause| {
        console_error!("edge-isr: {}", described(&cause));
        unmade_response()
    })
}

async fn answer(
    request: web_sys::Request,
    config: Rc<Config>,
    env: Env,
    context: Context,
) -> Answer<Body> {
    // Without ORIGIN, the zone itself serves the page if the Worker fails. With ORIGIN, the zone
    // has other content.
    if config.origin.is_none() {
        context.pass_through_on_exception();
    }
    let text = combined::request_text(&request);
    let mut lines = text.splitn(3, '\n');
    let (method, url, names) = (lines.next(), lines.next(), lines.next());
    if url == Some(WORKER_URL) && is_call(&context) {
        let reply = warmups::answer(request, config, env, context).boxed_local().await;
        let body = Body::bytes(reply.as_bytes());
        return Response::new(StatusCode::OK, HeaderMap::new(), body).into();
    }
    let url = resolved_url(url.unwrap_or_default());
    let key = match CacheKey::parse(&url) {
        Ok(key) => key,
        Err(error) => return unreadable("The URL cannot be read", &format!("{error}.")),
    };
    let Ok(method) = method.unwrap_or_default().parse::<Method>() else {
        return unreadable("The method cannot be read", "A method is a token (RFC 9110 §9.1).");
    };
    let visitor = Rc::new(Native::of_request(&request, names.unwrap_or_default()));
    if config.origin.is_none() && !is_of_a_zone(&visitor, key.host()) {
        let detail = "Set ORIGIN to where the pages come from. Without it the edge forwards a request \
                      to its own URL, which is right on a route of a Cloudflare zone only.";
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        return refuse(Detail::NoOrigin, status, "The edge has no origin", detail);
    }
    let visit = Visit::new(method, url, key, visitor.clone(), config.clone());
    let has_body = !matches!(visit.method, Method::GET | Method::HEAD);
    let body = has_body.then(|| Body::of(request.body()));
    let isolate = ISOLATE.with(Rc::clone);
    let bindings: Bindings = env.unchecked_into();
    let has_journal = is_bound(&bindings);
    let context = Rc::new(context);
    let runtime = Runtime { config, isolate, context, bindings, has_journal, visitor };
    edge::handle(runtime, visit, body).await
}

/// Tells whether a request came through Cloudflare to a host that can be a zone's. Elsewhere,
/// `Host` could select any service that this machine can reach.
fn is_of_a_zone(request: &Native, host: &str) -> bool {
    let name = host.split(':').next().unwrap_or("");
    let is_name = name.contains('.') && name.bytes().any(|byte| byte.is_ascii_alphabetic());
    let is_public = ![".local", ".localhost", ".internal"].iter().any(|end| name.ends_with(end));
    is_name && is_public && request.has("cf-ray")
}

/// Makes the response for one that the runtime refuses to make.
fn unmade_response() -> web_sys::Response {
    let detail = "The runtime could not make the response. The Worker's log says why.";
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    let problem = refuse(Detail::Internal, status, "Internal error", detail);
    to_js_response(problem).unwrap_or_else(|_| web_sys::Response::error())
}

fn unreadable(title: &str, detail: &str) -> Answer<Body> {
    refuse(Detail::UrlUnreadable, StatusCode::BAD_REQUEST, title, detail)
}

fn refuse(why: Detail, status: StatusCode, title: &str, detail: &str) -> Answer<Body> {
    own_problem_response(why, status, title, detail, |bytes| Body::bytes(&bytes)).into()
}

/// Returns the settings. They are read once in each isolate.
pub(super) fn config(env: &Env) -> Result<Rc<Config>, ConfigError> {
    CONFIG.with(|known| known.borrow_mut().get_or_insert_with(|| read_config(env)).clone())
}

fn read_config(env: &Env) -> Result<Rc<Config>, ConfigError> {
    let config = checked_config(env);
    // With wrong rules, requests are served without the cache.
    let of_rules = config.as_ref().map(|config| config.rules.as_ref().err());
    if let Some(error) = of_rules.unwrap_or_else(Some) {
        console_error!("edge-isr: {error}");
    }
    config.map(Rc::new)
}

fn checked_config(env: &Env) -> Result<Config, ConfigError> {
    let others = names::check(names_of(env))?;
    let config = Config::read(&|name| setting(env, name))?;
    if !has_namespace(env) {
        return Err(no_namespace());
    }
    if !others.is_empty() {
        console_log!(
            "edge-isr: these variables are no settings of the edge: {}",
            others.join(", ")
        );
    }
    Ok(config)
}

/// Returns the names of all variables and bindings of the Worker.
fn names_of(env: &Env) -> Vec<String> {
    let names = Object::keys(env.unchecked_ref::<Object>());
    names.iter().filter_map(|name| name.as_string()).collect()
}

fn no_namespace() -> ConfigError {
    let reason = "is not bound: add [[kv_namespaces]] with binding = \"TAGS\" to wrangler.toml; \
                  wrangler makes the namespace when it deploys";
    ConfigError { setting: "TAGS", reason: reason.to_owned() }
}

fn has_namespace(env: &Env) -> bool {
    Reflect::get(env, &"TAGS".into()).is_ok_and(|binding| binding.is_object())
}

/// Returns a setting's text. Numbers, booleans, lists and tables of wrangler.toml become JSON.
fn setting(env: &Env, name: &str) -> Option<String> {
    let value = Reflect::get(env, &name.into()).ok()?;
    if value.is_undefined() || value.is_null() {
        return None;
    }
    let text = value.as_string().or_else(|| JSON::stringify(&value).ok()?.as_string())?;
    Some(text).filter(|text| !text.trim().is_empty())
}
