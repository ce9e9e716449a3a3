//! The one seam between the flows and the world. The Worker implements it over the Cache API, KV
//! and `fetch`; the simulator implements it in memory, where each await lets another task run.

pub mod complain;
pub mod kv;
pub mod kv_error;
pub mod kv_key;

use std::future::Future;
use std::time::Duration;

use http::{HeaderMap, Method, StatusCode};

use crate::config::Config;
use crate::coordinator::shard::{Shard, ShardReply, ShardRequest};
use crate::isolate::Isolate;
use crate::platform::kv::{KvOperations, RawKv};
use crate::policy::key::Slot;
use crate::policy::time::Time;

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

/// What a slot holds: one line of metadata and a body.
#[derive(Debug)]
pub struct Document<B> {
    pub head: String,
    pub body: B,
}

/// A body that was read to its clean end.
#[derive(Debug)]
pub enum Settled<B> {
    /// Small enough to be held.
    Whole(B),
    /// Too large to be held: it stands in the slot that was offered for it.
    Staged,
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

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CacheError(pub String);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CoordinatorError(pub String);

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

/// Ends a wait in another request of the same isolate.
pub type Signal = Box<dyn FnOnce()>;

/// Everything outside: clock, cache, origin, KV, and work that outlives the answer.
pub trait Platform: Clone + 'static {
    /// Opaque to the flows, and never read into memory by them. One that is dropped unread is
    /// cancelled, and with it the origin's sending.
    type Body: 'static;
    /// A body that is to be read to its end, perhaps while a visitor gets it too.
    type Settling: From<Self::Body> + 'static;
    type Kv: KvOperations + 'static;

    fn config(&self) -> &Config;
    /// What this isolate remembers between requests.
    fn isolate(&self) -> &Isolate;
    fn now(&self) -> Time;
    fn random(&self) -> u64;
    fn log(&self, line: &str);

    /// Work that goes on when the visitor has the answer, or has hung up.
    fn defer(&self, work: impl Future<Output = ()> + 'static);
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()>;
    /// A wait that ends when the signal is given, at the latest after `limit`.
    fn signal(&self, limit: Duration) -> (Signal, impl Future<Output = ()> + use<Self>);

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

    /// This data centre's cache. What cannot be read is absent.
    fn cache_match(&self, slot: &Slot) -> impl Future<Output = Option<Document<Self::Body>>>;
    /// The bytes `first` to `last` of a slot's body.
    fn cache_match_part(
        &self,
        slot: &Slot,
        first: u64,
        last: u64,
    ) -> impl Future<Output = Option<Self::Body>>;
    /// That it resolves proves nothing: the cache may keep nothing.
    fn cache_put(
        &self,
        slot: &Slot,
        document: Document<Self::Body>,
        life: Duration,
    ) -> impl Future<Output = Result<(), CacheError>>;
    fn cache_delete(&self, slot: &Slot) -> impl Future<Output = ()>;

    /// Asks the origin, bypassing every cache on the way and following no redirect, within the
    /// origin's time limit.
    fn fetch(
        &self,
        request: Request<Self::Body>,
    ) -> impl Future<Output = Result<Response<Self::Body>, OriginError>>;

    /// The namespace `TAGS`; flows use it through [`kv`].
    fn raw_kv(&self) -> RawKv<Self::Kv>;

    /// Asks a shard of the coordinator; none where none is bound. It may take for ever.
    fn coordinate(
        &self,
        shard: Shard,
        ask: &ShardRequest,
    ) -> impl Future<Output = Option<Result<ShardReply, CoordinatorError>>>;
}
