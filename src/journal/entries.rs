//! Pure. The journal as its object holds it: the newest entry of each tag and mode.
//!
//! An append is one row, written before it is answered. A row is deleted when later entries have
//! taken the place of all of its own. A repeated append is the same entry.
//!
//! **What is dropped outdates all the same.** Past [`SELECTORS_MOST`] the oldest soft entries are
//! dropped, and hard ones if no soft one is left. The newest dropped number is kept: a response that
//! does not know it counts as purged. So a dropped entry never makes a page fresher.
//!
//! **Visitors displace nothing.** Entries of unauthenticated requests (RFC 9111 §4.4) have a share
//! of their own. When it is full, their own oldest entries are forgotten.

use std::collections::BTreeMap;

use crate::coordinator::ledger::RowChange;
use crate::journal::block::{Block, EARLIER_MOST};
use crate::journal::{Dropped, Head, JournalId, Kept, Number, TagDigest};
use crate::policy::fence::{PurgeMode, thin_out};
use crate::policy::time::Time;

/// The most tags and modes whose newest entry is kept.
pub const SELECTORS_MOST: usize = 250_000;
/// The most of them that unauthenticated requests may have.
pub const VISITORS_MOST: usize = 25_000;
/// The most rows that an append deletes. With its own row and the head's that makes four.
const DELETED_MOST: usize = 2;

/// The sender of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// A request with a token.
    Token,
    /// A visitor's unsafe request.
    Visitor,
}

/// A purge to append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Append {
    /// The random id of the purge request.
    pub request: u128,
    /// The mode of the purge.
    pub mode: PurgeMode,
    /// The sender of the purge.
    pub sender: Sender,
    /// The digests of the purged tags.
    pub tags: Vec<TagDigest>,
}

type Key = (TagDigest, PurgeMode);

/// The entries of a journal.
#[derive(Debug)]
pub struct Entries {
    head: Head,
    kept: BTreeMap<Key, Entry>,
    /// The keys of each number whose entry is still the newest of its tag.
    by_number: BTreeMap<Number, Row>,
    requests: BTreeMap<u128, Number>,
    of_visitors: usize,
    /// Rows that no key refers to any more, to be deleted by and by.
    idle: Vec<Number>,
    most: usize,
    visitors_most: usize,
}

#[derive(Debug)]
struct Entry {
    kept: Kept,
    sender: Sender,
}

#[derive(Debug, Default)]
struct Row {
    request: u128,
    keys: Vec<Key>,
}

const HEAD: &str = "head";

impl Entries {
    /// Begins a journal. Make the change durable before the first answer.
    pub fn born(id: JournalId, now: Time) -> (Entries, RowChange) {
        let last = Number(0).next(now);
        let head = Head { id, last, complete_since: last, dropped: Dropped::default() };
        let entries = Entries {
            head,
            kept: BTreeMap::new(),
            by_number: BTreeMap::new(),
            requests: BTreeMap::new(),
            of_visitors: 0,
            idle: Vec::new(),
            most: SELECTORS_MOST,
            visitors_most: VISITORS_MOST,
        };
        let change = entries.head_row();
        (entries, change)
    }

    /// Bounds the journal more tightly, for tests.
    pub fn bounded(self, most: usize, visitors_most: usize) -> Entries {
        Entries { most, visitors_most, ..self }
    }

    /// Restores a journal from written rows. `None`: there is no head among them, or it cannot be
    /// read.
    pub fn restored(rows: impl IntoIterator<Item = (String, String)>) -> Option<Entries> {
        let (mut head, mut appended) = (None, BTreeMap::new());
        for (key, value) in rows {
            match key.strip_prefix("e/").and_then(|number| u64::from_str_radix(number, 16).ok()) {
                Some(number) => drop(appended.insert(Number(number), value)),
                None if key == HEAD => head = head_of(&value),
                None => {}
            }
        }
        let (mut entries, _) = Entries::born(head?.id, Time(0));
        entries.head = head?;
        for (number, value) in appended {
            let (append, earlier) = append_of(&value)?;
            entries.head.last = entries.head.last.max(number);
            entries.insert(number, &append, earlier);
        }
        entries.make_room();
        Some(entries)
    }

    /// Returns the state of the journal.
    pub fn head(&self) -> Head {
        self.head
    }

    /// Appends a purge. Make the changes durable before it is answered. A repeated request changes
    /// nothing.
    pub fn append(&mut self, append: &Append, now: Time) -> (Number, Vec<RowChange>) {
        if let Some(number) = self.requests.get(&append.request) {
            return (*number, Vec::new());
        }
        let number = self.head.last.next(now);
        let earlier: Vec<Vec<Time>> =
            append.tags.iter().map(|tag| self.earlier(*tag, append.mode, number)).collect();
        let value = row_of(append, &earlier);
        let key = row_key(number);
        let dropped = self.head.dropped;
        self.head.last = number;
        self.insert(number, append, earlier);
        self.make_room();
        let mut changes = vec![RowChange::Put { key, value }];
        if self.head.dropped != dropped {
            changes.push(self.head_row());
        }
        let deleted = self.idle.len().saturating_sub(DELETED_MOST);
        changes.extend(
            self.idle.drain(deleted..).map(|number| RowChange::Delete { key: row_key(number) }),
        );
        (number, changes)
    }

    /// Returns the newest entries after a number. For a number that is not of this journal, returns
    /// all entries.
    pub fn after(&self, journal: JournalId, number: Number) -> Block {
        let is_ours = journal == self.head.id && number <= self.head.last;
        let after = if is_ours { number } else { Number(0) };
        let mut newer: Vec<(Key, &Kept)> = Vec::new();
        for row in self.by_number.range(Number(after.0 + 1)..).map(|(_, row)| row) {
            newer.extend(row.keys.iter().filter_map(|key| Some((*key, &self.kept.get(key)?.kept))));
        }
        newer.sort_by_key(|(key, _)| *key);
        let kept = newer.into_iter().map(|((digest, mode), kept)| (digest, mode, kept));
        Block::write(self.head, after, kept)
    }

    fn earlier(&self, tag: TagDigest, mode: PurgeMode, number: Number) -> Vec<Time> {
        let Some(entry) = self.kept.get(&(tag, mode)).filter(|_| mode == PurgeMode::Soft) else {
            return Vec::new();
        };
        let mut stamps = entry.kept.earlier.clone();
        stamps.push(entry.kept.number.stamp());
        thin_out(&mut stamps, number.stamp(), EARLIER_MOST);
        stamps
    }

    fn insert(&mut self, number: Number, append: &Append, earlier: Vec<Vec<Time>>) {
        let keys: Vec<Key> = append.tags.iter().map(|tag| (*tag, append.mode)).collect();
        for (key, earlier) in keys.iter().zip(earlier) {
            // An authenticated entry is never replaced by one that may be forgotten.
            let before = self.remove(*key);
            let was_of_token = before.is_some_and(|sender| sender == Sender::Token);
            let sender = if was_of_token { Sender::Token } else { append.sender };
            self.of_visitors += usize::from(sender == Sender::Visitor);
            self.kept.insert(*key, Entry { kept: Kept { number, earlier }, sender });
        }
        self.requests.insert(append.request, number);
        self.by_number.insert(number, Row { request: append.request, keys });
    }

    /// Takes a key out. Returns the sender of its entry.
    fn remove(&mut self, key: Key) -> Option<Sender> {
        let entry = self.kept.remove(&key)?;
        self.of_visitors -= usize::from(entry.sender == Sender::Visitor);
        let number = entry.kept.number;
        if let Some(row) = self.by_number.get_mut(&number) {
            row.keys.retain(|other| *other != key);
            if row.keys.is_empty() {
                self.requests.remove(&row.request);
                self.by_number.remove(&number);
                self.idle.push(number);
            }
        }
        Some(entry.sender)
    }

    fn make_room(&mut self) {
        while self.of_visitors > self.visitors_most {
            let Some((key, _)) = self.oldest(|entry, _| entry.sender == Sender::Visitor) else {
                return;
            };
            self.remove(key);
        }
        while self.kept.len() > self.most {
            let of_token = |entry: &Entry| entry.sender == Sender::Token;
            let soft = self.oldest(|entry, mode| of_token(entry) && mode == PurgeMode::Soft);
            let Some((key, number)) = soft.or_else(|| self.oldest(|entry, _| of_token(entry)))
            else {
                return;
            };
            self.remove(key);
            let dropped = match key.1 {
                PurgeMode::Soft => &mut self.head.dropped.soft,
                PurgeMode::Hard => &mut self.head.dropped.hard,
            };
            *dropped = number.max(*dropped);
        }
    }

    fn oldest(&self, is_meant: impl Fn(&Entry, PurgeMode) -> bool) -> Option<(Key, Number)> {
        self.by_number.iter().find_map(|(number, row)| {
            let meant = |key: &&Key| self.kept.get(key).is_some_and(|entry| is_meant(entry, key.1));
            row.keys.iter().find(meant).map(|key| (*key, *number))
        })
    }

    fn head_row(&self) -> RowChange {
        let Head { id, last, complete_since, dropped } = self.head;
        let value = format!(
            "{:x} {:x} {:x} {:x} {:x}",
            id.0, last.0, complete_since.0, dropped.soft.0, dropped.hard.0
        );
        RowChange::Put { key: HEAD.to_owned(), value }
    }
}

fn row_key(number: Number) -> String {
    format!("e/{:016x}", number.0)
}

fn head_of(text: &str) -> Option<Head> {
    let words: Vec<u64> =
        text.split(' ').map(|word| u64::from_str_radix(word, 16).ok()).collect::<Option<_>>()?;
    let [id, last, complete_since, soft, hard] = words[..] else { return None };
    Some(Head {
        id: JournalId(id),
        last: Number(last),
        complete_since: Number(complete_since),
        dropped: Dropped { soft: Number(soft), hard: Number(hard) },
    })
}

/// Writes an append: its request, mode and sender, and then each tag with its earlier stamps.
fn row_of(append: &Append, earlier: &[Vec<Time>]) -> String {
    let sender = match append.sender {
        Sender::Token => "token",
        Sender::Visitor => "visitor",
    };
    let mut text = format!("{:x} {} {sender}", append.request, append.mode.as_str());
    for (tag, earlier) in append.tags.iter().zip(earlier) {
        text.push_str(&format!(" {:x}", tag.0));
        earlier.iter().for_each(|stamp| text.push_str(&format!(",{:x}", stamp.0)));
    }
    text
}

fn append_of(text: &str) -> Option<(Append, Vec<Vec<Time>>)> {
    let mut words = text.split(' ');
    let request = u128::from_str_radix(words.next()?, 16).ok()?;
    let mode = match words.next()? {
        "soft" => PurgeMode::Soft,
        "hard" => PurgeMode::Hard,
        _ => return None,
    };
    let sender = match words.next()? {
        "token" => Sender::Token,
        "visitor" => Sender::Visitor,
        _ => return None,
    };
    let (mut tags, mut earlier) = (Vec::new(), Vec::new());
    for word in words {
        let mut numbers = word.split(',');
        tags.push(TagDigest(u64::from_str_radix(numbers.next()?, 16).ok()?));
        let stamps = numbers.map(|stamp| i64::from_str_radix(stamp, 16).ok().map(Time));
        earlier.push(stamps.collect::<Option<_>>()?);
    }
    Some((Append { request, mode, sender, tags }, earlier))
}
