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
//! **Since when a response is outdated is told by stamps alone.** KV keeps one record a key, so a soft
//! record names the stamps of those that it replaces: a response is outdated since the earliest of
//! them that is not before its `fetched_at`. They have no ids. A response made in knowledge of an
//! earlier purge is told by its `fetched_at`, which is later than that stamp, and the skew is left out
//! of account. Nothing else depends on them: they never decide *whether* a response is outdated.
//!
//! What an error in these stamps costs: where clocks differ, the stale window may end too early, and
//! the page is revalidated before it is shown. Where a purge was forgotten, or a response was made
//! without knowing it within the skew, the window counts from a later purge. It then ends at the
//! latest its own length after the last purge.
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
    /// When the tag was purged before in this mode, as far as the isolate that made this record
    /// remembered. Ascending, and before `at`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaced: Vec<Time>,
}

/// What the id of a record begins with that was made of an unreadable one; ours are hexadecimal.
const UNREADABLE: char = '?';
/// Earlier purges that a record names.
const REPLACED_MOST: usize = 8;

impl PurgeRecord {
    /// The record that KV held when it was read at `now`.
    pub fn of(value: &str, now: Time) -> PurgeRecord {
        serde_json::from_str(value).unwrap_or_else(|_| {
            let digest = hex::encode(&Sha256::digest(value.as_bytes())[..8]);
            PurgeRecord { at: now, id: format!("{UNREADABLE}{digest}"), replaced: Vec::new() }
        })
    }

    /// Names earlier purges of its tag and mode.
    pub fn replaces(&mut self, stamps: impl IntoIterator<Item = Time>) {
        let at = self.at;
        self.replaced.extend(stamps);
        self.replaced.retain(|stamp| *stamp < at);
        self.replaced.sort_unstable();
        self.replaced.dedup();
        thin_out(&mut self.replaced, at);
    }

    /// When the tag was purged, as far as this record says.
    pub fn stamps(&self) -> impl Iterator<Item = Time> {
        self.replaced.iter().copied().chain([self.at])
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

/// Leaves out stamps until there are few. The earliest stays. Of the others the stamp goes first that
/// leaves the smallest gap in proportion to its age: of many purges long ago few stay.
fn thin_out(stamps: &mut Vec<Time>, now: Time) {
    while stamps.len() > REPLACED_MOST {
        // A second more: among purges of the same second it does not matter which stays.
        let age = |stamp: Option<&Time>| stamp.map_or(0, |at| now.since(*at).as_millis()) + 1000;
        let gap = |place: &usize| 1000 * age(stamps.get(place - 1)) / age(stamps.get(place + 1));
        let Some(least) = (1..stamps.len()).min_by_key(gap) else { return };
        stamps.remove(least);
    }
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

    /// Since when it is outdated by `records`, if it is.
    pub fn outdated_since<'r>(
        &self,
        records: impl IntoIterator<Item = &'r PurgeRecord>,
        skew: Duration,
    ) -> Option<Time> {
        let outdating = records.into_iter().filter(|record| self.is_outdated_by(record, skew));
        let since = outdating.flat_map(|record| {
            let replaced = record.replaced.iter().copied();
            replaced.filter(|stamp| self.fetched_at <= *stamp).chain([record.at])
        });
        // broken: later-purge-counts
        since.min()
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
