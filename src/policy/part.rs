//! Whether a visitor gets a stored response whole, or a part of it.

use http::{HeaderMap, Method, StatusCode};

use crate::fields::conditional::is_not_modified;
use crate::fields::range::{self, Part};
use crate::fields::request::RequestFields;

/// What is sent of a stored response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    Whole,
    /// This part of a body of so many bytes, or none of it.
    Part(Part, u64),
}

/// What a request gets of a stored response. Conditions go before ranges (RFC 9110 §13.2.2), and only
/// a 200 has parts.
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
