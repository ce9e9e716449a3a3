//! A request's fields, read one by one.

use http::Method;
use http::header::HeaderMap;

use crate::fields::cache_control::joined;

/// The most bytes of a field. A longer field counts as absent. If it selects, its request goes past
/// the cache.
pub const FIELD_MOST: usize = 8 * 1024;

/// A request's fields. A hit needs four or five of them, and the Worker reads them from JavaScript.
/// So they are read one by one, and all together only for a request to the origin.
pub trait RequestFields {
    /// Returns all lines of a field as one value (RFC 9110 §5.2), however long. Pass `name` in
    /// lower case.
    fn raw(&self, name: &str) -> Option<String>;
    /// Returns all fields.
    fn all(&self) -> HeaderMap;
    /// Tells whether `wanted` accepts the name of any field.
    fn any_name(&self, wanted: &dyn Fn(&str) -> bool) -> bool;

    /// Returns the `Accept-Encoding` that the client sent.
    fn accepted_encoding(&self) -> Option<String> {
        self.value("accept-encoding")
    }

    /// Returns a field's value, unless it is absent or longer than [`FIELD_MOST`].
    fn value(&self, name: &str) -> Option<String> {
        self.raw(name).filter(|value| value.len() <= FIELD_MOST)
    }

    /// Tells whether a field is present.
    fn has(&self, name: &str) -> bool {
        self.raw(name).is_some()
    }

    /// Tells whether a field cannot be compared with a stored value. It is too long, or it is not
    /// ASCII and may be decoded in several ways.
    fn is_incomparable(&self, name: &str) -> bool {
        self.raw(name).is_some_and(|value| value.len() > FIELD_MOST || !value.is_ascii())
    }

    /// Tells whether a field is longer than [`FIELD_MOST`].
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

/// Tells whether a method is registered as safe (RFC 9110 §16.1.1).
///
/// A request with any other method invalidates stored responses (RFC 9111 §4.4).
pub fn is_safe(method: &Method) -> bool {
    method.is_safe() || matches!(method.as_str(), "PROPFIND" | "REPORT" | "SEARCH" | "QUERY")
}
