//! The Durable Object of the coordinator, of the purge journal and of warmups. An object is one of the
//! three: the URL of each request says which.
//!
//! A shell around [`Ledger`], [`JournalService`] and [`WarmupService`]: it carries text and bytes in and out, and rows
//! to and from the object's SQLite. The runtime sends a response only once the writes before it are
//! durable, and not at all if they fail. The class is written by hand. The `worker` crate's macro
//! would make it three times as large.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use js_sys::{Array, Date, Iterator, Math, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, future_to_promise, spawn_local};
use worker::{Delay, console_error};

use super::bindings::Bindings;
use super::journal;
use super::js::{described, ignore};
use super::kv::Namespace;
use super::response::new_response;
use super::warmups;
use crate::config;
use crate::coordinator::ledger::Ledger;
use crate::coordinator::shard::LeaseReply;
use crate::coordinator::wire;
use crate::journal::object::Terms;
use crate::journal::object::service::JournalService;
use crate::platform::journal_object::{ObjectRuntime, StorageError};
use crate::platform::rows::{RowChange, RowOrder, RowRange};
use crate::platform::warmups::WarmupRuntime;
use crate::platform::{Clock, CoordinatorError};
use crate::policy::time::Time;
use crate::warmup::WarmSettings;
use crate::warmup::service::WarmupService;

#[wasm_bindgen]
extern "C" {
    /// A Durable Object's state.
    #[derive(Clone)]
    pub type DurableObjectState;
    #[wasm_bindgen(method, getter)]
    fn id(this: &DurableObjectState) -> DurableObjectId;
    #[wasm_bindgen(method, getter)]
    fn storage(this: &DurableObjectState) -> Storage;

    /// The id of an object.
    pub type DurableObjectId;
    #[wasm_bindgen(method, js_name = toString)]
    fn text(this: &DurableObjectId) -> String;

    /// The storage of an object.
    pub type Storage;
    #[wasm_bindgen(method, getter)]
    fn kv(this: &Storage) -> Rows;
    #[wasm_bindgen(method, catch, js_name = transactionSync)]
    fn transaction_sync(
        this: &Storage,
        work: &mut dyn FnMut() -> Result<(), JsValue>,
    ) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch, js_name = setAlarm)]
    fn set_alarm(this: &Storage, at: f64) -> Result<Promise, JsValue>;

    /// The synchronous key-value interface of an object with SQLite.
    pub type Rows;
    #[wasm_bindgen(method, catch)]
    fn list(this: &Rows, options: &Object) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn put(this: &Rows, key: &str, value: &str) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn delete(this: &Rows, key: &str) -> Result<bool, JsValue>;
}

/// One shard of the coordinator, or the purge journal.
#[wasm_bindgen]
pub struct Coordinator {
    shard: Rc<StoredShard>,
    journal: Rc<JournalService<Stored>>,
    warmups: Rc<WarmupService<Stored>>,
}

/// A shard with its rows.
struct StoredShard {
    stored: Stored,
    ledger: RefCell<Option<Ledger>>,
}

#[wasm_bindgen]
impl Coordinator {
    /// Makes the object when the runtime starts it.
    #[wasm_bindgen(constructor)]
    pub fn new(state: DurableObjectState, bindings: Bindings) -> Coordinator {
        let stored = Stored { state, bindings };
        let journal = Rc::new(JournalService::new(stored.clone()));
        let warmups = Rc::new(WarmupService::new(stored.clone()));
        let shard = Rc::new(StoredShard { stored, ledger: RefCell::default() });
        Coordinator { shard, journal, warmups }
    }

    /// Responds to one request. Only this Worker can send one.
    pub fn fetch(&self, request: web_sys::Request) -> Promise {
        let (shard, journal) = (self.shard.clone(), self.journal.clone());
        let warmup_jobs = self.warmups.clone();
        future_to_promise(async move {
            let text = JsFuture::from(request.text()?).await?.as_string().unwrap_or_default();
            let body = if request.url() == journal::URL {
                let bytes = journal.answer(&text).await.map_err(|error| error.to_string())?;
                Uint8Array::from(&bytes[..]).into()
            } else if request.url() == warmups::URL {
                let reply = warmup_jobs.answer(&text).map_err(|error| error.to_string())?;
                reply.to_text().into()
            } else {
                let reply = shard.answer(&text);
                reply.inspect_err(|_| drop(shard.ledger.take()))?.to_string().into()
            };
            Ok(new_response(&body, &Object::new())?.into())
        })
    }

    /// Handles the alarm that the journal or the warmups have set.
    pub fn alarm(&self) -> Promise {
        let (journal, warmups) = (self.journal.clone(), self.warmups.clone());
        future_to_promise(async move {
            let is_of_warmups = warmups.is_this().map_err(|error| error.to_string())?;
            let rung = if is_of_warmups { warmups.alarm().await } else { journal.alarm().await };
            rung.map_err(|error| error.to_string())?;
            Ok(JsValue::UNDEFINED)
        })
    }
}

const OTHER_VERSION: &str = "the request is in the format of another version";

impl StoredShard {
    // No await from here on: no other request interleaves.
    fn answer(&self, text: &str) -> Result<LeaseReply, JsValue> {
        let ask = wire::parse_request(text).ok_or(OTHER_VERSION)?;
        let now = Time(Date::now() as i64);
        let failed = |error: StorageError| JsValue::from(error.to_string());
        let mut ledger = self.ledger.borrow_mut();
        if ledger.is_none() {
            let rows = self.stored.rows(RowRange::ALL).map_err(failed)?;
            let (restored, expired) = Ledger::restored(rows, now);
            self.stored.write(expired).map_err(failed)?;
            *ledger = Some(restored);
        }
        // The ledger was created above.
        let (answer, changes) = ledger.as_mut().expect("a ledger").answer(ask, now);
        self.stored.write(changes).map_err(failed)?;
        Ok(answer)
    }
}

/// The runtime of an object: its rows, its alarm and KV.
#[derive(Clone)]
struct Stored {
    state: DurableObjectState,
    bindings: Bindings,
}

impl Clock for Stored {
    fn now(&self) -> Time {
        Time(Date::now() as i64)
    }

    async fn sleep(&self, duration: Duration) {
        Delay::from(duration).await;
    }

    fn random(&self) -> u64 {
        getrandom::u64().unwrap_or_else(|_| Math::random().to_bits())
    }
}

impl ObjectRuntime for Stored {
    type Namespace = Namespace;

    fn kv(&self) -> Namespace {
        self.bindings.tags()
    }

    fn id(&self) -> String {
        self.state.id().text()
    }

    fn terms(&self) -> Terms {
        // The Worker refuses a wrong setting before it sends a request.
        let plan = config::account_plan(&|_| self.bindings.plan()).unwrap_or_default();
        Terms { plan, ..Terms::default() }
    }

    fn rows(&self, range: RowRange<'_>) -> Result<Vec<(String, String)>, StorageError> {
        let options = options_of(range).map_err(failed)?;
        let rows: Iterator = self.rows_by_key().list(&options).map_err(failed)?.unchecked_into();
        let text = |value: JsValue| value.as_string().unwrap_or_default();
        let row = |row: JsValue| {
            let row: Array = row.unchecked_into();
            (text(row.get(0)), text(row.get(1)))
        };
        let mut read = Vec::new();
        loop {
            let next = rows.next().map_err(failed)?;
            if next.done() {
                return Ok(read);
            }
            read.push(row(next.value()));
        }
    }

    fn write(&self, changes: Vec<RowChange>) -> Result<(), StorageError> {
        if changes.is_empty() {
            return Ok(());
        }
        let rows = self.rows_by_key();
        let mut write = || {
            changes.iter().try_for_each(|change| match change {
                RowChange::Put { key, value } => rows.put(key, value),
                RowChange::Delete { key } => rows.delete(key).map(drop),
            })
        };
        self.state.storage().transaction_sync(&mut write).map_err(failed)
    }

    fn defer(&self, work: impl Future<Output = ()> + 'static) {
        spawn_local(work);
    }

    fn set_alarm(&self, at: Time) -> Result<(), StorageError> {
        let set = self.state.storage().set_alarm(at.0 as f64).map_err(failed)?;
        // The runtime makes it durable before the next response leaves the object.
        ignore(&set);
        Ok(())
    }

    fn log(&self, line: &str) {
        console_error!("edge-isr: {line}");
    }
}

impl WarmupRuntime for Stored {
    fn settings(&self) -> WarmSettings {
        // The Worker refuses a wrong setting before it sends a request.
        let config = super::request::config(self.bindings.unchecked_ref());
        config.map_or(WarmSettings::LEAST, |config| config.warm)
    }

    fn has_tier(&self) -> bool {
        self.bindings.pages().is_some_and(|pages| pages.is_object())
    }

    async fn call_worker(&self, ask: String) -> Result<String, CoordinatorError> {
        warmups::call_worker(&self.state, ask).await
    }
}

impl Stored {
    fn rows_by_key(&self) -> Rows {
        self.state.storage().kv()
    }
}

/// Returns the options of a `list`.
fn options_of(range: RowRange<'_>) -> Result<Object, JsValue> {
    let options = Object::new();
    let set = |name: &str, value: JsValue| Reflect::set(&options, &name.into(), &value).map(drop);
    if !range.from.is_empty() {
        set("start", range.from.into())?;
    }
    if !range.to.is_empty() {
        set("end", range.to.into())?;
    }
    if let Some(most) = range.most {
        set("limit", (most as f64).into())?;
    }
    set("reverse", (range.order == RowOrder::Descending).into())?;
    Ok(options)
}

fn failed(cause: JsValue) -> StorageError {
    StorageError(described(&cause))
}
