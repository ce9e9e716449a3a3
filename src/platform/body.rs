//! Bodies of requests and responses. The flows pass them on and do not read them.

use std::future::Future;
use std::time::Duration;

use crate::policy::key::Slot;

/// A body that was read to its clean end.
#[derive(Debug)]
pub enum Settled<B> {
    /// The body is small enough to be held in memory.
    Whole(B),
    /// The body is too large to be held. It is in the staging slot.
    Staged,
}

/// The reason why a body could not be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsettled {
    /// The body ended before its clean end.
    #[error("the body broke off")]
    BrokenOff,
    /// The visitor of the same body stopped reading. The rest is not held in memory for the cache.
    #[error("the visitor is too slow")]
    VisitorTooSlow,
    /// The cache did not take the body.
    #[error("the cache did not take it")]
    NotKept,
}

/// The reason why a body could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The body is longer than this number of bytes.
    #[error("the body is longer than {0} bytes")]
    TooLong(usize),
    /// The body ended before its end.
    #[error("the body broke off")]
    BrokenOff,
}

/// Operations on bodies.
pub trait Bodies {
    /// A body, opaque to the flows and never read into memory by them. Dropping an unread body
    /// cancels it, and the origin stops sending.
    type Body: 'static;
    /// A body to read to its end, perhaps while a visitor receives it too.
    type Settling: From<Self::Body> + 'static;

    /// Returns an empty body.
    fn empty_body(&self) -> Self::Body;
    /// Returns a body of these bytes.
    fn bytes_body(&self, bytes: &[u8]) -> Self::Body;
    /// Splits a body into one for the visitor and one to settle. Call `settle` with the second:
    /// it feeds the first.
    fn tee(&self, body: Self::Body) -> (Self::Body, Self::Settling);
    /// Returns the length in bytes of a body that is held in memory.
    fn body_length(&self, body: &Self::Body) -> Option<usize>;
    /// Copies a body that is held in memory.
    fn body_again(&self, body: &Self::Body) -> Option<Self::Body>;
    /// Reads a body to its clean end. A body too large to be held is put into `staging`, for
    /// `life`.
    fn settle(
        &self,
        body: Self::Settling,
        staging: &Slot,
        life: Duration,
    ) -> impl Future<Output = Result<Settled<Self::Body>, Unsettled>>;
    /// Reads a body of at most `limit` bytes into memory. Only control routes and warmups may call it.
    fn read(
        &self,
        body: Self::Body,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<u8>, ReadError>>;
    /// Unpacks bytes that are packed with gzip, to at most `limit` bytes.
    fn gunzip(
        &self,
        bytes: &[u8],
        limit: usize,
    ) -> impl Future<Output = Result<Vec<u8>, ReadError>>;
}
