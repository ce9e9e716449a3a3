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
//! **A record that cannot be read is a purge of its key's kind.** Another version wrote it, or it is
//! damaged: either way there was a purge. It bears no time, so it counts as of the moment at which an
//! isolate reads it, which is no earlier than the purge; and no id, so its bytes are its id, the same
//! in every isolate. That one may read it at any later time, and would outdate a response that does
//! not know it: so a request in knowledge of it says so, however much later.
//!
//! Out of scope: a purge record that becomes readable later than `skew` after its stamp. The purge
//! flow stamps again instead (`purge/mod.rs`). A second unreadable record of the same bytes as the first.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::policy::time::Time;

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
}

/// That a tag was purged, when, and by which act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurgeRecord {
    pub at: Time,
    pub id: String,
}

/// What the id of a record begins with that was made of an unreadable one; ours are hexadecimal.
const UNREADABLE: char = '?';

impl PurgeRecord {
    /// The record that KV held when it was read at `now`.
    pub fn of(value: &str, now: Time) -> PurgeRecord {
        serde_json::from_str(value).unwrap_or_else(|_| {
            let digest = hex::encode(&Sha256::digest(value.as_bytes())[..8]);
            PurgeRecord { at: now, id: format!("{UNREADABLE}{digest}") }
        })
    }

    /// Whether `at` is when it was made, in every isolate, and not when this one read it.
    pub fn is_dated(&self) -> bool {
        !self.id.starts_with(UNREADABLE)
    }
}

/// Which record gives way where there is room for all but one: the first that came, unless its stamp is
/// the latest. A response that knows none of those that stay is outdated by them as well. `records`: the
/// stamp of each, and its place in the order in which they came.
pub fn giving_way<C: Copy + Ord>(
    records: impl Iterator<Item = (Time, C)> + Clone,
) -> Option<usize> {
    let (latest, _) = records.clone().enumerate().max_by_key(|(_, record)| *record)?;
    let others = records.enumerate().filter(|(position, _)| *position != latest);
    let (position, _) = others.min_by_key(|(_, (_, came))| *came)?;
    Some(position)
}

/// What the records of its tags mean for a stored response. The later, the stronger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purged {
    No,
    Soft,
    Hard,
}

/// When a stored response was made, and which purges its origin knew of: what the fence looks at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// The earliest time at which the origin may have made it: when its request began, or that of its
    /// last revalidation, less the `Age` of the response.
    pub fetched_at: Time,
    /// Ids of the purge records that this isolate held before it sent the request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known: Vec<String>,
}

impl Provenance {
    pub fn is_outdated_by(&self, record: &PurgeRecord, skew: Duration) -> bool {
        // broken: known-is-a-time.read, no-skew
        !self.known.contains(&record.id) && self.fetched_at <= record.at + skew
    }

    /// The strongest of what `records` do to the response.
    pub fn purged<'r>(
        &self,
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
