//! Requests to the origin.

use std::borrow::Cow;
use std::future::Future;
use std::rc::Rc;

use http::{HeaderMap, Method, StatusCode};

use crate::isolate::metadata::Derived;
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
    /// The header fields; of a hit, those made for this response.
    pub headers: HeaderMap,
    /// The body.
    pub body: B,
    /// Set for a hit: what was computed from the stored response. It has the other header fields, which
    /// the platform may keep in a form of its own.
    pub derived: Option<Rc<Derived>>,
}

impl<B> Response<B> {
    /// Makes a response.
    pub fn new(status: StatusCode, headers: HeaderMap, body: B) -> Response<B> {
        Response { status, headers, body, derived: None }
    }

    /// Returns all header fields.
    pub fn whole_headers(&self) -> Cow<'_, HeaderMap> {
        let shared = self.derived.as_ref().and_then(|derived| derived.shared_fields.get());
        let Some(mut whole) = shared.cloned() else { return Cow::Borrowed(&self.headers) };
        for (name, value) in &self.headers {
            whole.append(name, value.clone());
        }
        Cow::Owned(whole)
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
    /// The origin sent a 304 to a request without a condition.
    #[error("the origin answered 304 to a request that named nothing to compare with")]
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
