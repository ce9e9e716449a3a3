//! Pure. The requests to a shard of the coordinator, and its replies.

use std::fmt;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::lease::LeaseEnd;
use crate::policy::key::Slot;

/// A part of the coordinator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shard {
    number: u32,
    of: u32,
}

impl Shard {
    /// Returns the shard that keeps the lease of a slot; `shards` is the number of all shards.
    pub fn of_slot(slot: &Slot, shards: u32) -> Shard {
        let [a, b, c, d, ..]: [u8; 32] = Sha256::digest(slot.name()).into();
        Shard { number: u32::from_be_bytes([a, b, c, d]) % shards.max(1), of: shards.max(1) }
    }
}

/// Writes the name of its Durable Object: another number of shards is another set of objects.
impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shard-{}-of-{}", self.number, self.of)
    }
}

/// A request to a shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShardRequest {
    /// Request the lease of a slot.
    Claim {
        /// The name of the slot.
        slot: String,
        /// The token of the request.
        token: u64,
        /// The life of the lease.
        life: Duration,
        /// Set if this request was told before that another one holds the lease.
        waited: bool,
    },
    /// Give a lease back.
    Release {
        /// The name of the slot.
        slot: String,
        /// The token that holds the lease.
        token: u64,
        /// The end of the request to the origin.
        end: LeaseEnd,
    },
}

/// The reply of a shard: the state of a requested lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseReply {
    /// The request holds the lease; a release is done.
    Granted,
    /// Another request holds the lease.
    Held,
    /// The page turned out uncacheable a short while ago: no request needs a lease.
    Free,
    /// The awaited request has just failed with this status.
    Failed(u16),
    /// There is no room for another lease.
    Full,
}
