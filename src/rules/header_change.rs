//! Header fields that rules set or remove.

use http::header::{HeaderMap, HeaderName, HeaderValue};

/// A field, and the value that it gets. `None` removes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderChange {
    /// The name of the field.
    pub name: HeaderName,
    /// The value.
    pub value: Option<HeaderValue>,
}

/// Changes fields. Of several changes of one field the first counts.
pub(super) fn change<'c>(headers: &mut HeaderMap, changes: impl Iterator<Item = &'c HeaderChange>) {
    let mut changed: Vec<&HeaderName> = Vec::new();
    for HeaderChange { name, value } in changes {
        if changed.contains(&name) {
            continue;
        }
        changed.push(name);
        headers.remove(name);
        headers.extend(value.clone().map(|value| (name.clone(), value)));
    }
}
