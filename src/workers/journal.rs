//! The way to the journal's object: the binding `COORDINATOR`, under an object name of its own.

use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::bindings::Bindings;
use super::coordinator::{object_id, send};
use super::js::described;
use super::runtime::Runtime;
use crate::journal::wire::JournalRequest;
use crate::platform::{Journal, JournalError};

/// The name of the journal's object. Leases are held in objects of other names.
const OBJECT: &str = "purge-journal";
/// The URL that tells the object which of its tasks is meant.
pub const URL: &str = "https://coordinator/journal";

/// Tells whether the journal's object is bound.
pub fn is_bound(bindings: &Bindings) -> bool {
    bindings.coordinator().is_some_and(|objects| objects.is_object())
}

impl Journal for Runtime {
    fn has_journal(&self) -> bool {
        self.has_journal
    }

    fn journal_object_id(&self) -> Option<String> {
        let objects = self.bindings.coordinator().filter(|objects| objects.is_object())?;
        object_id(objects.unchecked_ref(), OBJECT).ok()?.as_string()
    }

    async fn ask_journal(&self, request: &JournalRequest) -> Result<Vec<u8>, JournalError> {
        let other = |cause: JsValue| JournalError::Other(described(&cause));
        let objects = self.bindings.coordinator().unwrap_or(JsValue::UNDEFINED);
        let response = send(objects.unchecked_ref(), OBJECT, URL, &request.to_string())
            .await
            .map_err(other)?;
        if !response.ok() {
            return Err(JournalError::Other(format!("the object answered {}", response.status())));
        }
        let bytes = JsFuture::from(response.array_buffer().map_err(other)?).await.map_err(other)?;
        Ok(Uint8Array::new(&bytes).to_vec())
    }
}
