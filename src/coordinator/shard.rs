//! Pure. What a shard of the coordinator is asked, and what it answers.

use std::fmt;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::lease::LeaseEnd;
use crate::policy::fence::{PurgeMode, PurgeRecord};
use crate::policy::key::Slot;
use crate::policy::tag::Tag;

/// Which part of the coordinator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shard {
    number: u32,
    of: u32,
}

impl Shard {
    /// Where the lease of a slot is.
    pub fn of_slot(slot: &Slot, shards: u32) -> Shard {
        Shard::of_text(slot.name(), shards)
    }

    /// Where the records of a tag are.
    pub fn of_tag(tag: &Tag, shards: u32) -> Shard {
        Shard::of_text(tag.as_str(), shards)
    }

    fn of_text(text: &str, shards: u32) -> Shard {
        let [a, b, c, d, ..]: [u8; 32] = Sha256::digest(text).into();
        Shard { number: u32::from_be_bytes([a, b, c, d]) % shards.max(1), of: shards.max(1) }
    }
}

/// The name of its object: another number of shards is another set of objects.
impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shard-{}-of-{}", self.number, self.of)
    }
}

/// What a shard is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShardRequest {
    /// The lease of a slot, for `life`, and the records of `tags`.
    Claim {
        slot: String,
        token: u64,
        life: Duration,
        /// Whether this request was told before that another one holds the lease.
        waited: bool,
        tags: Vec<Tag>,
    },
    Records(Vec<Tag>),
    Release {
        slot: String,
        token: u64,
        end: LeaseEnd,
    },
    Publish(Published),
}

/// A purge record and what it is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    pub tag: Tag,
    pub mode: PurgeMode,
    pub record: PurgeRecord,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardReply {
    pub lease: LeaseReply,
    pub records: Vec<Published>,
}

/// How what was asked for stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseReply {
    /// The lease is theirs; or what else was asked is done.
    Granted,
    /// Another request has it.
    Held,
    /// The page turned out uncacheable a short while ago: no request needs a lease.
    Free,
    /// The request that was waited for has just failed.
    Failed(u16),
    /// There is no room for another lease.
    Full,
}
