//! The way to the coordinator's shards: the binding `COORDINATOR`.

use js_sys::{Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::js::described;
use super::runtime::Runtime;
use crate::coordinator::shard::{LeaseReply, Shard, ShardRequest};
use crate::coordinator::wire;
use crate::platform::{Coordinator, CoordinatorError};

#[wasm_bindgen]
extern "C" {
    /// The objects of a class.
    pub(super) type Objects;
    #[wasm_bindgen(method, catch, js_name = idFromName)]
    fn id_from_name(this: &Objects, name: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn get(this: &Objects, id: &JsValue) -> Result<Stub, JsValue>;
    type ObjectId;
    #[wasm_bindgen(method, js_name = toString)]
    fn text(this: &ObjectId) -> JsValue;
    type Stub;
    #[wasm_bindgen(method, catch)]
    fn fetch(this: &Stub, url: &str, init: &Object) -> Result<Promise, JsValue>;
}

impl Coordinator for Runtime {
    async fn coordinate(
        &self,
        shard: Shard,
        ask: &ShardRequest,
    ) -> Option<Result<LeaseReply, CoordinatorError>> {
        if !self.config.world_leases {
            return None;
        }
        let objects = self.bindings.coordinator().filter(|objects| objects.is_object())?;
        let answer = try_ask(objects.unchecked_ref(), shard, ask).await;
        Some(answer.map_err(|cause| CoordinatorError::Other(described(&cause))))
    }
}

/// Returns the id of the object of a name.
pub(super) fn object_id(objects: &Objects, name: &str) -> Result<JsValue, JsValue> {
    Ok(objects.id_from_name(name)?.unchecked_ref::<ObjectId>().text())
}

/// Sends a request to the object of a name.
pub(super) async fn send(
    objects: &Objects,
    name: &str,
    url: &str,
    text: &str,
) -> Result<web_sys::Response, JsValue> {
    let stub = objects.get(&objects.id_from_name(name)?)?;
    let init = Object::new();
    Reflect::set(&init, &"method".into(), &"POST".into())?;
    Reflect::set(&init, &"body".into(), &text.into())?;
    let response = JsFuture::from(stub.fetch(url, &init)?).await?;
    Ok(response.unchecked_into())
}

async fn try_ask(
    objects: &Objects,
    shard: Shard,
    ask: &ShardRequest,
) -> Result<LeaseReply, JsValue> {
    let name = shard.to_string();
    let response = send(objects, &name, "https://coordinator/", &ask.to_string()).await?;
    let text = JsFuture::from(response.text()?).await?.as_string();
    wire::parse_reply(&text.unwrap_or_default())
        .ok_or_else(|| "the shard replied in the format of another version".into())
}
