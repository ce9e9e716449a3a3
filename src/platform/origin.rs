//! Requests to the origin.

use std::future::Future;

use http::{HeaderMap, Method, StatusCode};

use crate::platform::Bodies;

/// A request on its way to the origin.
#[derive(Clone, Debug)]
pub struct Request<B> {
    pub method: Method,
    /// Absolute, as the origin is to be asked.
    pub url: String,
    pub headers: HeaderMap,
    pub body: Option<B>,
}

/// An answer of the origin, or one for the visitor.
#[derive(Debug)]
pub struct Response<B> {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: B,
}

/// The origin gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    #[error("the origin did not answer in time")]
    TimedOut,
    #[error("the origin could not be reached: {0}")]
    Unreachable(String),
    #[error("the origin answered 304 to a request that named nothing to compare with")]
    Unasked,
}

impl OriginError {
    /// What a visitor is told where nothing stored can stand in.
    pub fn status(&self) -> StatusCode {
        match self {
            OriginError::TimedOut => StatusCode::GATEWAY_TIMEOUT,
            OriginError::Unreachable(_) | OriginError::Unasked => StatusCode::BAD_GATEWAY,
        }
    }
}

pub trait Origin: Bodies {
    /// Asks the origin, bypassing every cache on the way and following no redirect, within the
    /// origin's time limit.
    fn fetch(
        &self,
        request: Request<Self::Body>,
    ) -> impl Future<Output = Result<Response<Self::Body>, OriginError>>;
}
