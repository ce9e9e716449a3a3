//! Pure. The journal as its object holds it: the newest entry of each tag and mode.
//!
//! An append is one row, written before it is answered. A row is idle when later entries have taken
//! the place of all of its own, and is deleted by and by. A repeated append is the same entry.
//!
//! **What is dropped outdates all the same.** Past [`SELECTORS_MOST`] the oldest soft entries are
//! dropped, and hard ones if no soft one is left. The newest dropped number is kept: a response that
//! does not know it counts as purged. So a dropped entry never makes a page fresher.
//!
//! **Visitors displace nothing.** Entries of unauthenticated requests (RFC 9111 §4.4) have a share
//! of their own. When it is full, their own oldest entries are forgotten.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::journal::block::{Block, EARLIER_MOST};
use crate::journal::rows::{self, Read, Standing};
use crate::journal::{Head, JournalId, Kept, Number, TagDigest};
use crate::platform::rows::RowChange;
use crate::policy::fence::{PurgeMode, thin_out};
use crate::policy::time::Time;
use crate::policy::timing::WITH_RECORDS_FOR;

/// The most tags and modes whose newest entry is kept.
pub const SELECTORS_MOST: usize = 250_000;
/// The most of them that unauthenticated requests may have.
pub const VISITORS_MOST: usize = 25_000;
/// The most tags in a row of adopted entries: a row has at most 2 MB.
const ADOPTED_PER_ROW: usize = 8_000;

/// The sender of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// A request with a token.
    Token,
    /// A visitor's unsafe request.
    Visitor,
}

/// What was before the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// The site had no purges without a journal: the journal holds all there ever were.
    NoRecords,
    /// Purges are recorded in KV by tag. A page from before the journal is judged by them, too.
    Records,
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
    /// The receipt to keep.
    pub receipt: Option<Receipt>,
}

/// A receipt in its written form, and its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The receipt as JSON.
    pub text: String,
    /// The time for which it can be looked up.
    pub life: Duration,
}

type Key = (TagDigest, PurgeMode);

/// The entries of a journal.
#[derive(Debug)]
pub struct Entries {
    head: Head,
    /// The newest number that a reader has named. A restored object may have lost it.
    seen: Number,
    kept: BTreeMap<Key, Entry>,
    /// The rows with entries that are the newest of their tags. The numbers ascend.
    rows: Vec<Row>,
    /// The receipts that are kept. The numbers ascend.
    receipts: Vec<HeldReceipt>,
    of_visitors: usize,
    /// Rows that no key refers to any more, to be deleted by and by.
    idle: Vec<Number>,
    room: Room,
}

/// The tags and modes whose newest entry a journal keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// The most of them.
    pub most: usize,
    /// The most that unauthenticated requests may have.
    pub visitors_most: usize,
}

impl Default for Room {
    fn default() -> Room {
        Room { most: SELECTORS_MOST, visitors_most: VISITORS_MOST }
    }
}

#[derive(Debug)]
struct Entry {
    kept: Kept,
    sender: Sender,
}

#[derive(Debug)]
struct Row {
    number: Number,
    request: u128,
    /// The number of its entries that are the newest of their tags.
    newest: usize,
}

/// A receipt that the object holds in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldReceipt {
    /// The number of the purge.
    pub number: Number,
    /// The id of the purge request.
    pub request: u128,
    /// The time until which the receipt is kept.
    pub until: Time,
}

impl Entries {
    /// Begins a journal. Make the change durable before the first answer.
    pub fn born(id: JournalId, before: Before, room: Room, now: Time) -> (Entries, RowChange) {
        let last = Number(0).next(now);
        let mut head = Head { id, last, ..Head::default() };
        if before == Before::Records {
            head.complete_since = last;
            head.with_records_until = now + WITH_RECORDS_FOR;
        }
        let entries = Entries::of(head, room);
        let change = rows::head(&entries.head);
        (entries, change)
    }

    fn of(head: Head, room: Room) -> Entries {
        Entries {
            head,
            seen: Number(0),
            kept: BTreeMap::new(),
            rows: Vec::new(),
            receipts: Vec::new(),
            of_visitors: 0,
            idle: Vec::new(),
            room,
        }
    }

    /// Restores a journal from written rows. `None`: there is no head among them, or it cannot be
    /// read.
    pub fn restored(
        written: impl IntoIterator<Item = (String, String)>,
        room: Room,
    ) -> Option<Entries> {
        let Read { head, adopted, appended, receipts } = rows::read(written);
        let mut entries = Entries::of(head?, room);
        adopted.iter().for_each(|block| entries.take(block));
        for (number, (append, standings, earlier)) in appended {
            entries.head.last = entries.head.last.max(number);
            entries.insert(number, &append, &standings, earlier);
        }
        entries.receipts = receipts;
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
        if let Some(number) = self.number_of(append.request) {
            return (number, Vec::new());
        }
        let number = self.head.last.max(self.seen).next(now);
        let tags = append.tags.iter();
        let earlier: Vec<Vec<Time>> =
            tags.clone().map(|tag| self.earlier(*tag, append.mode, number)).collect();
        let standings: Vec<Standing> =
            tags.map(|tag| self.standing((*tag, append.mode), append.sender)).collect();
        let mut changes = vec![rows::appended(number, append, &standings, &earlier)];
        if let Some(receipt) = &append.receipt {
            let until = now + receipt.life;
            let held = HeldReceipt { number, request: append.request, until };
            changes.push(rows::receipt(held, &receipt.text));
            self.receipts.push(held);
        }
        let dropped = self.head.dropped;
        self.head.last = number;
        self.insert(number, append, &standings, earlier);
        self.make_room();
        if self.head.dropped != dropped {
            changes.push(rows::head(&self.head));
        }
        (number, changes)
    }

    /// Returns rows to delete, at most `most`: idle ones, and receipts that have expired.
    pub fn sweep(&mut self, most: usize, now: Time) -> Vec<RowChange> {
        let expired = self.receipts.iter().filter(|held| held.until <= now);
        let expired: Vec<Number> = expired.map(|held| held.number).take(most).collect();
        self.receipts.retain(|held| !expired.contains(&held.number));
        let idle = self.idle.len().saturating_sub(most - expired.len());
        let idle = self.idle.drain(idle..).map(rows::entry_key);
        let keys = expired.iter().map(|number| rows::receipt_key(*number)).chain(idle);
        let mut changes: Vec<RowChange> = keys.map(|key| RowChange::Delete { key }).collect();
        if !changes.is_empty() {
            // The number of a deleted row is not given again.
            changes.push(rows::head(&self.head));
        }
        changes
    }

    /// Returns the time from which there are rows to delete. `None`: there are none yet.
    pub fn next_sweep(&self, now: Time) -> Option<Time> {
        let expires = self.receipts.iter().map(|held| held.until).min();
        if self.idle.is_empty() { expires } else { Some(now) }
    }

    /// Returns the numbers of purges whose receipts are kept, the newest first.
    pub fn receipts(&self, before: Option<Number>) -> impl Iterator<Item = Number> {
        let before = before.unwrap_or(Number(u64::MAX));
        let earlier = self.receipts.iter().rev().filter(move |held| held.number < before);
        earlier.map(|held| held.number)
    }

    /// Returns the number of a purge request.
    pub fn number_of(&self, request: u128) -> Option<Number> {
        let row = self.rows.iter().rev().find(|row| row.request == request);
        let held = || self.receipts.iter().rev().find(|held| held.request == request);
        row.map(|row| row.number).or_else(|| held().map(|held| held.number))
    }

    /// Adopts the entries of a journal that was published in KV, as far as they are not here.
    /// Returns the rows to write: the object lost its own, or has another name than before.
    pub fn adopt(&mut self, block: &Block) -> Vec<RowChange> {
        let missing = |(digest, mode, kept): &(TagDigest, PurgeMode, Kept)| {
            self.kept.get(&(*digest, *mode)).is_none_or(|entry| entry.kept.number < kept.number)
        };
        let missing: Vec<_> = block.iter().filter(missing).collect();
        let before = self.head;
        let mut changes = Vec::new();
        for (place, chunk) in missing.chunks(ADOPTED_PER_ROW).enumerate() {
            let kept = chunk.iter().map(|(digest, mode, kept)| (*digest, *mode, kept));
            let chunk = Block::write(block.head(), Number(0), kept);
            changes.push(rows::adopted(place, &chunk));
            self.take(&chunk);
        }
        self.head = self.head.later(block.head());
        self.make_room();
        if self.head != before {
            changes.push(rows::head(&self.head));
        }
        changes
    }

    /// Adopts entries after readers had replies. A reader asks for what came after its own number, so
    /// an entry with an earlier number is given a new one.
    pub fn adopt_late(&mut self, block: &Block, now: Time) -> Vec<RowChange> {
        let (mut head, last) = (block.head(), self.head.last);
        let number = last.max(self.seen).max(head.last).next(now);
        let mut items: Vec<_> = block.iter().collect();
        for (digest, mode, kept) in &mut items {
            let ours = self.kept.get(&(*digest, *mode)).map(|entry| entry.kept.number);
            let dropped = match mode {
                PurgeMode::Soft => self.head.dropped.soft,
                PurgeMode::Hard => self.head.dropped.hard,
            };
            if kept.number > last || kept.number <= dropped || ours >= Some(kept.number) {
                continue;
            }
            if *mode == PurgeMode::Soft {
                kept.earlier.push(kept.number.stamp());
                thin_out(&mut kept.earlier, number.stamp(), EARLIER_MOST);
            }
            (kept.number, head.last) = (number, number);
        }
        let items = items.iter().map(|(digest, mode, kept)| (*digest, *mode, kept));
        self.adopt(&Block::write(head, Number(0), items))
    }

    /// Begins anew the part of the journal that is complete: purges were made without it. Returns
    /// the row to write.
    pub fn gap(&mut self, now: Time) -> RowChange {
        self.head.last = self.head.last.max(self.seen).next(now);
        self.head.complete_since = self.head.last;
        rows::head(&self.head)
    }

    /// Takes note of a number of this journal that a reader has. A restored object has lost it, and
    /// gives only later ones.
    pub fn seen(&mut self, journal: JournalId, number: Number) {
        if journal == self.head.id {
            self.seen = self.seen.max(number);
        }
    }

    /// Returns all entries.
    pub fn all(&self) -> Block {
        self.after(JournalId(0), Number(0))
    }

    /// Returns the newest entries after a number. For a number that is not of this journal, returns
    /// all entries.
    pub fn after(&self, journal: JournalId, number: Number) -> Block {
        let is_ours = journal == self.head.id && number <= self.head.last;
        let after = if is_ours { number } else { Number(0) };
        let newer = self.kept.iter().filter(|(_, entry)| entry.kept.number > after);
        let kept = newer.map(|((digest, mode), entry)| (*digest, *mode, &entry.kept));
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

    /// Returns what an entry stands for: an authenticated one is never replaced by an entry that may
    /// be forgotten.
    fn standing(&self, key: Key, sender: Sender) -> Standing {
        let was_of_token = self.kept.get(&key).is_some_and(|entry| entry.sender == Sender::Token);
        match sender {
            Sender::Visitor if was_of_token => Standing::OfEarlierToken,
            _ => Standing::OfSender,
        }
    }

    fn insert(
        &mut self,
        number: Number,
        append: &Append,
        standings: &[Standing],
        earlier: Vec<Vec<Time>>,
    ) {
        self.row(number).request = append.request;
        for ((tag, standing), earlier) in append.tags.iter().zip(standings).zip(earlier) {
            let sender = match standing {
                Standing::OfSender => append.sender,
                Standing::OfEarlierToken => Sender::Token,
            };
            self.put((*tag, append.mode), Entry { kept: Kept { number, earlier }, sender });
        }
        self.let_go(number, 0);
    }

    /// Takes adopted entries. Each keeps its number.
    fn take(&mut self, block: &Block) {
        for (digest, mode, kept) in block.iter() {
            self.head.last = self.head.last.max(kept.number);
            self.put((digest, mode), Entry { kept, sender: Sender::Token });
        }
    }

    /// Puts an entry in the place of an earlier one. A later one stays: an adopted entry may be
    /// later than one that the object had written itself.
    fn put(&mut self, key: Key, entry: Entry) {
        let number = entry.kept.number;
        if self.kept.get(&key).is_some_and(|other| other.kept.number > number) {
            return;
        }
        self.row(number).newest += 1;
        self.of_visitors += usize::from(entry.sender == Sender::Visitor);
        if let Some(earlier) = self.kept.insert(key, entry) {
            self.of_visitors -= usize::from(earlier.sender == Sender::Visitor);
            self.let_go(earlier.kept.number, 1);
        }
    }

    fn row(&mut self, number: Number) -> &mut Row {
        let place = match self.rows.binary_search_by(|row| row.number.cmp(&number)) {
            Ok(place) => place,
            Err(place) => {
                self.rows.insert(place, Row { number, request: 0, newest: 0 });
                place
            }
        };
        &mut self.rows[place]
    }

    /// Notes that `gone` entries of a row are not the newest of their tags any more.
    fn let_go(&mut self, number: Number, gone: usize) {
        let row = self.row(number);
        row.newest -= gone;
        if row.newest == 0 {
            if let Ok(place) = self.rows.binary_search_by(|row| row.number.cmp(&number)) {
                self.rows.remove(place);
            }
            self.idle.push(number);
        }
    }

    fn make_room(&mut self) {
        let Room { most, visitors_most } = self.room;
        // Some more are dropped than is needed, so that the next purges need no search.
        let too_many = |are: usize, most: usize| match are.saturating_sub(most) {
            0 => 0,
            over => over + most / 20,
        };
        let visitors = too_many(self.of_visitors, visitors_most);
        self.drop_oldest(visitors, |entry, _| entry.sender == Sender::Visitor);
        let all = too_many(self.kept.len(), most);
        let soft = self.drop_oldest(all, |entry, mode| {
            entry.sender == Sender::Token && mode == PurgeMode::Soft
        });
        let dropped = &mut self.head.dropped;
        // broken: dropped-is-forgotten
        dropped.soft = dropped.soft.max(soft);
        let all = too_many(self.kept.len(), most);
        let hard = self.drop_oldest(all, |entry, _| entry.sender == Sender::Token);
        let dropped = &mut self.head.dropped;
        dropped.hard = dropped.hard.max(hard);
    }

    /// Drops the oldest entries that are meant: `count` of them, with those of the same purge.
    /// Returns the newest number that was dropped.
    fn drop_oldest(
        &mut self,
        count: usize,
        is_meant: impl Fn(&Entry, PurgeMode) -> bool,
    ) -> Number {
        if count == 0 {
            return Number(0);
        }
        let meant = |((_, mode), entry): &(&Key, &Entry)| is_meant(entry, *mode);
        let up_to = |number: Number| {
            let meant = self.kept.iter().filter(meant);
            meant.filter(|(_, entry)| entry.kept.number <= number).count()
        };
        // The smallest number up to which enough entries are meant.
        let (mut low, mut high) = (0, self.head.last.0);
        while low < high {
            let middle = low + (high - low) / 2;
            if up_to(Number(middle)) < count {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let mut dropped = Vec::new();
        self.kept.retain(|(_, mode), entry| {
            let stays = entry.kept.number.0 > low || !is_meant(entry, *mode);
            if !stays {
                dropped.push((entry.kept.number, entry.sender));
            }
            stays
        });
        for (number, sender) in &dropped {
            self.of_visitors -= usize::from(*sender == Sender::Visitor);
            self.let_go(*number, 1);
        }
        dropped.iter().map(|(number, _)| *number).max().unwrap_or_default()
    }
}
