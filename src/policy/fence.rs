//! The purge fence: whether a purge outdates a stored response.
//!
//! **A record outdates a stored response unless its id is in `known`, or
//! `fetched_at > at + skew`.**
//!
//! Why that loses no purge. `fetched_at` is the time its origin request *began*, so a response that
//! was rendered while the purge came has `fetched_at <= at` on one clock, and `<= at + skew` on two
//! clocks that differ by less than `skew`: it is outdated. A record is in `known` only if this
//! isolate held it before it sent the origin request; the origin had made its change before it sent
//! the purge, so the response shows the change, whatever the clocks say.
//!
//! Out of scope: a purge record that becomes readable later than `skew` after its stamp. The purge
//! flow stamps again instead (`purge.rs`).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::tag::Tag;
use super::time::Time;

/// Soft: stale from now on. Hard: not to be shown again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PurgeMode {
    Soft,
    Hard,
}

impl PurgeMode {
    pub fn as_str(self) -> &'static str {
        match self {
            PurgeMode::Soft => "soft",
            PurgeMode::Hard => "hard",
        }
    }

    /// The KV key of a tag's record of this kind.
    pub fn record_key(self, tag: &Tag) -> String {
        match self {
            PurgeMode::Soft => format!("p/s/{}", tag.key_segment()),
            PurgeMode::Hard => format!("p/h/{}", tag.key_segment()),
        }
    }
}

/// That a tag was purged, when, and by which act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurgeRecord {
    pub at: Time,
    pub id: String,
}

/// What the records of its tags mean for a stored response. The later, the stronger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purged {
    No,
    Soft,
    Hard,
}

/// The part of a stored response that the fence looks at.
#[derive(Clone, Copy, Debug)]
pub struct Fenced<'a> {
    pub fetched_at: Time,
    pub known: &'a [String],
}

impl Fenced<'_> {
    pub fn is_outdated_by(self, record: &PurgeRecord, skew: Duration) -> bool {
        !self.known.contains(&record.id) && self.fetched_at <= record.at + skew
    }

    /// The strongest of what `records` do to the response.
    pub fn purged<'r>(
        self,
        records: impl IntoIterator<Item = (PurgeMode, &'r PurgeRecord)>,
        skew: Duration,
    ) -> Purged {
        records
            .into_iter()
            .filter(|(_, record)| self.is_outdated_by(record, skew))
            .map(|(mode, _)| match mode {
                PurgeMode::Soft => Purged::Soft,
                PurgeMode::Hard => Purged::Hard,
            })
            .max()
            .unwrap_or(Purged::No)
    }
}
