//! Pure. The rows that the object holds: which of them are needed, and which are to be deleted.
//!
//! A row with a purge is idle when later entries have taken the place of all of its own. Rows that
//! are not idle are joined by and by: their entries are written as a few rows with blocks. So an
//! object with many entries has few rows, and starts soon.

use std::collections::VecDeque;

use crate::fields::sorting::TextSet;
use crate::journal::Number;
use crate::journal::object::rows;
use crate::platform::rows::RowChange;
use crate::policy::time::Time;
use crate::policy::timing::JOURNAL_JOINED_AFTER;

/// The rows of an object.
#[derive(Debug, Default)]
pub struct HeldRows {
    /// The rows with entries that are the newest of their tags. The numbers ascend.
    purges: Vec<PurgeRow>,
    /// The rows that are idle.
    idle: Vec<Number>,
    /// The keys of the rows with blocks.
    blocks: TextSet,
    /// The requests of the last minutes. The numbers ascend.
    requests: VecDeque<(Number, u128)>,
}

#[derive(Debug)]
struct PurgeRow {
    number: Number,
    /// The newest number before it.
    after: Number,
    /// The number of its entries that are the newest of their tags.
    newest: usize,
}

impl HeldRows {
    /// Makes the rows of a start, from the keys of those with blocks.
    pub fn new(blocks: TextSet) -> HeldRows {
        HeldRows { blocks, ..HeldRows::default() }
    }

    /// Adds the row of a purge, the newest one. None of its entries is counted yet.
    pub fn add(&mut self, number: Number, after: Number, request: u128) {
        self.purges.push(PurgeRow { number, after, newest: 0 });
        self.requests.push_back((number, request));
        let is_young = |(other, _): &(Number, u128)| {
            number.stamp().since(other.stamp()) <= JOURNAL_JOINED_AFTER
        };
        let old = self.requests.iter().position(is_young).unwrap_or(0);
        self.requests.drain(..old);
    }

    /// Adds a row with a block.
    pub fn add_block(&mut self, key: &str) {
        self.blocks.insert(key.to_owned());
    }

    /// Counts an entry of a row that is the newest of its tag.
    pub fn gains(&mut self, number: Number) {
        if let Some(place) = self.place(number) {
            self.purges[place].newest += 1;
        }
    }

    /// Notes that `gone` entries of a row are not the newest of their tags any more.
    pub fn loses(&mut self, number: Number, gone: usize) {
        let Some(place) = self.place(number) else { return };
        self.purges[place].newest -= gone;
        if self.purges[place].newest == 0 {
            self.purges.remove(place);
            self.idle.push(number);
        }
    }

    /// Tells whether a number lies between that of a row and the one before it: none was given there.
    pub fn is_between(&self, number: Number) -> bool {
        let place = self.purges.partition_point(|row| row.number < number);
        self.purges.get(place).is_some_and(|row| row.after < number && number < row.number)
    }

    fn place(&self, number: Number) -> Option<usize> {
        self.purges.binary_search_by_key(&number, |row| row.number).ok()
    }

    /// Returns the number of a purge request of the last minutes.
    pub fn number_of(&self, request: u128) -> Option<Number> {
        let found = self.requests.iter().rev().find(|(_, other)| *other == request);
        found.map(|(number, _)| *number)
    }

    /// Returns the deletions of idle rows, at most `most`. A row stays as long as its request may be
    /// repeated: after a start, the row alone tells.
    pub fn sweep(&mut self, most: usize, now: Time) -> Vec<RowChange> {
        let swept = self.idle.extract_if(.., |number| sweeps_at(*number) <= now).take(most);
        swept.map(|number| RowChange::Delete { key: rows::entry_key(number) }).collect()
    }

    /// Returns the time from which there are rows to delete or to join. `None`: there are none yet.
    pub fn next_sweep(&self, rows_most: usize) -> Option<Time> {
        let joins = self.purges.get(rows_most).map(|row| sweeps_at(row.number));
        let sweeps = self.idle.iter().map(|number| sweeps_at(*number)).min();
        joins.into_iter().chain(sweeps).min()
    }

    /// Returns the number up to which rows are to be joined: there are many, and no request that they
    /// name is repeated any more.
    pub fn joins_up_to(&self, rows_most: usize, now: Time) -> Option<Number> {
        let up_to = now.0.saturating_sub(JOURNAL_JOINED_AFTER.as_millis() as i64);
        let up_to = Number(u64::try_from(up_to).unwrap_or(0));
        let old = self.purges.partition_point(|row| row.number <= up_to);
        (old > rows_most).then_some(up_to)
    }

    /// Replaces the rows up to a number, and all rows with blocks, by rows with the blocks of `joined`.
    pub fn join(&mut self, up_to: Number, joined: Vec<(String, String)>) -> Vec<RowChange> {
        let keys = TextSet::of(joined.iter().map(|(key, _)| key.clone()));
        let gone = std::mem::replace(&mut self.blocks, keys);
        let gone = gone.into_texts().filter(|key| !self.blocks.contains(key));
        let old = self.purges.partition_point(|row| row.number <= up_to);
        let old = self.purges.drain(..old).map(|row| rows::entry_key(row.number));
        let deleted = gone.chain(old).map(|key| RowChange::Delete { key });
        let written = joined.into_iter().map(|(key, value)| RowChange::Put { key, value });
        written.chain(deleted).collect()
    }
}

/// Returns the time from which the row of a purge may go.
fn sweeps_at(number: Number) -> Time {
    number.stamp() + JOURNAL_JOINED_AFTER
}
