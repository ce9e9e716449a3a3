//! Pure. The journal's object: it handles one request after the other.
//!
//! In scope: the replies, and the rows that change. Out of scope: the transport, the writing of
//! rows, and KV ([`crate::journal::object::service`]). A reply leaves the object when its rows are durable;
//! the runtime sees to it.

pub mod adopt;
pub mod doubt;
pub mod entries;
pub mod held;
pub mod publish;
pub mod publisher;
pub mod quota;
pub mod receipts;
pub mod room;
pub mod rows;
pub mod service;
pub mod start;

use std::iter;

use crate::journal::block::Block;
use crate::journal::object::adopt::Adopted;
use crate::journal::object::doubt::Doubt;
use crate::journal::object::entries::{Before, Entries};
use crate::journal::object::publisher::{LastPut, Publisher};
use crate::journal::object::quota::{AccountPlan, DayCount};
use crate::journal::object::room::Room;
use crate::journal::wire::{JournalReply, JournalRequest};
use crate::journal::{Head, JournalId, Known, Number};
use crate::platform::rows::RowChange;
use crate::policy::time::Time;

/// The row with the last mark that was seen.
const MARK: &str = "mark";
/// The row with the last write to KV.
const PUT: &str = "put";
/// The row with the day's requests.
const DAY: &str = "day";

/// What a journal's object may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// The plan of the account.
    pub plan: AccountPlan,
    /// The room for entries.
    pub room: Room,
}

/// The journal as its object holds it.
#[derive(Debug)]
pub struct JournalObject {
    entries: Entries,
    plan: AccountPlan,
    day: DayCount,
    mark: String,
    adopted: Adopted,
    doubt: Option<Doubt>,
    /// When the journal is published in KV.
    pub publisher: Publisher,
}

impl JournalObject {
    /// Restores the journal from the object's rows. `None`: the rows hold no journal.
    pub fn restored(rows: Vec<(String, String)>, terms: Terms, now: Time) -> Option<JournalObject> {
        let value = |name: &str| {
            rows.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str())
        };
        let put = LastPut::read(value(PUT));
        let (day, mark) = (DayCount::read(value(DAY)), value(MARK).to_owned());
        let adopted = Adopted::read(value(Adopted::KEY));
        let publisher = Publisher::new(terms.plan.publishes_every(), put, now);
        let doubt = Doubt::read(value(Doubt::KEY));
        let entries = Entries::restored(rows, terms.room)?;
        Some(JournalObject { entries, plan: terms.plan, day, mark, adopted, doubt, publisher })
    }

    /// Begins a journal. `before` says what was before it. Make the changes durable before the first
    /// reply.
    pub fn born(
        id: JournalId,
        before: Before,
        terms: Terms,
        now: Time,
    ) -> (JournalObject, Vec<RowChange>) {
        let (entries, change) = Entries::born(id, before, terms.room, now);
        let publisher = Publisher::new(terms.plan.publishes_every(), None, now);
        let (plan, doubt) = (terms.plan, None);
        let (day, mark, adopted) = Default::default();
        let object = JournalObject { entries, plan, day, mark, adopted, doubt, publisher };
        (object, vec![change])
    }

    /// Returns the state of the journal.
    pub fn head(&self) -> Head {
        self.entries.head()
    }

    /// Returns all entries, to be published.
    pub fn published(&self) -> Block {
        self.entries.all()
    }

    /// Handles a request to read or to append. Make the changes durable before the reply is sent.
    pub fn answer(
        &mut self,
        request: &JournalRequest,
        now: Time,
    ) -> (JournalReply, Vec<RowChange>) {
        let after = request.after();
        let mut changes: Vec<RowChange> = self.doubts_if_lost(after, now).into_iter().collect();
        self.entries.seen(after.journal, after.number);
        let appended = match request {
            JournalRequest::Append(append, _) => {
                let (number, rows) = self.entries.append(append, now);
                changes.extend(rows);
                Some(number)
            }
            _ => None,
        };
        let count = self.day.add(now);
        changes.extend(count.map(|value| RowChange::Put { key: DAY.to_owned(), value }));
        let reads_again_at = match self.plan {
            AccountPlan::Free => self.day.reads_again_at(),
            AccountPlan::Paid => None,
        };
        // broken: own-entry-alone.news
        let news = self.entries.after(after.journal, after.number);
        (JournalReply { appended, reads_again_at, news }, changes)
    }

    /// Begins a doubt if a reader has a number that the object has lost. Returns the row to write.
    fn doubts_if_lost(&mut self, reader: Known, now: Time) -> Option<RowChange> {
        if !self.has_lost(reader) {
            return None;
        }
        let doubt = self.doubt.get_or_insert(Doubt::new(now));
        if doubt.named.is_some_and(|named| reader.number <= named.number) {
            return None;
        }
        doubt.named = Some(reader);
        if doubt.until <= now {
            doubt.until = Doubt::new(now).until;
        }
        Some(doubt.row())
    }

    /// Tells whether a reader has seen purges that the object does not have, and has not given up.
    fn has_lost(&self, reader: Known) -> bool {
        let has_given = reader.journal == self.head().id && self.entries.has_given(reader.number);
        !has_given && reader.number > self.settled(reader.journal)
    }

    /// Returns the number up to which lost entries of a journal were adopted, or given up.
    fn settled(&self, journal: JournalId) -> Number {
        let dropped = self.head().dropped;
        self.adopted.up_to(journal).max(dropped.soft.min(dropped.hard))
    }

    /// Begins a doubt of a journal that has just begun, although the object published one before. Returns
    /// the row to write.
    pub fn begins_in_doubt(&mut self, now: Time) -> RowChange {
        self.doubt.insert(Doubt::new(now)).row()
    }

    /// Tells whether the object must look in KV before it publishes.
    pub fn is_in_doubt(&self) -> bool {
        self.doubt.is_some()
    }

    /// Returns the time of the next publication. `None`: there is nothing to publish, or a write is
    /// under way.
    ///
    /// An object in doubt publishes once that is old enough, even without news or a pause: the alarm looks
    /// in KV first, what was lost is given up, and the write ends the doubt.
    pub fn next_publication(&self, now: Time) -> Option<Time> {
        let is_in_doubt = self.doubt.is_some();
        let is_wanted = is_in_doubt || self.head().last > self.publisher.published();
        let at = self.publisher.next(is_wanted, !is_in_doubt, now)?;
        Some(self.doubt.map_or(at, |doubt| at.max(doubt.until)))
    }

    /// Takes a journal that was published before this one began, and keeps its numbers. Call it before
    /// the first reply.
    pub fn inherits(&mut self, block: &Block) -> Vec<RowChange> {
        let mut changes = self.entries.adopt(block);
        changes.push(self.adopted.note(block.head()));
        changes
    }

    /// Takes a journal that KV shows. It adopts entries of another journal, and those of this one that
    /// its rows have lost: a restored object shows in its rows an earlier publication than KV does. A purge
    /// that was appended since has a later number, and says nothing of them.
    pub fn found(&mut self, block: &Block, now: Time) -> Vec<RowChange> {
        let theirs = block.head();
        let is_ours = theirs.id == self.head().id;
        let published = if is_ours { self.publisher.published() } else { Number(0) };
        if theirs.last <= self.adopted.up_to(theirs.id).max(published) {
            return Vec::new();
        }
        let mut changes = self.entries.adopt_late(block, now);
        changes.push(self.adopted.note(theirs));
        changes
    }

    /// Takes the mark that a purge without the journal leaves in KV. A new one begins the complete
    /// part of the journal anew.
    pub fn marked(&mut self, mark: &str, now: Time) -> Vec<RowChange> {
        if mark == self.mark {
            return Vec::new();
        }
        self.mark = mark.to_owned();
        vec![
            RowChange::Put { key: MARK.to_owned(), value: self.mark.clone() },
            self.entries.gap(now),
        ]
    }

    /// Begins a write to KV. Make the changes durable before it.
    pub fn put_begins(&mut self, now: Time) -> Vec<RowChange> {
        // What KV does not show by now, nothing brings back.
        let named = self.doubt.and_then(|doubt| doubt.named);
        let named = named.filter(|named| named.number > self.settled(named.journal));
        let lost = named.map(|named| self.entries.lose(named.number, now));
        let put = self.publisher.begin(self.head().last, now);
        let begun = RowChange::Put { key: PUT.to_owned(), value: put.to_string() };
        iter::once(begun).chain(lost).collect()
    }

    /// Ends a write to KV of the journal up to `number`.
    pub fn put_ends(&mut self, number: Number, is_written: bool, now: Time) -> Vec<RowChange> {
        let put = self.publisher.end(number, is_written, now);
        let ended = put.map(|put| RowChange::Put { key: PUT.to_owned(), value: put.to_string() });
        // A doubt that began during the write goes on.
        let doubt = self.doubt.take_if(|doubt| is_written && doubt.until <= now);
        let doubt = doubt.map(|_| RowChange::Delete { key: Doubt::KEY.to_owned() });
        ended.into_iter().chain(doubt).collect()
    }

    /// Returns the time from which there are rows to delete or to join. `None`: there are none yet.
    pub fn next_sweep(&self) -> Option<Time> {
        self.entries.next_sweep()
    }

    /// Returns rows to write and to delete: of those that nothing needs at most `most`, and those to
    /// join.
    pub fn sweep(&mut self, most: usize, now: Time) -> Vec<RowChange> {
        self.entries.sweep(most, now)
    }
}
