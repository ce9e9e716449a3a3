//! The way to the coordinator's shards: the binding `COORDINATOR`.

use js_sys::{Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::js::described;
use super::runtime::Runtime;
use crate::coordinator::shard::{Shard, ShardReply, ShardRequest};
use crate::coordinator::wire;
use crate::platform::{Coordinator, CoordinatorError};

#[wasm_bindgen]
extern "C" {
    /// The objects of a class.
    type Objects;
    #[wasm_bindgen(method, catch, js_name = idFromName)]
    fn id_from_name(this: &Objects, name: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn get(this: &Objects, id: &JsValue) -> Result<Stub, JsValue>;
    type Stub;
    #[wasm_bindgen(method, catch)]
    fn fetch(this: &Stub, url: &str, init: &Object) -> Result<Promise, JsValue>;
}

impl Coordinator for Runtime {
    async fn coordinate(
        &self,
        shard: Shard,
        ask: &ShardRequest,
    ) -> Option<Result<ShardReply, CoordinatorError>> {
        let objects = self.bindings.coordinator().filter(|objects| objects.is_object())?;
        let answer = try_ask(objects.unchecked_ref(), shard, ask).await;
        Some(answer.map_err(|cause| CoordinatorError::Other(described(&cause))))
    }
}

async fn try_ask(
    objects: &Objects,
    shard: Shard,
    ask: &ShardRequest,
) -> Result<ShardReply, JsValue> {
    let stub = objects.get(&objects.id_from_name(&shard.to_string())?)?;
    let init = Object::new();
    Reflect::set(&init, &"method".into(), &"POST".into())?;
    Reflect::set(&init, &"body".into(), &ask.to_string().into())?;
    let response = JsFuture::from(stub.fetch("https://coordinator/", &init)?).await?;
    let response: web_sys::Response = response.unchecked_into();
    let text = JsFuture::from(response.text()?).await?.as_string();
    wire::parse_reply(&text.unwrap_or_default())
        .ok_or_else(|| "the shard replied in the format of another version".into())
}
