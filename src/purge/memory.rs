//! Pure. The purge records that this isolate has read or made.
//!
//! Nothing in it is taken back: what KV no longer or not yet shows stays known here. Two moments
//! count, and both are counts and not times, because a Worker's clock stands still between I/O:
//! what was *learned* before an origin request was sent is what its answer takes into account.
//!
//! Why not only the latest record of a tag. Two isolates whose clocks differ may purge one tag
//! within `skew`, and the later purge may bear the earlier stamp. Were it merged away, a response
//! that knows the other record would pass for fresh. So the records learned last are all kept, and
//! the one with the latest stamp. Of a record that gives way the stamp stays, in the latest record: the
//! stale window of a soft purge counts from it.
//!
//! Why a record of this isolate's own counts as learned only when KV has confirmed it. Before that,
//! another isolate's record of the same tag may be written first and then overwritten by ours; a
//! response that knows ours must not have been asked for before that other purge.
//!
//! Its bound is one of bytes: a tag is known here by its brief form ([`Tag::brief`]), so that long URLs
//! fill no more memory than short ones.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::coordinator::ledger;
use crate::policy::fence::{PurgeMode, PurgeRecord, giving_way};
use crate::policy::tag::Tag;
use crate::policy::time::{Time, median};

/// Tags that are remembered; past this, the least recently read are forgotten.
const TAGS_MOST: usize = 20_000;
/// Records of a tag and mode that are remembered, the one with the latest stamp among them: as many as
/// a coordinator tells of at once, and as many that KV has shown.
const RECORDS_MOST: usize = 2 * ledger::RECORDS_MOST;
/// This isolate's own purges are kept at least so long, whatever KV says.
const OWN_KEPT: Duration = Duration::from_secs(120);

#[derive(Default)]
pub struct PurgeMemory {
    /// By their brief forms.
    tags: BTreeMap<Tag, Remembered>,
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
    /// This isolate's purges that no record stands for yet: the latest stands for all.
    noted: Option<KnownRecord>,
}

struct KnownRecord {
    record: PurgeRecord,
    /// When this isolate first heard of it, be it its own and unconfirmed.
    seen: LearnCount,
    /// None: made here, and not yet confirmed by KV.
    when: Option<LearnCount>,
}

/// A point in the order in which this isolate learned records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LearnCount(u64);

impl Remembered {
    fn of(&mut self, mode: PurgeMode) -> &mut RecordsOfMode {
        match mode {
            PurgeMode::Soft => &mut self.soft,
            PurgeMode::Hard => &mut self.hard,
        }
    }
}

impl PurgeMemory {
    /// Now, in the order of learning: taken before an origin request is sent.
    pub fn learn_count(&self) -> LearnCount {
        LearnCount(self.learned)
    }

    /// The tags whose records are not known well enough: never read, or longer ago than `window`.
    pub fn unread<'a>(&self, tags: &'a [Tag], window: Duration, now: Time) -> Vec<&'a Tag> {
        let is_read = |tag: &Tag| {
            let read_at = self.tags.get(&*tag.brief()).and_then(|remembered| remembered.read_at);
            // broken: memory-never-expires, absent-for-ever
            read_at.is_some_and(|at| now < at + window)
        };
        tags.iter().filter(|tag| !is_read(tag)).collect()
    }

    /// KV was asked at `asked_at` and showed these records of `tag`.
    pub fn read(&mut self, tag: &Tag, records: Vec<(PurgeMode, PurgeRecord)>, asked_at: Time) {
        let learn_count = self.next_count();
        let remembered = self.remembered(tag, asked_at);
        for (mode, record) in records {
            remembered.of(mode).learn(record, learn_count, Some(learn_count));
        }
        remembered.read_at = remembered.read_at.max(Some(asked_at));
    }

    /// A purge has come that is to be written, or is for this isolate alone: from now on it outdates,
    /// and vouches for nothing.
    pub fn noted(&mut self, tag: &Tag, mode: PurgeMode, record: PurgeRecord, now: Time) {
        let seen = self.next_count();
        let remembered = self.remembered(tag, now);
        remembered.own_until = Some(now + OWN_KEPT);
        remembered.of(mode).noted = Some(KnownRecord { record, seen, when: None });
    }

    /// KV has taken it. It stands for all purges that came before its stamp.
    pub fn confirmed(&mut self, tag: &Tag, mode: PurgeMode, record: PurgeRecord, now: Time) {
        let learn_count = self.next_count();
        let remembered = self.remembered(tag, now);
        remembered.own_until = Some(now + OWN_KEPT);
        let known = remembered.of(mode);
        known.noted.take_if(|noted| noted.record.at <= record.at);
        known.learn(record, learn_count, Some(learn_count));
    }

    /// The coordinator holds it, so KV has taken it, whether or not KV shows it here yet.
    pub fn told(&mut self, tag: &Tag, mode: PurgeMode, record: PurgeRecord, now: Time) {
        let learn_count = self.next_count();
        self.remembered(tag, now).of(mode).learn(record, learn_count, Some(learn_count));
    }

    /// Every record of `tags` that is remembered.
    pub fn records<'a>(
        &'a self,
        tags: &'a [Tag],
    ) -> impl Iterator<Item = (PurgeMode, &'a PurgeRecord)> {
        self.learned_of(tags).map(|(mode, learned)| (mode, &learned.record))
    }

    /// Every record of `tags` that was first seen after `moment`.
    pub fn records_since<'a>(
        &'a self,
        tags: &'a [Tag],
        learn_count: LearnCount,
    ) -> impl Iterator<Item = (PurgeMode, &'a PurgeRecord)> {
        let since = self.learned_of(tags).filter(move |(_, learned)| learned.seen > learn_count);
        since.map(|(mode, learned)| (mode, &learned.record))
    }

    /// The ids of those learned by `moment` that could still outdate a response fetched at
    /// `fetched_at`, here or in an isolate that dates them later.
    pub fn known(
        &self,
        tags: &[Tag],
        learn_count: LearnCount,
        fetched_at: Time,
        skew: Duration,
    ) -> Vec<String> {
        let mut known: Vec<String> = self
            .learned_of(tags)
            .filter(|(_, learned)| learned.when.is_some_and(|when| when <= learn_count))
            .filter(|(_, KnownRecord { record, .. })| {
                !record.is_dated() || fetched_at <= record.at + skew
            })
            // broken: known-is-a-time.ids
            .map(|(_, learned)| learned.record.id.clone())
            .collect();
        // broken: known-is-a-time.newest
        known.sort();
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

    /// More were purged here than can be kept for two minutes: KV has what was confirmed.
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
    fn learn(&mut self, record: PurgeRecord, seen: LearnCount, when: Option<LearnCount>) {
        let records = &mut self.learned;
        if let Some(same) = records.iter_mut().find(|learned| learned.record.id == record.id) {
            same.when = same.when.or(when);
            return;
        }
        records.push(KnownRecord { record, seen, when });
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
