//! Safe methods: those that change nothing at the origin.

use http::Method;

/// Tells whether a method is registered as safe (RFC 9110 §16.1.1).
///
/// A request with any other method invalidates stored responses (RFC 9111 §4.4).
pub fn is_safe(method: &Method) -> bool {
    method.is_safe() || matches!(method.as_str(), "PROPFIND" | "REPORT" | "SEARCH" | "QUERY")
}
