//! Requests to the coordinator, where one is bound: on a miss or a stale response, never on a hit.
//!
//! The coordinator is never needed. A shard that does not reply within [`SHARD_LIMIT`] is left
//! alone for a while, and the data centre's own lease serves. An unreachable coordinator costs an
//! isolate one short wait a shard, not one a miss.

use crate::coordinator::shard::{LeaseReply, Shard, ShardRequest};
use crate::isolate::complaints::Complaint;
use crate::isolate::rest::Rest;
use crate::lease::LeaseEnd;
use crate::platform::complain::complain;
use crate::platform::tasks::within;
use crate::platform::{CoordinatorError, Platform};
use crate::policy::key::Slot;
use crate::policy::timing::SHARD_LIMIT;

/// The reason why a shard gave no reply. The data centre's own lease serves instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoReply {
    /// World leases are not switched on.
    NotUsed,
    /// The shard did not reply a moment ago, and got no request.
    Resting,
    /// The shard got a request and did not reply. It may have granted the lease all the same.
    Unanswered,
}

/// Requests the world-wide lease of a slot once, unless the slot's shard rests.
pub async fn claim<P: Platform>(
    platform: &P,
    slot: &Slot,
    token: u64,
    waited: bool,
) -> Result<LeaseReply, NoReply> {
    let shard = Shard::of_slot(slot, platform.config().coordinator_shards);
    if platform.isolate().shard_rests.of(shard).lasts(platform.now()) {
        return Err(NoReply::Resting);
    }
    let life = platform.config().lease_life();
    let claim = ShardRequest::Claim { slot: slot.name().to_owned(), token, life, waited };
    match answered(platform, shard, &claim).await {
        None => Err(NoReply::NotUsed),
        Some(Ok(reply)) => Ok(reply),
        Some(Err(error)) => {
            let_rest(platform, shard, &error);
            Err(NoReply::Unanswered)
        }
    }
}

/// Gives the world-wide lease back, and tells waiting requests in other data centres how it ended.
pub async fn release<P: Platform>(platform: &P, slot: &Slot, token: u64, end: LeaseEnd) {
    let shard = Shard::of_slot(slot, platform.config().coordinator_shards);
    let release = ShardRequest::Release { slot: slot.name().to_owned(), token, end };
    // A resting shard gets it too, because others wait for it. If it is lost, the lease ends by
    // itself.
    let _ = answered(platform, shard, &release).await;
}

fn let_rest<P: Platform>(platform: &P, shard: Shard, error: &CoordinatorError) {
    let length = match error {
        CoordinatorError::TimedOut => Rest::LONG,
        CoordinatorError::Other(_) => Rest::SHORT,
    };
    platform.isolate().shard_rests.of(shard).begin(length, platform.now());
    complain(platform, Complaint::Coordinator, || {
        format!(
            "the coordinator ({shard}) is left alone for a while: {error}; leases are the data centre's"
        )
    });
}

async fn answered<P: Platform>(
    platform: &P,
    shard: Shard,
    ask: &ShardRequest,
) -> Option<Result<LeaseReply, CoordinatorError>> {
    let late = || Some(Err(CoordinatorError::TimedOut));
    within(platform, SHARD_LIMIT, platform.coordinate(shard, ask)).await.unwrap_or_else(late)
}
