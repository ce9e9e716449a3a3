//! The Worker's bindings.

use wasm_bindgen::prelude::*;

use crate::workers::kv::Namespace;

#[wasm_bindgen]
extern "C" {
    /// The Worker's environment, for the one binding that it must have and one that it may.
    #[derive(Clone)]
    pub type Bindings;
    #[wasm_bindgen(method, getter, js_name = TAGS)]
    pub fn tags(this: &Bindings) -> Namespace;
    #[wasm_bindgen(method, getter, js_name = COORDINATOR)]
    pub fn coordinator(this: &Bindings) -> Option<JsValue>;
}
