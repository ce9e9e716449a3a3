//! The purge fence: the decision whether a purge outdates a stored response.
//!
//! **A record outdates a stored response unless its id is in `known`, or
//! `fetched_at > at + skew`.**
//!
//! The rule loses no purge, for two reasons. First, `fetched_at` is the time when the origin
//! request *began*. A response rendered during the purge has `fetched_at <= at` on one clock. On
//! two clocks that differ by half of `skew` at most, it has `fetched_at <= at + skew`. It is
//! outdated either way. Second, a record is in `known` only if this isolate held it before it sent
//! the origin request. The origin had made its change before it sent the purge. So the response
//! shows the change, whatever the clocks say.
//!
//! **An unreadable record is a purge of its key's kind.** Another version wrote it, or it is
//! damaged: either way there was a purge. The record bears no time, so it counts from the moment
//! when an isolate reads it, which is no earlier than the purge. The record has no id, so its bytes
//! are its id, the same in every isolate. Another isolate may read it at any later time, and would
//! then outdate a response that does not know it. So a request that knows the record says so,
//! however much later.
//!
//! **Stamps alone tell since when a response is outdated.** KV keeps one record a key, so a soft
//! record names the stamps of the records that it replaces. A response is outdated since the
//! earliest of them that is not before its `fetched_at`. Replaced stamps have no ids. A response
//! made in knowledge of an earlier purge has a `fetched_at` later than that stamp; the skew is
//! ignored. These stamps never decide *whether* a response is outdated.
//!
//! An error in these stamps costs little. If clocks differ, the stale window may end too early, and
//! the page is revalidated before it is shown. The window may count from a later purge if a purge
//! was forgotten, or a response was made without knowing it within the skew. It then ends at the
//! latest its own length after the last purge.
//!
//! Out of scope: a purge record that becomes readable later than `skew` after its stamp. The purge
//! flow stamps again instead (`purge/recording.rs`). Also out of scope: a second unreadable record of the
//! same bytes as the first.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::journal::Known;
use crate::json::{self, FromValue, from_object};
use crate::policy::time::Time;

/// The strength of a purge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PurgeMode {
    /// Responses are stale from now on.
    Soft,
    /// Responses must not be shown again.
    Hard,
}

impl FromValue for PurgeMode {
    fn from_value(value: Value) -> Option<PurgeMode> {
        [PurgeMode::Soft, PurgeMode::Hard].into_iter().find(|mode| value == mode.as_str())
    }
}

impl PurgeMode {
    /// Returns `soft` or `hard`, as records and requests spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            PurgeMode::Soft => "soft",
            PurgeMode::Hard => "hard",
        }
    }
}

/// A purge of a tag, with its time and its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PurgeRecord {
    /// The stamp: the time of the purge.
    pub at: Time,
    /// The id of the purge; a digest of its bytes if the record was unreadable.
    pub id: String,
    /// Stamps of earlier purges in this mode that the recording isolate remembered. They ascend,
    /// and are before `at`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub replaced: Vec<Time>,
}

/// The first character of an id made from an unreadable record; other ids are hexadecimal.
const UNREADABLE: char = '?';
/// The largest number of earlier purges that a record names.
const REPLACED_MOST: usize = 8;

from_object!(PurgeRecord, [at, id], or_default: [replaced]);

impl PurgeRecord {
    /// Reads the record that KV held at `now`. An unreadable one becomes a record of this time.
    pub fn of(value: &str, now: Time) -> PurgeRecord {
        json::read(value).unwrap_or_else(|| {
            let digest = hex::encode(&Sha256::digest(value.as_bytes())[..8]);
            PurgeRecord { at: now, id: format!("{UNREADABLE}{digest}"), replaced: Vec::new() }
        })
    }

    /// Adds the stamps of earlier purges of the same tag and mode.
    pub fn replaces(&mut self, stamps: impl IntoIterator<Item = Time>) {
        let at = self.at;
        self.replaced.extend(stamps);
        self.replaced.retain(|stamp| *stamp < at);
        self.replaced.sort_unstable();
        self.replaced.dedup();
        thin_out(&mut self.replaced, at, REPLACED_MOST);
    }

    /// Returns the times of the purges that this record names.
    pub fn stamps(&self) -> impl Iterator<Item = Time> {
        self.replaced.iter().copied().chain([self.at])
    }

    /// Tells whether `at` is the time of the purge, and not the time when an isolate read the
    /// record.
    pub fn is_dated(&self) -> bool {
        !self.id.starts_with(UNREADABLE)
    }
}

/// Returns the position of the record that is dropped if there is room for all but one. It is the
/// first that came, unless its stamp is the latest. A response that knows none of the remaining
/// records is outdated by them as well. `records` holds the stamp of each, and its place in the
/// order of arrival.
pub fn giving_way<C: Copy + Ord>(
    records: impl Iterator<Item = (Time, C)> + Clone,
) -> Option<usize> {
    let (latest, _) = records.clone().enumerate().max_by_key(|(_, record)| *record)?;
    let others = records.enumerate().filter(|(position, _)| *position != latest);
    let (position, _) = others.min_by_key(|(_, (_, came))| *came)?;
    Some(position)
}

/// Removes stamps until `most` are left; the earliest stays. The stamp with the smallest gap in
/// proportion to its age goes first: of many purges long ago few stay.
pub fn thin_out(stamps: &mut Vec<Time>, now: Time, most: usize) {
    while stamps.len() > most {
        // A second is added: among purges of the same second it does not matter which stays.
        let age = |stamp: Option<&Time>| stamp.map_or(0, |at| now.since(*at).as_millis()) + 1000;
        let gap = |place: &usize| 1000 * age(stamps.get(place - 1)) / age(stamps.get(place + 1));
        let Some(least) = (1..stamps.len()).min_by_key(gap) else { return };
        stamps.remove(least);
    }
}

/// The effect of purge records on a stored response, in ascending strength.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purged {
    /// No record outdates the response.
    No,
    /// A soft purge outdates the response.
    Soft,
    /// A hard purge outdates the response.
    Hard,
}

/// The effect of purges on a stored response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect {
    /// The strongest effect.
    pub purged: Purged,
    /// The earliest purge that outdates the response, as far as it is remembered.
    pub outdated_since: Option<Time>,
}

impl Effect {
    /// No purge outdates the response.
    pub const NONE: Effect = Effect { purged: Purged::No, outdated_since: None };

    /// Returns the effect of the purges of both.
    pub fn and(self, other: Effect) -> Effect {
        let since = self.outdated_since.into_iter().chain(other.outdated_since).min();
        Effect { purged: self.purged.max(other.purged), outdated_since: since }
    }
}

/// The time of a stored response, and the purges that its origin knew of. The fence needs both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Provenance {
    /// The earliest time at which the origin may have made the response. It is the start of its
    /// request or last revalidation, less the `Age` of the response.
    pub fetched_at: Time,
    /// Ids of the purge records that this isolate held before it sent the request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub known: Vec<String>,
    /// The number to which this isolate's copy of the journal was complete before it sent the
    /// request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub journal: Option<Known>,
}

from_object!(Provenance, [fetched_at], or_default: [known, journal]);

impl Provenance {
    /// Tells whether a record outdates the response; `skew` is the margin of purges.
    pub fn is_outdated_by(&self, record: &PurgeRecord, skew: Duration) -> bool {
        // broken: known-is-a-time.read, no-skew
        !self.known.contains(&record.id) && self.fetched_at <= record.at + skew
    }

    /// Returns the time since which `records` outdate the response; `None` if they do not.
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

    /// Returns the strongest effect of `records` on the response.
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
