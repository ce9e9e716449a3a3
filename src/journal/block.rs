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
/// The most characters of a block in KV.
const TEXT_MOST: usize = 24 * 1024 * 1024;

/// Entries of a journal after a number, as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    bytes: Vec<u8>,
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
        let mut count = 0;
        for (digest, mode, kept) in kept {
            count += 1;
            push(&mut items, digest.0);
            push(&mut items, kept.number.0 << 1 | u64::from(mode == PurgeMode::Hard));
            if !kept.earlier.is_empty() {
                push(&mut earlier, digest.0);
                let stamps = kept.earlier.iter().map(|stamp| stamp.0.max(0) as u64);
                stamps.chain(std::iter::repeat(0)).take(EARLIER_MOST).for_each(|stamp| {
                    push(&mut earlier, stamp);
                });
            }
        }
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
        let mut bytes = Vec::with_capacity(HEAD + items.len() + earlier.len());
        words.into_iter().for_each(|word| push(&mut bytes, word));
        bytes.append(&mut items);
        bytes.append(&mut earlier);
        Block { bytes, head, after, items: count }
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
        Some(Block { head, after: Number(after?), items, bytes })
    }

    /// Writes the block as text, for KV.
    ///
    /// KV takes values of 25 MiB. Earlier stamps that would not fit are left out: the stale windows
    /// of their tags then count from the last purge.
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

    /// Returns the number of the newest entry of a tag and mode.
    pub fn number(&self, digest: TagDigest, mode: PurgeMode) -> Option<Number> {
        let first = partition_point(self.items, |item| self.digest_of(item) < digest);
        let same = (first..self.items).map(|item| self.number_of(item));
        let mut same = same.take_while(|(other, ..)| *other == digest);
        same.find(|(_, other, _)| *other == mode).map(|(_, _, number)| number)
    }

    /// Returns the number of each entry, sorted by digest and then by mode.
    pub fn numbers(&self) -> impl Iterator<Item = (TagDigest, PurgeMode, Number)> {
        (0..self.items).map(|item| self.number_of(item))
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

    fn earlier_of(&self, digest: TagDigest) -> Vec<Time> {
        let from = HEAD + self.items * ITEM;
        let count = self.bytes.len().saturating_sub(from) / EARLIER;
        let at = |place: usize| from + place * EARLIER;
        let of = |place: usize| TagDigest(word(&self.bytes, at(place)).unwrap_or(0));
        let found = partition_point(count, |place| of(place) < digest);
        if found >= count || of(found) != digest {
            return Vec::new();
        }
        let stamps =
            (1..=EARLIER_MOST).filter_map(|stamp| word(&self.bytes, at(found) + stamp * WORD));
        stamps.filter(|stamp| *stamp != 0).map(|stamp| Number(stamp).stamp()).collect()
    }
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
