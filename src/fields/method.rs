//! Which methods change nothing at the origin.

use http::Method;

/// The safe ones of the registered methods (RFC 9110 §16.1.1).
///
/// A request by any other invalidates what is stored (RFC 9111 §4.4).
pub fn is_safe(method: &Method) -> bool {
    method.is_safe() || matches!(method.as_str(), "PROPFIND" | "REPORT" | "SEARCH" | "QUERY")
}
