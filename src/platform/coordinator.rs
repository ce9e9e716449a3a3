//! The coordinator's shards.

use std::future::Future;

use crate::coordinator::shard::{Shard, ShardReply, ShardRequest};

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CoordinatorError(pub String);

pub trait Coordinator {
    /// Asks a shard; `None` where no coordinator is bound. It may take for ever.
    fn coordinate(
        &self,
        shard: Shard,
        ask: &ShardRequest,
    ) -> impl Future<Output = Option<Result<ShardReply, CoordinatorError>>>;
}
