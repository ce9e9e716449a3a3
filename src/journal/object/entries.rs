//! Pure. The journal as its object holds it: the newest entry of each tag and mode.
//!
//! An append is one row, written before it is answered. A row is idle when later entries have taken
//! the place of all of its own, and is deleted by and by. A repeated append is the same entry.

use std::collections::BTreeMap;

use crate::fields::sorting::TextSet;
use crate::journal::append::{Append, Sender};
use crate::journal::block::{Block, EARLIER_MOST};
use crate::journal::object::held::HeldRows;
use crate::journal::object::room::Room;
use crate::journal::object::rows::{self, HeldReceipt, Read, Standing, Written};
use crate::journal::{Dropped, Head, JournalId, Kept, Number, TagDigest};
use crate::platform::rows::RowChange;
use crate::policy::fence::{PurgeMode, thin_out};
use crate::policy::time::Time;
use crate::policy::timing::WITH_RECORDS_FOR;

/// The most entries in a row with a block: a row has at most 2 MB.
pub(super) const PER_BLOCK: usize = 8_000;

/// What was before the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// The site had no purges without a journal: the journal holds all there ever were.
    NoRecords,
    /// Purges are recorded in KV by tag. A page from before the journal is judged by them, too.
    Records,
}

/// A tag and a mode.
pub(super) type Key = (TagDigest, PurgeMode);

/// The entries of a journal.
#[derive(Debug)]
pub struct Entries {
    pub(super) head: Head,
    /// The newest number that a reader has named. A restored object may have lost it.
    pub(super) seen: Number,
    pub(super) kept: BTreeMap<Key, Entry>,
    pub(super) held: HeldRows,
    pub(super) of_visitors: usize,
    pub(super) room: Room,
}

/// The newest entry of a tag and mode.
#[derive(Debug)]
pub(super) struct Entry {
    pub kept: Kept,
    pub sender: Sender,
    /// Whether it stands in the row of its purge, and not in a block.
    pub is_in_row: bool,
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
        let (kept, held) = (BTreeMap::new(), HeldRows::default());
        Entries { head, seen: Number(0), kept, held, of_visitors: 0, room }
    }

    /// Restores a journal from written rows. `None`: there is no head among them, or it cannot be
    /// read.
    pub fn restored(
        written: impl IntoIterator<Item = (String, String)>,
        room: Room,
    ) -> Option<Entries> {
        let Read { head, blocks, appended } = rows::read(written);
        let mut entries = Entries::of(head?, room);
        blocks.iter().for_each(|(_, sender, block)| entries.take(block, *sender));
        let keys = TextSet::of(blocks.into_iter().map(|(key, ..)| key));
        entries.held = HeldRows::new(keys);
        for (number, written) in appended {
            entries.head.last = entries.head.last.max(number);
            entries.insert(number, written);
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
        if let Some(number) = self.number_of(append.request) {
            return (number, Vec::new());
        }
        let number = self.next(now);
        let tags = append.tags.iter();
        let earlier: Vec<Vec<Time>> =
            tags.clone().map(|tag| self.earlier(*tag, append.mode, number)).collect();
        let standings: Vec<Standing> =
            tags.map(|tag| self.standing((*tag, append.mode), append.sender)).collect();
        let written = Written { append: append.clone(), after: self.head.last, standings, earlier };
        let mut changes = vec![rows::appended(number, &written)];
        if let Some(receipt) = &append.receipt {
            let (request, until) = (append.request, now + receipt.life);
            changes.push(HeldReceipt { number, request, until, text: &receipt.text }.row());
        }
        let dropped = self.head.dropped;
        self.head.last = number;
        self.insert(number, written);
        self.make_room();
        if self.head.dropped != dropped {
            changes.push(rows::head(&self.head));
        }
        (number, changes)
    }

    /// Returns rows to write and to delete: of those that nothing needs at most `most`, and those to
    /// join.
    pub fn sweep(&mut self, most: usize, now: Time) -> Vec<RowChange> {
        let mut changes = self.held.sweep(most, now);
        if let Some(up_to) = self.held.joins_up_to(self.room.rows_most, now) {
            changes.extend(self.join(up_to));
        }
        if !changes.is_empty() {
            // The number of a deleted row is not given again.
            changes.push(rows::head(&self.head));
        }
        changes
    }

    /// Returns the time from which there are rows to delete or to join. `None`: there are none yet.
    pub fn next_sweep(&self) -> Option<Time> {
        self.held.next_sweep(self.room.rows_most)
    }

    /// Joins the rows of purges up to a number: their entries move into rows with blocks.
    fn join(&mut self, up_to: Number) -> Vec<RowChange> {
        let mut joined = Vec::new();
        for sender in [Sender::Token, Sender::Visitor] {
            let moved = self.kept.iter_mut().filter(|(_, entry)| {
                entry.sender == sender && (!entry.is_in_row || entry.kept.number <= up_to)
            });
            let moved: Vec<(TagDigest, PurgeMode, &Kept)> = moved
                .map(|((digest, mode), entry)| {
                    entry.is_in_row = false;
                    (*digest, *mode, &entry.kept)
                })
                .collect();
            for (place, chunk) in moved.chunks(PER_BLOCK).enumerate() {
                let block = Block::write(self.head, Number(0), chunk.iter().copied());
                joined.push((rows::joined_key(sender, place), block.to_text()));
            }
        }
        self.held.join(up_to, joined)
    }

    /// Returns the number of a purge request of the last minutes.
    pub fn number_of(&self, request: u128) -> Option<Number> {
        self.held.number_of(request)
    }

    /// Begins anew the part of the journal that is complete: purges were made without it. Returns
    /// the row to write.
    pub fn gap(&mut self, now: Time) -> RowChange {
        self.head.last = self.next(now);
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

    /// Tells whether the object gave a number, as far as its rows say.
    pub fn has_given(&self, number: Number) -> bool {
        number <= self.head.last && !self.held.is_between(number)
    }

    /// Gives up the entries up to a number that a reader has, and this object does not. Their tags and
    /// modes are unknown, so soft and hard entries up to it count as dropped. Returns the row to write.
    ///
    /// The journal has a new number then: an isolate judges a page anew only if its copy has one.
    pub fn lose(&mut self, number: Number, now: Time) -> RowChange {
        let next = self.next(now).max(number.next(now));
        let Head { last, dropped, .. } = &mut self.head;
        *last = next;
        *dropped = Dropped { soft: number.max(dropped.soft), hard: number.max(dropped.hard) };
        rows::head(&self.head)
    }

    /// Returns the number of the next change. It is later than any that a reader has.
    pub(super) fn next(&self, now: Time) -> Number {
        self.head.last.max(self.seen).next(now)
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

    fn insert(&mut self, number: Number, written: Written) {
        let Written { append, after, standings, earlier } = written;
        self.held.add(number, after, append.request);
        for ((tag, standing), earlier) in append.tags.iter().zip(&standings).zip(earlier) {
            let sender = match standing {
                Standing::OfSender => append.sender,
                Standing::OfEarlierToken => Sender::Token,
            };
            let kept = Kept { number, earlier };
            self.put((*tag, append.mode), Entry { kept, sender, is_in_row: true });
        }
        // A row without any entry that is kept is idle from the start.
        self.held.loses(number, 0);
    }

    /// Puts an entry in the place of an earlier one. A later one stays: an adopted entry may be
    /// later than one that the object had written itself.
    pub(super) fn put(&mut self, key: Key, entry: Entry) {
        let number = entry.kept.number;
        if self.kept.get(&key).is_some_and(|other| other.kept.number > number) {
            return;
        }
        if entry.is_in_row {
            self.held.gains(number);
        }
        self.of_visitors += usize::from(entry.sender == Sender::Visitor);
        if let Some(earlier) = self.kept.insert(key, entry) {
            self.goes(&earlier);
        }
    }

    /// Takes note that an entry is not kept any more.
    pub(super) fn goes(&mut self, entry: &Entry) {
        self.of_visitors -= usize::from(entry.sender == Sender::Visitor);
        if entry.is_in_row {
            self.held.loses(entry.kept.number, 1);
        }
    }
}
