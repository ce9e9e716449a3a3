//! Pure. The purge records that this isolate has read or made.
//!
//! A record stays known here even if KV does not show it yet, or no longer shows it. Each
//! record has two moments: when this isolate first heard of it (`seen`), and when the isolate
//! learned that KV has it (`confirmed`). Both are counts and not times, because a Worker's clock
//! stands still between I/O. A request to the origin notes the count before it is sent. Its
//! response takes into account the records learned up to that count.
//!
//! The memory keeps several records of a tag, not only the latest. Two isolates whose clocks differ
//! may purge one tag within `skew`, and the later purge may have the earlier stamp. If that record
//! were dropped, a response that knows only the other record would count as fresh. So the memory
//! keeps the records learned last, and the record with the latest stamp. When a record is dropped,
//! the latest record keeps its stamp: the stale window of a soft purge counts from it.
//!
//! A purge that holds in this isolate alone counts as learned at once. A record that this isolate
//! writes counts as learned only when KV has confirmed it. Before that, another
//! isolate's record of the same tag may be written and then overwritten by this isolate's record. A
//! response that knows this isolate's record must have been requested after that other purge.
//!
//! The memory is bounded in bytes. A tag is stored in its brief form ([`Tag::brief`]), so a long
//! URL takes no more memory than a short one.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::fields::sorting::sorted_by_text;
use crate::policy::fence::{PurgeMode, PurgeRecord, giving_way};
use crate::policy::tag::Tag;
use crate::policy::time::{Time, median};
use crate::policy::timing::OWN_PURGES_KEPT;

/// The most tags that are remembered. Beyond it, the least recently read tags are forgotten.
const TAGS_MOST: usize = 20_000;
/// The most records that are remembered of a tag and mode, including the one with the latest stamp.
const RECORDS_MOST: usize = 16;

/// The purge records that this isolate remembers, by tag.
#[derive(Default)]
pub struct PurgeMemory {
    /// The tags, by their brief forms.
    tags: BTreeMap<Tag, Box<Remembered>>,
    learned: u64,
}

#[derive(Default)]
struct Remembered {
    soft: RecordsOfMode,
    hard: RecordsOfMode,
    read_at: Option<Time>,
    own_until: Option<Time>,
}

/// The records of a tag and kind.
#[derive(Default)]
struct RecordsOfMode {
    learned: Vec<KnownRecord>,
    /// The latest of this isolate's purges that KV has not confirmed yet. It covers the earlier
    /// ones.
    noted: Option<KnownRecord>,
}

struct KnownRecord {
    record: PurgeRecord,
    /// The count at which this isolate first heard of the record, confirmed by KV or not.
    seen: LearnCount,
    /// The count from which a response may know the record. `None`: it is being written to KV.
    confirmed: Option<LearnCount>,
}

/// A point in the order in which this isolate learned records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LearnCount(u64);

impl LearnCount {
    /// The count of an isolate that has learned nothing.
    pub const FIRST: LearnCount = LearnCount(0);
}

impl Remembered {
    fn of(&mut self, mode: PurgeMode) -> &mut RecordsOfMode {
        match mode {
            PurgeMode::Soft => &mut self.soft,
            PurgeMode::Hard => &mut self.hard,
        }
    }
}

impl PurgeMemory {
    /// Returns the current count. Call it before a request is sent to the origin.
    pub fn learn_count(&self) -> LearnCount {
        LearnCount(self.learned)
    }

    /// Returns the tags to read from KV: those never read, or last read longer ago than `window`.
    pub fn unread<'a>(&self, tags: &'a [Tag], window: Duration, now: Time) -> Vec<&'a Tag> {
        let is_read = |tag: &Tag| {
            let read_at = self.tags.get(&*tag.brief()).and_then(|remembered| remembered.read_at);
            // broken: memory-never-expires, absent-for-ever
            read_at.is_some_and(|at| now < at + window)
        };
        tags.iter().filter(|tag| !is_read(tag)).collect()
    }

    /// Adds the records of `tag` that KV returned for a read sent at `asked_at`.
    pub fn read(&mut self, tag: &Tag, records: Vec<(PurgeMode, PurgeRecord)>, asked_at: Time) {
        let learn_count = self.next_count();
        let remembered = self.remembered(tag, asked_at);
        for (mode, record) in records {
            remembered.of(mode).learn(record, learn_count, Some(learn_count));
        }
        remembered.read_at = remembered.read_at.max(Some(asked_at));
    }

    /// Adds a purge that KV has not confirmed. From now on it outdates stored responses. Its
    /// id is stored with no response until KV has confirmed it.
    pub fn noted(&mut self, tag: &Tag, mode: PurgeMode, record: PurgeRecord, now: Time) {
        let seen = self.next_count();
        let remembered = self.remembered(tag, now);
        remembered.own_until = Some(now + OWN_PURGES_KEPT);
        remembered.of(mode).noted = Some(KnownRecord { record, seen, confirmed: None });
    }

    /// Adds a purge that holds in this isolate alone. No record of it overwrites another isolate's
    /// in KV, so a response that is requested from now on may know it at once.
    pub fn noted_here(&mut self, tag: &Tag, mode: PurgeMode, record: PurgeRecord, now: Time) {
        let seen = self.next_count();
        let remembered = self.remembered(tag, now);
        remembered.own_until = Some(now + OWN_PURGES_KEPT);
        remembered.of(mode).learn(record, seen, Some(seen));
    }

    /// Adds a record that KV has taken. It covers all noted purges up to its stamp.
    pub fn confirmed(&mut self, tag: &Tag, mode: PurgeMode, record: PurgeRecord, now: Time) {
        let learn_count = self.next_count();
        let remembered = self.remembered(tag, now);
        remembered.own_until = Some(now + OWN_PURGES_KEPT);
        let known = remembered.of(mode);
        known.noted.take_if(|noted| noted.record.at <= record.at);
        known.learn(record, learn_count, Some(learn_count));
    }

    /// Drops the purge noted at `at` or before: the journal's copy has it from now on.
    pub fn appended(&mut self, tag: &Tag, mode: PurgeMode, at: Time) {
        if let Some(remembered) = self.tags.get_mut(&*tag.brief()) {
            remembered.of(mode).noted.take_if(|noted| noted.record.at <= at);
        }
    }

    /// Returns every remembered record of `tags`.
    pub fn records<'a>(
        &'a self,
        tags: &'a [Tag],
    ) -> impl Iterator<Item = (PurgeMode, &'a PurgeRecord)> {
        self.learned_of(tags).map(|(mode, learned)| (mode, &learned.record))
    }

    /// Returns every record of `tags` that was first seen after `learn_count`.
    pub fn records_since<'a>(
        &'a self,
        tags: &'a [Tag],
        learn_count: LearnCount,
    ) -> impl Iterator<Item = (PurgeMode, &'a PurgeRecord)> {
        let since = self.learned_of(tags).filter(move |(_, learned)| learned.seen > learn_count);
        since.map(|(mode, learned)| (mode, &learned.record))
    }

    /// Returns the ids to store with a response that was fetched at `fetched_at`: records learned
    /// by `learn_count` that could still outdate it. `skew` allows for isolates whose clocks
    /// differ.
    pub fn known(
        &self,
        tags: &[Tag],
        learn_count: LearnCount,
        fetched_at: Time,
        skew: Duration,
    ) -> Vec<String> {
        let mut known: Vec<String> = self
            .learned_of(tags)
            .filter(|(_, learned)| {
                learned.confirmed.is_some_and(|confirmed| confirmed <= learn_count)
            })
            .filter(|(_, KnownRecord { record, .. })| {
                !record.is_dated() || fetched_at <= record.at + skew
            })
            // broken: known-is-a-time.ids
            .map(|(_, learned)| learned.record.id.clone())
            .collect();
        // broken: known-is-a-time.newest
        known = sorted_by_text(known, String::clone);
        known.dedup();
        known
    }

    fn learned_of<'a>(
        &'a self,
        tags: &'a [Tag],
    ) -> impl Iterator<Item = (PurgeMode, &'a KnownRecord)> {
        tags.iter().filter_map(|tag| self.tags.get(&*tag.brief())).flat_map(|remembered| {
            let soft = remembered.soft.all().map(|learned| (PurgeMode::Soft, learned));
            let hard = remembered.hard.all().map(|learned| (PurgeMode::Hard, learned));
            soft.chain(hard)
        })
    }

    fn next_count(&mut self) -> LearnCount {
        self.learned += 1;
        LearnCount(self.learned)
    }

    fn remembered(&mut self, tag: &Tag, now: Time) -> &mut Remembered {
        let tag = tag.brief();
        if self.tags.len() >= TAGS_MOST && !self.tags.contains_key(&*tag) {
            self.forget_least_recently_read(now);
        }
        self.tags.entry(tag.into_owned()).or_default()
    }

    fn forget_least_recently_read(&mut self, now: Time) {
        let median = median(self.tags.values().map(|tag| tag.read_at));
        self.tags.retain(|_, tag| {
            tag.own_until.is_some_and(|until| now < until) || tag.read_at > median
        });
        if self.tags.len() >= TAGS_MOST {
            self.forget_older_own();
        }
    }

    /// Forgets the older half of this isolate's own purges, when too many to keep were made within
    /// two minutes. KV has those that were written to it.
    fn forget_older_own(&mut self) {
        let median = median(self.tags.values().map(|tag| tag.own_until));
        let mut left = TAGS_MOST / 2;
        self.tags.retain(|_, tag| {
            let stays = tag.own_until >= median && left > 0;
            left -= usize::from(stays);
            stays
        });
    }
}

impl RecordsOfMode {
    fn all(&self) -> impl Iterator<Item = &KnownRecord> {
        self.learned.iter().chain(&self.noted)
    }

    /// Adds a record in the order of learning.
    fn learn(&mut self, record: PurgeRecord, seen: LearnCount, confirmed: Option<LearnCount>) {
        let records = &mut self.learned;
        if let Some(same) = records.iter_mut().find(|learned| learned.record.id == record.id) {
            same.confirmed = same.confirmed.or(confirmed);
            return;
        }
        records.push(KnownRecord { record, seen, confirmed });
        if records.len() > RECORDS_MOST {
            let in_order = records.iter().enumerate();
            let stamps = in_order.map(|(learned, known)| (known.record.at, learned));
            let Some(position) = giving_way(stamps) else { return };
            let gone = records.remove(position).record;
            if let Some(stays) = records.iter_mut().max_by_key(|known| known.record.at) {
                stays.record.replaces(gone.stamps());
            }
        }
    }
}
