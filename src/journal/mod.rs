//! The purge journal: all purges of a site, numbered by one Durable Object.
//!
//! A data centre keeps a copy of the journal, and refreshes it in the background. A stored response
//! is judged against the copy in memory, however many tags it has, so a hit waits for nothing.
//!
//! **A number is also a stamp.** Numbers increase, and none is below the object's clock in
//! milliseconds when it is given. So an object that was restored to an earlier state repeats none.
//!
//! **A number belongs to one journal.** An object that finds its storage empty begins a journal with
//! a random id. The numbers of another journal say nothing.
//!
//! **A copy is complete up to one number, without a gap.** A response that was requested by then
//! *knows* all entries up to it: they were appended, and so the origin's change was made, before the
//! origin was asked.

pub mod block;
pub mod copy;
pub mod entries;

use sha2::{Digest, Sha256};

use crate::policy::tag::Tag;
use crate::policy::time::Time;

/// The number of an entry. Its value is also the time of the purge, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Number(pub u64);

impl Number {
    /// Returns the number as the time of the purge.
    pub fn stamp(self) -> Time {
        Time(i64::try_from(self.0).unwrap_or(i64::MAX))
    }

    /// Returns the number that follows this one at `now`, on the clock of the object.
    pub fn next(self, now: Time) -> Number {
        Number((self.0 + 1).max(u64::try_from(now.0).unwrap_or(0)))
    }
}

/// The random id of a journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JournalId(pub u64);

/// The first eight bytes of a tag's SHA-256. Two tags with one digest are purged together, which
/// purges too much and never too little.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct TagDigest(pub u64);

impl TagDigest {
    /// Returns the digest of a tag.
    pub fn of(tag: &Tag) -> TagDigest {
        let digest = Sha256::digest(tag.as_str().as_bytes());
        TagDigest(digest.iter().take(8).fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }
}

/// The newest entry of a tag and mode. An earlier entry needs no place of its own: the newest one
/// outdates all that the earlier one outdates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The number of the newest entry.
    pub number: Number,
    /// The stamps of earlier soft entries, from which stale windows count. They ascend.
    pub earlier: Vec<Time>,
}

/// The newest entries that the journal has dropped for want of room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// The newest soft entry that was dropped.
    pub soft: Number,
    /// The newest hard entry that was dropped.
    pub hard: Number,
}

/// The state of a journal beside its entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The id of the journal.
    pub id: JournalId,
    /// The number of the newest entry.
    pub last: Number,
    /// The journal holds every purge after this number. Earlier ones may have been made without it.
    pub complete_since: Number,
    /// The newest entries that were dropped.
    pub dropped: Dropped,
}
