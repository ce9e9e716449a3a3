//! The coordinator's shards.

use std::future::Future;

use crate::coordinator::shard::{LeaseReply, Shard, ShardRequest};

/// The reason why a shard gave no response.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CoordinatorError {
    /// The shard did not reply within the time limit. It may have carried out the request.
    #[error("no reply in time")]
    TimedOut,
    /// Any other failure, in the runtime's words.
    #[error("{0}")]
    Other(String),
}

/// The way to the coordinator's shards.
pub trait Coordinator {
    /// Sends a request to a shard; `None` where no coordinator is bound. Set a time limit: the
    /// shard may never respond.
    fn coordinate(
        &self,
        shard: Shard,
        ask: &ShardRequest,
    ) -> impl Future<Output = Option<Result<LeaseReply, CoordinatorError>>>;
}
