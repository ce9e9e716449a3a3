//! The Worker's bindings.

use wasm_bindgen::prelude::*;

use crate::workers::kv::Namespace;

#[wasm_bindgen]
extern "C" {
    /// The Worker's environment: one binding is required, and two are optional. The Durable Object
    /// reads one setting of it.
    #[derive(Clone)]
    pub type Bindings;
    /// Returns the KV namespace `TAGS`.
    #[wasm_bindgen(method, getter, js_name = TAGS)]
    pub fn tags(this: &Bindings) -> Namespace;
    /// Returns the Durable Object namespace `COORDINATOR`, if it is bound.
    #[wasm_bindgen(method, getter, js_name = COORDINATOR)]
    pub fn coordinator(this: &Bindings) -> Option<JsValue>;
    /// Returns the KV namespace `PAGES`, if it is bound.
    #[wasm_bindgen(method, getter, js_name = PAGES)]
    pub fn pages(this: &Bindings) -> Option<JsValue>;
    /// Returns the setting `PLAN`, if it is set.
    #[wasm_bindgen(method, getter, js_name = PLAN)]
    pub fn plan(this: &Bindings) -> Option<String>;
}
