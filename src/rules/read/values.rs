//! Values of a rule's fields: from JSON to the type that a field takes.

use serde_json::{Map, Value};

use super::FieldFault;
use crate::rules::condition::Statuses;

/// The longest lifetime in seconds: a year, as for `MAX_LIFE`.
const LONGEST: u64 = 365 * 24 * 60 * 60;

/// A field of a rule as it was written.
#[derive(Clone, Copy)]
pub(super) struct Given<'a> {
    pub name: &'a str,
    pub value: &'a Value,
}

impl<'a> Given<'a> {
    /// The fault of this field. `reason` is the rest of a sentence that begins with the field's name.
    pub(super) fn fault(&self, reason: impl Into<String>) -> FieldFault {
        FieldFault { field: self.name.to_owned(), reason: reason.into() }
    }

    /// A text that is not empty.
    pub(super) fn text(&self) -> Result<&'a str, FieldFault> {
        let text = self.value.as_str().filter(|text| !text.is_empty());
        text.ok_or_else(|| self.fault("is not a text between quotation marks"))
    }

    /// A text, or a list of texts.
    pub(super) fn texts(&self) -> Result<Vec<&'a str>, FieldFault> {
        let Value::Array(items) = self.value else { return Ok(vec![self.text()?]) };
        let mut texts = Vec::new();
        for value in items {
            texts.push(Given { value, ..*self }.text()?);
        }
        if texts.is_empty() { Err(self.fault("is an empty list")) } else { Ok(texts) }
    }

    /// A whole number of seconds, a year at most.
    pub(super) fn seconds(&self) -> Result<u64, FieldFault> {
        let seconds = self.value.as_u64().filter(|seconds| *seconds <= LONGEST);
        seconds.ok_or_else(|| {
            self.fault(format!("is not a whole number of seconds from 0 to {LONGEST}"))
        })
    }

    /// `true` or `false`.
    pub(super) fn flag(&self) -> Result<bool, FieldFault> {
        self.value.as_bool().ok_or_else(|| self.fault("is neither true nor false"))
    }

    /// One of several words, with its meaning.
    pub(super) fn one_of<T: Copy>(&self, words: &[(&str, T)]) -> Result<T, FieldFault> {
        let text = self.value.as_str().unwrap_or_default();
        let known = words.iter().find(|(word, _)| *word == text);
        known.map(|(_, meaning)| *meaning).ok_or_else(|| {
            let words: Vec<String> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
            self.fault(format!("is none of {}", words.join(", ")))
        })
    }

    /// A table.
    pub(super) fn table(&self) -> Result<&'a Map<String, Value>, FieldFault> {
        let table = self.value.as_object().filter(|table| !table.is_empty());
        table.ok_or_else(|| self.fault("is not a table such as { name = \"value\" }"))
    }

    /// A table, or a list of tables.
    pub(super) fn tables(&self) -> Result<Vec<Given<'a>>, FieldFault> {
        let tables = match self.value {
            Value::Array(items) => items.iter().map(|value| Given { value, ..*self }).collect(),
            _ => vec![*self],
        };
        if tables.is_empty() { Err(self.fault("is an empty list")) } else { Ok(tables) }
    }

    /// A status such as 404, a class such as `4xx`, or a list of them.
    pub(super) fn statuses(&self) -> Result<Vec<Statuses>, FieldFault> {
        let items = match self.value {
            Value::Array(items) => items.as_slice(),
            one => std::slice::from_ref(one),
        };
        let mut all = Vec::new();
        for value in items {
            let read = match value {
                Value::String(text) => statuses(text),
                number => number.as_u64().and_then(single),
            };
            all.push(read.ok_or_else(|| self.fault(NO_STATUS))?);
        }
        if all.is_empty() { Err(self.fault(NO_STATUS)) } else { Ok(all) }
    }
}

/// The reason why a value is no status.
pub(super) const NO_STATUS: &str = "is not a status such as 404 or a class such as \"4xx\"";

/// Reads a status or a class of statuses.
pub(super) fn statuses(text: &str) -> Option<Statuses> {
    if let Some(class) = text.strip_suffix("xx") {
        let class: u16 = class.parse().ok().filter(|class| (2..=5).contains(class))?;
        return Some(Statuses { first: class * 100, last: class * 100 + 99 });
    }
    text.parse().ok().and_then(single)
}

fn single(status: u64) -> Option<Statuses> {
    let status = u16::try_from(status).ok().filter(|status| (200..=599).contains(status))?;
    Some(Statuses { first: status, last: status })
}
