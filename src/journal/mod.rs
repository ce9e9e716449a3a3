//! The purge journal: all purges of a site, numbered by one Durable Object.
//!
//! Each isolate keeps a copy of the journal, and refreshes it in the background. A stored response is
//! judged against the copy in memory, however many tags it has. A hit waits only if the copy is missing
//! or older than `PURGE_SEEN_WITHIN`.
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

pub mod append;
pub mod block;
pub mod copy;
pub mod memory;
pub mod object;
pub mod receipts;
pub mod refresh;
pub mod shared_copy;
pub mod unbound;
pub mod wire;

use serde::Serialize;
use serde_json::Value;

use crate::json::FromValue;

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

/// The number up to which a stored response knows the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "(u64, u64)")]
pub struct Known {
    /// The journal of the number.
    pub journal: JournalId,
    /// The number.
    pub number: Number,
}

impl FromValue for Known {
    fn from_value(value: Value) -> Option<Known> {
        let (journal, number) = <(u64, u64)>::from_value(value)?;
        Some(Known { journal: JournalId(journal), number: Number(number) })
    }
}

impl From<Known> for (u64, u64) {
    fn from(known: Known) -> (u64, u64) {
        (known.journal.0, known.number.0)
    }
}

/// A tag as a number of 64 bits. Two tags with one digest are purged together, which purges too much
/// and never too little. So a fast digest will do: a hit makes one for each tag.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct TagDigest(pub u64);

impl TagDigest {
    /// Returns the digest of a tag.
    pub fn of(tag: &Tag) -> TagDigest {
        // FNV-1a (Fowler, Noll, Vo), and then the last step of MurmurHash3, so that each bit of the
        // text reaches each bit of the digest.
        let fnv = tag.as_str().bytes().fold(0xcbf2_9ce4_8422_2325, |digest: u64, byte| {
            (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let mixed = (fnv ^ (fnv >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        let mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        TagDigest(mixed ^ (mixed >> 33))
    }
}

/// The newest entry of a tag and mode. An earlier entry needs no place of its own: the newest one
/// outdates all that the earlier one outdates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The newest number that was given.
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
    /// Until this time, purges are written to KV by tag as well, and pages are judged by both: a
    /// version without the journal may still run, or run again.
    pub with_records_until: Time,
}

impl Head {
    /// Returns the later of two states of one journal, part by part.
    pub fn later(self, other: Head) -> Head {
        let Dropped { soft, hard } = other.dropped;
        Head {
            id: self.id,
            last: self.last.max(other.last),
            complete_since: self.complete_since.max(other.complete_since),
            dropped: Dropped {
                soft: self.dropped.soft.max(soft),
                hard: self.dropped.hard.max(hard),
            },
            with_records_until: self.with_records_until.max(other.with_records_until),
        }
    }
}
