//! Bodies of requests and responses, which the flows pass on and do not read.

use std::future::Future;
use std::time::Duration;

use crate::policy::key::Slot;

/// A body that was read to its clean end.
#[derive(Debug)]
pub enum Settled<B> {
    /// Small enough to be held.
    Whole(B),
    /// Too large to be held: it stands in the slot that was offered for it.
    Staged,
}

/// Why a body could not be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsettled {
    #[error("the body broke off")]
    BrokenOff,
    /// The visitor who gets it too takes nothing: it is not held up for the cache, nor in memory.
    #[error("the visitor is too slow")]
    VisitorTooSlow,
    #[error("the cache did not take it")]
    NotKept,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    #[error("the body is longer than {0} bytes")]
    TooLong(usize),
    #[error("the body broke off")]
    BrokenOff,
}

pub trait Bodies {
    /// Opaque to the flows, and never read into memory by them. One that is dropped unread is
    /// cancelled, and with it the origin's sending.
    type Body: 'static;
    /// A body that is to be read to its end, perhaps while a visitor gets it too.
    type Settling: From<Self::Body> + 'static;

    fn empty_body(&self) -> Self::Body;
    fn bytes_body(&self, bytes: Vec<u8>) -> Self::Body;
    /// One for the visitor and one to settle; the second drives the first.
    fn tee(&self, body: Self::Body) -> (Self::Body, Self::Settling);
    /// Reads a body to its clean end; one too large to be held is put into `staging`, to be kept
    /// for `life`.
    fn settle(
        &self,
        body: Self::Settling,
        staging: &Slot,
        life: Duration,
    ) -> impl Future<Output = Result<Settled<Self::Body>, Unsettled>>;
    /// For control routes alone.
    fn read(
        &self,
        body: Self::Body,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<u8>, ReadError>>;
}
