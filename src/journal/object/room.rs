//! Pure. The room of a journal: what is dropped when it is full.
//!
//! **What is dropped outdates all the same.** Past [`ENTRIES_MOST`] the oldest soft entries are
//! dropped, and hard ones if no soft one is left. The newest dropped number is kept: a response that
//! does not know it counts as purged. So a dropped entry never makes a page fresher.
//!
//! **Visitors displace nothing.** Entries of unauthenticated requests (RFC 9111 §4.4) have a share
//! of their own. When it is full, their own oldest entries are forgotten.

use crate::journal::Number;
use crate::journal::append::Sender;
use crate::journal::object::entries::{Entries, Entry};
use crate::policy::fence::PurgeMode;
use crate::policy::time::Time;

/// The most tags and modes whose newest entry is kept, without those of visitors.
pub const ENTRIES_MOST: usize = 250_000;
/// The most that unauthenticated requests have beside them.
pub const VISITOR_ENTRIES_MOST: usize = 25_000;
/// The most rows with a purge each, but for those of the last minutes.
const ROWS_MOST: usize = 200;

/// What a journal may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// The most tags and modes whose newest entry is kept, without those of visitors.
    pub most: usize,
    /// The most that unauthenticated requests have beside them.
    pub visitors_most: usize,
    /// The most rows with a purge each, but for those of the last minutes. Past that they are joined.
    pub rows_most: usize,
}

impl Default for Room {
    fn default() -> Room {
        Room { most: ENTRIES_MOST, visitors_most: VISITOR_ENTRIES_MOST, rows_most: ROWS_MOST }
    }
}

impl Entries {
    /// Drops entries until all are within the room.
    pub(super) fn make_room(&mut self) {
        let Room { most, visitors_most, .. } = self.room;
        // Some more are dropped than is needed, so that the next purges need no search.
        let too_many = |are: usize, most: usize| match are.saturating_sub(most) {
            0 => 0,
            over => over + most / 20,
        };
        let visitors = too_many(self.of_visitors, visitors_most);
        self.drop_oldest(visitors, |entry, _| entry.sender == Sender::Visitor);
        let all = too_many(self.kept.len() - self.of_visitors, most);
        let soft = self.drop_oldest(all, |entry, mode| {
            entry.sender == Sender::Token && mode == PurgeMode::Soft
        });
        let dropped = &mut self.head.dropped;
        // broken: dropped-is-forgotten
        dropped.soft = dropped.soft.max(soft);
        let all = too_many(self.kept.len() - self.of_visitors, most);
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
        let meant = self.kept.iter().filter(|((_, mode), entry)| is_meant(entry, *mode));
        let mut stamps: Vec<Time> = meant.map(|(_, entry)| entry.kept.number.stamp()).collect();
        if stamps.is_empty() {
            return Number(0);
        }
        stamps.sort_unstable();
        // The earliest stamp up to which enough entries are meant.
        let up_to = stamps[count.min(stamps.len()) - 1];
        let mut dropped = Vec::new();
        let oldest = self.kept.extract_if(.., |(_, mode), entry| {
            entry.kept.number.stamp() <= up_to && is_meant(entry, *mode)
        });
        dropped.extend(oldest.map(|(_, entry)| entry));
        dropped.iter().for_each(|entry| self.goes(entry));
        dropped.iter().map(|entry| entry.kept.number).max().unwrap_or_default()
    }
}
