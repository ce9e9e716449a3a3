//! The coordinator's Durable Object.
//!
//! A shell around [`Ledger`]: it carries text in and out, and rows to and from the object's SQLite.
//! The runtime sends a response only once the writes before it are durable, and not at all if they
//! fail. The class is written by hand. The `worker` crate's macro would make it three times as
//! large.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Array, Date, Iterator, Object, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, future_to_promise};

use super::response::new_response;
use crate::coordinator::ledger::{Ledger, RowChange};
use crate::coordinator::shard::{ShardReply, ShardRequest};
use crate::coordinator::wire;
use crate::policy::time::Time;

#[wasm_bindgen]
extern "C" {
    /// A Durable Object's state.
    pub type DurableObjectState;
    #[wasm_bindgen(method, getter)]
    fn storage(this: &DurableObjectState) -> Storage;
    /// The storage of an object.
    pub type Storage;
    #[wasm_bindgen(method, getter)]
    fn kv(this: &Storage) -> Rows;

    /// The synchronous key-value interface of an object with SQLite.
    pub type Rows;
    #[wasm_bindgen(method, catch)]
    fn list(this: &Rows) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn put(this: &Rows, key: &str, value: &str) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn delete(this: &Rows, key: &str) -> Result<bool, JsValue>;
}

/// One shard of the coordinator.
#[wasm_bindgen]
pub struct Coordinator {
    shard: Rc<ShardObject>,
}

struct ShardObject {
    rows: Rows,
    ledger: RefCell<Option<Ledger>>,
}

#[wasm_bindgen]
impl Coordinator {
    /// Makes the shard when the runtime starts the object.
    #[wasm_bindgen(constructor)]
    pub fn new(state: DurableObjectState) -> Coordinator {
        let shard = ShardObject { rows: state.storage().kv(), ledger: RefCell::default() };
        Coordinator { shard: Rc::new(shard) }
    }

    /// Responds to one request. Only this Worker can send one.
    pub fn fetch(&self, request: web_sys::Request) -> Promise {
        let shard = self.shard.clone();
        future_to_promise(async move {
            let text = JsFuture::from(request.text()?).await?.as_string().unwrap_or_default();
            let ask = wire::parse_request(&text)
                .ok_or("the request is in the format of another version")?;
            let answer = shard.answer(ask).inspect_err(|_| drop(shard.ledger.take()))?;
            Ok(new_response(&answer.to_string().into(), &Object::new())?.into())
        })
    }
}

impl ShardObject {
    /// Makes the response to a request. It has no await, so no other request can interleave.
    fn answer(&self, ask: ShardRequest) -> Result<ShardReply, JsValue> {
        let now = Time(Date::now() as i64);
        let mut ledger = self.ledger.borrow_mut();
        if ledger.is_none() {
            let (restored, expired) = Ledger::restored(self.read()?, now);
            self.write(expired)?;
            *ledger = Some(restored);
        }
        // The ledger was created above.
        let (answer, changes) = ledger.as_mut().expect("a ledger").answer(ask, now);
        self.write(changes)?;
        Ok(answer)
    }

    fn read(&self) -> Result<Vec<(String, String)>, JsValue> {
        let rows: Iterator = self.rows.list()?.unchecked_into();
        let text = |value: JsValue| value.as_string().unwrap_or_default();
        let row = |row: JsValue| {
            let row: Array = row.unchecked_into();
            (text(row.get(0)), text(row.get(1)))
        };
        let mut read = Vec::new();
        loop {
            let next = rows.next()?;
            if next.done() {
                return Ok(read);
            }
            read.push(row(next.value()));
        }
    }

    fn write(&self, changes: Vec<RowChange>) -> Result<(), JsValue> {
        for change in changes {
            match change {
                RowChange::Put { key, value } => self.rows.put(&key, &value)?,
                RowChange::Delete { key } => drop(self.rows.delete(&key)?),
            }
        }
        Ok(())
    }
}
