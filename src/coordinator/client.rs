//! Requests to the coordinator, where one is bound: on a miss or a stale response, never on a hit.
//!
//! The coordinator is never needed. A shard that does not reply within [`SHARD_LIMIT`] is left
//! alone for a while, and the data centre's own lease serves. An unreachable coordinator costs an
//! isolate one short wait a shard, not one a miss.
//!
//! A record learned here counts as learned from KV: a response requested afterwards *knows* it
//! (`policy::fence`). The argument: the coordinator is told of a record only once KV has confirmed
//! it. The origin made its change before it sent the purge, so a request to the origin now shows
//! that change.
//!
//! One danger is left, which `purge/memory.rs` names. KV holds one record a key. A known record
//! could overwrite, and so hide, another one that must outdate. But the overwritten record was
//! being written before the known one was confirmed, so its purge came earlier too. A request to
//! the origin now shows that change as well. A record written later overwrites the known one, and
//! is not known.
//!
//! A record that is merely stamped has no such argument: its write may still land on another
//! isolate's later one. A record whose write failed may never be shown again. So neither is
//! published.

use std::future::{Future, poll_fn};
use std::task::Poll;

use crate::coordinator::shard::{LeaseReply, Published, Shard, ShardReply, ShardRequest};
use crate::isolate::complaints::Complaint;
use crate::isolate::rest::Rest;
use crate::lease::LeaseEnd;
use crate::platform::complain::complain;
use crate::platform::tasks::within;
use crate::platform::{CoordinatorError, Platform};
use crate::policy::key::Slot;
use crate::policy::tag::Tag;
use crate::policy::timing::SHARD_LIMIT;

/// The reason why a shard gave no reply. The data centre's own lease serves instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoReply {
    /// No coordinator is bound.
    NotBound,
    /// The shard did not reply a moment ago, and got no request.
    Resting,
    /// The shard got a request and did not reply. It may have granted the lease all the same.
    Unanswered,
}

/// Requests the world-wide lease of a slot once, and learns the newest purge records of `tags`.
pub async fn claim<P: Platform>(
    platform: &P,
    slot: &Slot,
    token: u64,
    waited: bool,
    tags: &[Tag],
) -> Result<LeaseReply, NoReply> {
    let shards = platform.config().coordinator_shards;
    let home = Shard::of_slot(slot, shards);
    let life = platform.config().lease_life();
    let claim =
        ShardRequest::Claim { slot: slot.name().to_owned(), token, life, waited, tags: Vec::new() };
    let mut asks = vec![(home, claim)];
    for tag in tags {
        let shard = Shard::of_tag(tag, shards);
        match asks.iter_mut().find(|(asked, _)| *asked == shard) {
            Some((_, ShardRequest::Claim { tags, .. } | ShardRequest::Records(tags))) => {
                tags.push(tag.clone())
            }
            _ => asks.push((shard, ShardRequest::Records(vec![tag.clone()]))),
        }
    }
    let asked = asks.into_iter().map(|(shard, question)| ask(platform, shard, question));
    at_once(asked.collect()).await
}

/// Gives the world-wide lease back, and tells waiting requests in other data centres how it ended.
pub async fn release<P: Platform>(platform: &P, slot: &Slot, token: u64, end: LeaseEnd) {
    let shard = Shard::of_slot(slot, platform.config().coordinator_shards);
    let release = ShardRequest::Release { slot: slot.name().to_owned(), token, end };
    // A resting shard gets it too, because others wait for it. If it is lost, the lease ends by
    // itself.
    let _ = answered(platform, shard, &release).await;
}

/// Publishes a record that KV has confirmed to requests that refill a page elsewhere. No purge
/// depends on it.
pub async fn publish<P: Platform>(platform: &P, published: Published) {
    let shard = Shard::of_tag(&published.tag, platform.config().coordinator_shards);
    let _ = ask(platform, shard, ShardRequest::Publish(published)).await;
}

/// Sends a request unless the shard rests. Learns the records, and returns the state of the lease.
async fn ask<P: Platform>(
    platform: &P,
    shard: Shard,
    ask: ShardRequest,
) -> Result<LeaseReply, NoReply> {
    if platform.isolate().shard_rests.of(shard).lasts(platform.now()) {
        return Err(NoReply::Resting);
    }
    match answered(platform, shard, &ask).await {
        None => Err(NoReply::NotBound),
        Some(Ok(reply)) => Ok(learn(platform, reply)),
        Some(Err(error)) => {
            // The purges that a reply would have named are read from KV when KV shows them.
            let_rest(platform, shard, &error);
            Err(NoReply::Unanswered)
        }
    }
}

fn learn<P: Platform>(platform: &P, reply: ShardReply) -> LeaseReply {
    let now = platform.now();
    platform.isolate().purges.with_mut(|memory| {
        for Published { tag, mode, record } in reply.records {
            memory.told(&tag, mode, record, now);
        }
    });
    reply.lease
}

fn let_rest<P: Platform>(platform: &P, shard: Shard, error: &CoordinatorError) {
    let length = match error {
        CoordinatorError::TimedOut => Rest::LONG,
        CoordinatorError::Other(_) => Rest::SHORT,
    };
    platform.isolate().shard_rests.of(shard).begin(length, platform.now());
    complain(platform, Complaint::Coordinator, || {
        format!(
            "the coordinator ({shard}) is left alone for a while: {error}; leases are the data centre's, \
             and purges are seen when KV shows them"
        )
    });
}

async fn answered<P: Platform>(
    platform: &P,
    shard: Shard,
    ask: &ShardRequest,
) -> Option<Result<ShardReply, CoordinatorError>> {
    let late = || Some(Err(CoordinatorError::TimedOut));
    within(platform, SHARD_LIMIT, platform.coordinate(shard, ask)).await.unwrap_or_else(late)
}

/// Runs all futures at once, and returns the result of the first in the list.
async fn at_once<T: Copy>(asked: Vec<impl Future<Output = T>>) -> T {
    let mut asked: Vec<_> = asked.into_iter().map(|asked| (Box::pin(asked), None)).collect();
    poll_fn(|context| {
        for (asked, done) in asked.iter_mut().filter(|(_, done)| done.is_none()) {
            if let Poll::Ready(result) = asked.as_mut().poll(context) {
                *done = Some(result);
            }
        }
        if asked.iter().all(|(_, done)| done.is_some()) {
            asked[0].1.map_or(Poll::Pending, Poll::Ready)
        } else {
            Poll::Pending
        }
    })
    .await
}
