//! Requests to the origin.

use std::future::Future;

use http::{HeaderMap, Method, StatusCode};

use crate::platform::Bodies;

/// A request on its way to the origin.
#[derive(Clone, Debug)]
pub struct Request<B> {
    /// The method.
    pub method: Method,
    /// The absolute URL at the origin.
    pub url: String,
    /// The header fields.
    pub headers: HeaderMap,
    /// The body, if any.
    pub body: Option<B>,
}

/// A response of the origin, or a response for the visitor.
#[derive(Debug)]
pub struct Response<B> {
    /// The status.
    pub status: StatusCode,
    /// The header fields.
    pub headers: HeaderMap,
    /// The body.
    pub body: B,
}

impl<B> Response<B> {
    /// Makes a response.
    pub fn new(status: StatusCode, headers: HeaderMap, body: B) -> Response<B> {
        Response { status, headers, body }
    }
}

/// The reason why the origin gave no usable response.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// The origin did not respond within `ORIGIN_TIMEOUT`.
    #[error("the origin did not answer in time")]
    TimedOut,
    /// The origin could not be reached, for this reason.
    #[error("the origin could not be reached: {0}")]
    Unreachable(String),
    /// The origin sent a 304 to a request without validators.
    #[error("the origin answered 304 to a request without validators")]
    Unasked,
}

impl OriginError {
    /// Returns the status for the visitor. Use it if no stored response can be sent instead.
    pub fn status(&self) -> StatusCode {
        match self {
            OriginError::TimedOut => StatusCode::GATEWAY_TIMEOUT,
            OriginError::Unreachable(_) | OriginError::Unasked => StatusCode::BAD_GATEWAY,
        }
    }
}

/// Requests to the origin.
pub trait Origin: Bodies {
    /// Sends a request to the origin within its time limit. Every cache on the way is bypassed, and
    /// no redirect is followed.
    fn fetch(
        &self,
        request: Request<Self::Body>,
    ) -> impl Future<Output = Result<Response<Self::Body>, OriginError>>;
}
