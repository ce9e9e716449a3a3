//! Pure. Entries of a journal as bytes: they are searched, and not parsed.
//!
//! A block holds the newest entry of each tag and mode after some number. An isolate that starts
//! cold takes over the bytes of 250,000 entries as they are: it has no time to build a map of them.
//!
//! | part | content, big endian |
//! |---|---|
//! | head | nine words of eight bytes |
//! | items | tag digest, and the number with the mode in its lowest bit; 16 bytes each, sorted |
//! | earlier stamps | tag digest, and eight stamps or zeros; 72 bytes each, sorted |

use std::rc::Rc;

use crate::journal::{Dropped, Head, JournalId, Kept, Number, TagDigest};
use crate::policy::fence::PurgeMode;
use crate::policy::time::Time;

/// The version of the format stands in the first word, so that another version is not misread.
const FORMAT: u64 = 0x6564_6765_6a6e_6c02;
const WORD: usize = 8;
const HEAD: usize = 9 * WORD;
const ITEM: usize = 2 * WORD;
/// The most earlier stamps of a tag.
pub const EARLIER_MOST: usize = 8;
const EARLIER: usize = (1 + EARLIER_MOST) * WORD;
/// The items that are compared with those of another block at once.
const RUN: usize = 256;
/// The most characters of a block in KV.
const TEXT_MOST: usize = 24 * 1024 * 1024;

/// Entries of a journal after a number, as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    bytes: Rc<Vec<u8>>,
    head: Head,
    after: Number,
    items: usize,
}

impl Block {
    /// Writes the entries after a number. `kept` is sorted by digest, and then by mode.
    pub fn write<'k>(
        head: Head,
        after: Number,
        kept: impl Iterator<Item = (TagDigest, PurgeMode, &'k Kept)>,
    ) -> Block {
        let (mut items, mut earlier) = (Vec::new(), Vec::new());
        for (digest, mode, kept) in kept {
            push_item(&mut items, digest, mode, kept);
            push_earlier(&mut earlier, digest, kept);
        }
        let count = items.len() / ITEM;
        let mut bytes = Vec::with_capacity(HEAD + items.len() + earlier.len());
        push_head(&mut bytes, head, after, count);
        bytes.append(&mut items);
        bytes.append(&mut earlier);
        Block { bytes: Rc::new(bytes), head, after, items: count }
    }

    /// Writes a block with later entries in it. `later` is sorted by digest, and then by mode. What
    /// stands between them is copied, and not read.
    pub fn with(&self, head: Head, later: &[(TagDigest, PurgeMode, Kept)]) -> Block {
        let mut bytes = Vec::with_capacity(self.bytes.len() + later.len() * (ITEM + EARLIER));
        bytes.resize(HEAD, 0);
        let (mut from, mut taken) = (0, Vec::with_capacity(later.len()));
        for item in later {
            let (digest, mode, kept) = item;
            let key = (*digest, *mode);
            let place = partition_point(self.items, |place| self.key_of(place) < key);
            bytes.extend_from_slice(self.part(HEAD, ITEM, from, place));
            from = place;
            if place < self.items && self.key_of(place) == key {
                if self.number_of(place).2 > kept.number {
                    continue;
                }
                from += 1;
            }
            push_item(&mut bytes, *digest, *mode, kept);
            taken.push(item);
        }
        bytes.extend_from_slice(self.part(HEAD, ITEM, from, self.items));
        let items = (bytes.len() - HEAD) / ITEM;
        self.push_earlier_with(&mut bytes, &taken);
        let mut first = Vec::with_capacity(HEAD);
        push_head(&mut first, head, self.after, items);
        bytes[..HEAD].copy_from_slice(&first);
        Block { bytes: Rc::new(bytes), head, after: self.after, items }
    }

    fn push_earlier_with(&self, bytes: &mut Vec<u8>, taken: &[&(TagDigest, PurgeMode, Kept)]) {
        let at = HEAD + self.items * ITEM;
        let mut from = 0;
        for (digest, _, kept) in taken.iter().filter(|(_, mode, _)| *mode == PurgeMode::Soft) {
            let place =
                partition_point(self.earliers(), |place| self.earlier_digest(place) < *digest);
            bytes.extend_from_slice(self.part(at, EARLIER, from, place));
            let is_there = place < self.earliers() && self.earlier_digest(place) == *digest;
            from = place + usize::from(is_there);
            push_earlier(bytes, *digest, kept);
        }
        bytes.extend_from_slice(self.part(at, EARLIER, from, self.earliers()));
    }

    /// Returns the bytes of the places `from` to `to` in the table that begins at `at`. Its rows are `width`
    /// bytes wide.
    fn part(&self, at: usize, width: usize, from: usize, to: usize) -> &[u8] {
        self.bytes.get(at + from * width..at + to * width).unwrap_or(&[])
    }

    /// Takes over written bytes. `None`: they are damaged, or in the format of another version.
    pub fn read(bytes: Vec<u8>) -> Option<Block> {
        let [format, id, last, complete_since, soft, hard, with_records_until, after, items] =
            [0, 1, 2, 3, 4, 5, 6, 7, 8].map(|at| word(&bytes, at * WORD));
        let items = usize::try_from(items?).ok()?;
        let length = HEAD.checked_add(items.checked_mul(ITEM)?)?;
        let rest = bytes.len().checked_sub(length)?;
        if format? != FORMAT || rest % EARLIER != 0 {
            return None;
        }
        let head = Head {
            id: JournalId(id?),
            last: Number(last?),
            complete_since: Number(complete_since?),
            dropped: Dropped { soft: Number(soft?), hard: Number(hard?) },
            with_records_until: Number(with_records_until?).stamp(),
        };
        Some(Block { head, after: Number(after?), items, bytes: Rc::new(bytes) })
    }

    /// Writes the block as text, for KV.
    ///
    /// KV takes values of 25 MiB. A block that would not fit leaves out all earlier stamps: the stale
    /// windows of their tags then count from the last purge.
    pub fn to_text(&self) -> String {
        let items = HEAD + self.items * ITEM;
        let fits = self.bytes.len() <= TEXT_MOST / 2;
        hex::encode(if fits { &self.bytes[..] } else { self.bytes.get(..items).unwrap_or(&[]) })
    }

    /// Reads a block that was written as text. `None`: it is damaged, or in the format of another
    /// version.
    pub fn of_text(text: &str) -> Option<Block> {
        Block::read(hex::decode(text).ok()?)
    }

    /// Returns the bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the state of the journal when the block was written.
    pub fn head(&self) -> Head {
        self.head
    }

    /// The block holds every entry after this number.
    pub fn after(&self) -> Number {
        self.after
    }

    /// Returns the entries of a tag.
    pub fn of(&self, digest: TagDigest) -> impl Iterator<Item = (PurgeMode, Kept)> {
        let first = partition_point(self.items, |item| self.digest_of(item) < digest);
        let same = (first..self.items).take_while(move |item| self.digest_of(*item) == digest);
        same.map(|item| self.item(item)).map(|(_, mode, kept)| (mode, kept))
    }

    /// Returns the entries that another block lacks, or has with an earlier number.
    pub fn missing_from(&self, other: &Block) -> Vec<(TagDigest, PurgeMode, Kept)> {
        let (mut here, mut there, mut missing) = (0, 0, Vec::new());
        while here < self.items {
            // Two copies of one journal are alike for long stretches: these are compared as bytes.
            let run = RUN.min(self.items - here).min(other.items - there);
            let is_alike = self.part(HEAD, ITEM, here, here + run)
                == other.part(HEAD, ITEM, there, there + run);
            if run > 0 && is_alike {
                (here, there) = (here + run, there + run);
                continue;
            }
            for place in here..self.items.min(here + RUN) {
                let (digest, mode, number) = self.number_of(place);
                while there < other.items && other.key_of(there) < (digest, mode) {
                    there += 1;
                }
                let is_there = there < other.items && other.key_of(there) == (digest, mode);
                if !is_there || other.number_of(there).2 < number {
                    missing.push(self.item(place));
                }
                there += usize::from(is_there);
            }
            here = self.items.min(here + RUN);
        }
        missing
    }

    /// Returns all entries, sorted by digest and then by mode.
    pub fn iter(&self) -> impl Iterator<Item = (TagDigest, PurgeMode, Kept)> {
        (0..self.items).map(|item| self.item(item))
    }

    fn digest_of(&self, item: usize) -> TagDigest {
        TagDigest(word(&self.bytes, HEAD + item * ITEM).unwrap_or(0))
    }

    fn item(&self, item: usize) -> (TagDigest, PurgeMode, Kept) {
        let (digest, mode, number) = self.number_of(item);
        let earlier = match mode {
            PurgeMode::Soft => self.earlier_of(digest),
            PurgeMode::Hard => Vec::new(),
        };
        (digest, mode, Kept { number, earlier })
    }

    fn number_of(&self, item: usize) -> (TagDigest, PurgeMode, Number) {
        let number = word(&self.bytes, HEAD + item * ITEM + WORD).unwrap_or(0);
        let mode = if number & 1 == 1 { PurgeMode::Hard } else { PurgeMode::Soft };
        (self.digest_of(item), mode, Number(number >> 1))
    }

    fn key_of(&self, item: usize) -> (TagDigest, PurgeMode) {
        let (digest, mode, _) = self.number_of(item);
        (digest, mode)
    }

    /// Returns the number of tags with earlier stamps.
    fn earliers(&self) -> usize {
        self.bytes.len().saturating_sub(HEAD + self.items * ITEM) / EARLIER
    }

    fn earlier_digest(&self, place: usize) -> TagDigest {
        TagDigest(word(&self.bytes, self.earlier_at(place)).unwrap_or(0))
    }

    fn earlier_at(&self, place: usize) -> usize {
        HEAD + self.items * ITEM + place * EARLIER
    }

    fn earlier_of(&self, digest: TagDigest) -> Vec<Time> {
        let found = partition_point(self.earliers(), |place| self.earlier_digest(place) < digest);
        if found >= self.earliers() || self.earlier_digest(found) != digest {
            return Vec::new();
        }
        let at = self.earlier_at(found);
        let stamps = (1..=EARLIER_MOST).filter_map(|stamp| word(&self.bytes, at + stamp * WORD));
        stamps.filter(|stamp| *stamp != 0).map(|stamp| Number(stamp).stamp()).collect()
    }
}

fn push_head(bytes: &mut Vec<u8>, head: Head, after: Number, count: usize) {
    let words = [
        FORMAT,
        head.id.0,
        head.last.0,
        head.complete_since.0,
        head.dropped.soft.0,
        head.dropped.hard.0,
        u64::try_from(head.with_records_until.0).unwrap_or(0),
        after.0,
        count as u64,
    ];
    words.into_iter().for_each(|word| push(bytes, word));
}

fn push_item(bytes: &mut Vec<u8>, digest: TagDigest, mode: PurgeMode, kept: &Kept) {
    push(bytes, digest.0);
    push(bytes, kept.number.0 << 1 | u64::from(mode == PurgeMode::Hard));
}

fn push_earlier(bytes: &mut Vec<u8>, digest: TagDigest, kept: &Kept) {
    if kept.earlier.is_empty() {
        return;
    }
    push(bytes, digest.0);
    let stamps = kept.earlier.iter().map(|stamp| stamp.0.max(0) as u64);
    let stamps = stamps.chain(std::iter::repeat(0)).take(EARLIER_MOST);
    stamps.for_each(|stamp| push(bytes, stamp));
}

fn push(bytes: &mut Vec<u8>, word: u64) {
    bytes.extend_from_slice(&word.to_be_bytes());
}

fn word(bytes: &[u8], at: usize) -> Option<u64> {
    let word = bytes.get(at..at + WORD)?;
    Some(u64::from_be_bytes(word.try_into().ok()?))
}

/// Returns the first of `count` places for which `is_before` is false. It is true up to there.
fn partition_point(count: usize, is_before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low + (high - low) / 2;
        if is_before(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}
