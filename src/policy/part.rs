//! The decision whether a visitor gets a stored response whole or in part.

use http::{HeaderMap, Method, StatusCode};

use crate::fields::conditional::is_not_modified;
use crate::fields::range::{self, Part};
use crate::fields::request::RequestFields;

/// The portion of a stored response that is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The whole response.
    Whole,
    /// A part of the body, or an unsatisfiable range; the second value is the body's length in
    /// bytes.
    Part(Part, u64),
}

/// Decides how much of a stored response a request gets. Conditions go before ranges (RFC 9110
/// §13.2.2), and only a 200 has parts.
pub fn sent(
    method: &Method,
    request: &dyn RequestFields,
    status: StatusCode,
    response: &HeaderMap,
) -> Sent {
    if *method != Method::GET || status != StatusCode::OK || !request.has("range") {
        return Sent::Whole;
    }
    if is_not_modified(method, request, status, response) {
        return Sent::Whole;
    }
    let Some(length) = range::length(response) else { return Sent::Whole };
    match range::part(request, response, length) {
        Part::Whole => Sent::Whole,
        part => Sent::Part(part, length),
    }
}
