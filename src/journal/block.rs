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
        let mut first = Vec::with_capacity(HEAD);
        push_head(&mut first, head, after, count);
        let bytes = [&first[..], &items, &earlier].concat();
        Block { bytes: Rc::new(bytes), head, after, items: count }
    }

    /// Writes a block with later entries in it. `later` is sorted by digest, and then by mode. What
    /// stands between them is copied, and not read.
    pub fn with(&self, head: Head, later: &[(TagDigest, PurgeMode, Kept)]) -> Block {
        let mut bytes = Vec::with_capacity(self.bytes.len() + later.len() * (ITEM + EARLIER));
        bytes.resize(HEAD, 0);
        let (mut rest, mut taken) = (self.items(), Vec::with_capacity(later.len()));
        for item in later {
            let (digest, mode, kept) = item;
            let (before, same, after) = split(rest, key_of, (*digest, *mode));
            bytes.extend_from_slice(before.as_flattened());
            match same.filter(|same| number_of(same) > kept.number) {
                Some(same) => bytes.extend_from_slice(same),
                None => {
                    push_item(&mut bytes, *digest, *mode, kept);
                    taken.push(item);
                }
            }
            rest = after;
        }
        bytes.extend_from_slice(rest.as_flattened());
        let items = (bytes.len() - HEAD) / ITEM;
        self.push_earlier_with(&mut bytes, &taken);
        let mut first = Vec::with_capacity(HEAD);
        push_head(&mut first, head, self.after, items);
        bytes[..HEAD].copy_from_slice(&first);
        Block { bytes: Rc::new(bytes), head, after: self.after, items }
    }

    fn push_earlier_with(&self, bytes: &mut Vec<u8>, taken: &[&(TagDigest, PurgeMode, Kept)]) {
        let mut rest = self.earliers();
        for (digest, _, kept) in taken.iter().filter(|(_, mode, _)| *mode == PurgeMode::Soft) {
            let (before, _, after) = split(rest, |row| digest_of(row), *digest);
            bytes.extend_from_slice(before.as_flattened());
            push_earlier(bytes, *digest, kept);
            rest = after;
        }
        bytes.extend_from_slice(rest.as_flattened());
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
        let items = self.items();
        let (_, from) = items.split_at(items.partition_point(|item| digest_of(item) < digest));
        let same = from.iter().take_while(move |item| digest_of(*item) == digest);
        same.map(|item| self.entry(item)).map(|(_, mode, kept)| (mode, kept))
    }

    /// Returns the entries that another block lacks, or has with an earlier number.
    pub fn missing_from(&self, other: &Block) -> Vec<(TagDigest, PurgeMode, Kept)> {
        let (mut there, mut missing) = (other.items().iter().peekable(), Vec::new());
        for item in self.items() {
            // Two copies of one journal are alike for long stretches: an item that both have is not
            // unpacked.
            if there.next_if_eq(&item).is_some() {
                continue;
            }
            let key = key_of(item);
            while there.next_if(|other| key_of(other) < key).is_some() {}
            let same = there.next_if(|other| key_of(other) == key);
            if same.is_none_or(|same| number_of(same) < number_of(item)) {
                missing.push(self.entry(item));
            }
        }
        missing
    }

    /// Returns all entries, sorted by digest and then by mode.
    pub fn iter(&self) -> impl Iterator<Item = (TagDigest, PurgeMode, Kept)> {
        self.items().iter().map(|item| self.entry(item))
    }

    fn items(&self) -> &[[u8; ITEM]] {
        let (rows, _) = self.bytes.get(HEAD..).unwrap_or_default().as_chunks();
        rows.get(..self.items).unwrap_or_default()
    }

    /// Returns the rows of the tags with earlier stamps.
    fn earliers(&self) -> &[[u8; EARLIER]] {
        let at = HEAD + self.items * ITEM;
        self.bytes.get(at..).unwrap_or_default().as_chunks().0
    }

    fn entry(&self, item: &[u8; ITEM]) -> (TagDigest, PurgeMode, Kept) {
        let (digest, mode) = key_of(item);
        let earlier = match mode {
            PurgeMode::Soft => self.earlier_of(digest),
            PurgeMode::Hard => Vec::new(),
        };
        (digest, mode, Kept { number: number_of(item), earlier })
    }

    fn earlier_of(&self, digest: TagDigest) -> Vec<Time> {
        let (_, row, _) = split(self.earliers(), |row| digest_of(row), digest);
        let Some(row) = row else { return Vec::new() };
        let stamps = (1..=EARLIER_MOST).filter_map(|stamp| word(row, stamp * WORD));
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
    push(bytes, (kept.number.0 << 1) + u64::from(mode == PurgeMode::Hard));
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

/// Returns the rows before a key, the row with the key, and the rows after it.
fn split<R, K: Ord>(rows: &[R], key_of: impl Fn(&R) -> K, key: K) -> (&[R], Option<&R>, &[R]) {
    let (before, rest) = rows.split_at(rows.partition_point(|row| key_of(row) < key));
    match rest.split_first() {
        Some((row, after)) if key_of(row) == key => (before, Some(row), after),
        _ => (before, None, rest),
    }
}

/// Returns the digest of a row of either table.
fn digest_of(row: &[u8]) -> TagDigest {
    TagDigest(word(row, 0).unwrap_or(0))
}

fn key_of(item: &[u8; ITEM]) -> (TagDigest, PurgeMode) {
    let is_hard = second(item) & 1 == 1;
    (digest_of(item), if is_hard { PurgeMode::Hard } else { PurgeMode::Soft })
}

fn number_of(item: &[u8; ITEM]) -> Number {
    Number(second(item) >> 1)
}

fn second(item: &[u8; ITEM]) -> u64 {
    word(item, WORD).unwrap_or(0)
}

fn word(bytes: &[u8], at: usize) -> Option<u64> {
    let word = bytes.get(at..at + WORD)?;
    Some(u64::from_be_bytes(word.try_into().ok()?))
}
