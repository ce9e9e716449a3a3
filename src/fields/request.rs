//! A request's fields, read one by one.

use http::header::HeaderMap;

use crate::fields::cache_control::joined;

/// A field beyond this length counts as absent; one that selects makes its request pass.
pub const FIELD_MOST: usize = 8 * 1024;

/// A request's fields. A hit needs four or five of them, and in the Worker each set is read from
/// JavaScript: so they are asked for one by one, and as a whole only on the way to the origin.
pub trait RequestFields {
    /// All lines of a field as one value (RFC 9110 §5.2), however long; `name` in lower case.
    fn raw(&self, name: &str) -> Option<String>;
    fn all(&self) -> HeaderMap;
    /// Whether the name of any field is as `wanted` says.
    fn any_name(&self, wanted: &dyn Fn(&str) -> bool) -> bool;

    /// The content codings that the client takes, as it said itself.
    fn accepted_encoding(&self) -> Option<String> {
        self.value("accept-encoding")
    }

    /// A field's value, unless it is absent or longer than [`FIELD_MOST`].
    fn value(&self, name: &str) -> Option<String> {
        self.raw(name).filter(|value| value.len() <= FIELD_MOST)
    }

    fn has(&self, name: &str) -> bool {
        self.raw(name).is_some()
    }

    /// Whether a field cannot be compared with what is stored: it is too long, or its bytes are not
    /// the same in every reading.
    fn is_incomparable(&self, name: &str) -> bool {
        self.raw(name).is_some_and(|value| value.len() > FIELD_MOST || !value.is_ascii())
    }

    fn is_oversized(&self, name: &str) -> bool {
        self.raw(name).is_some_and(|value| value.len() > FIELD_MOST)
    }
}

impl RequestFields for HeaderMap {
    fn raw(&self, name: &str) -> Option<String> {
        joined(self, &name.parse().ok()?)
    }

    fn all(&self) -> HeaderMap {
        self.clone()
    }

    fn any_name(&self, wanted: &dyn Fn(&str) -> bool) -> bool {
        self.keys().any(|name| wanted(name.as_str()))
    }
}
