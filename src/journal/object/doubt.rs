//! Pure. The doubt that the object lost entries.

use crate::journal::Known;
use crate::journal::object::rows;
use crate::platform::rows::RowChange;
use crate::policy::time::Time;
use crate::policy::timing::JOURNAL_DOUBTED_FOR;

/// The object lost entries. Either it starts without rows although KV lists or shows a journal of its
/// own, or a reader names a number that the object never gave. It waits before it publishes: KV may
/// show its last publication late, and an early write would overwrite that.
#[derive(Clone, Copy, Debug)]
pub struct Doubt {
    /// The time until which nothing is published.
    pub until: Time,
    /// The newest number that a reader has, and the object has not, with its journal.
    pub named: Option<Known>,
}

impl Doubt {
    /// The key of its row.
    pub const KEY: &str = "doubt";

    /// Begins a doubt.
    pub fn new(now: Time) -> Doubt {
        Doubt { until: now + JOURNAL_DOUBTED_FOR, named: None }
    }

    /// Reads a written doubt. `None`: there is none, or it is damaged.
    pub fn read(text: &str) -> Option<Doubt> {
        let (until, named) = text.split_once(' ')?;
        Some(Doubt { until: Time(until.parse().ok()?), named: rows::known_of_text(named).pop() })
    }

    /// Returns the row.
    pub fn row(self) -> RowChange {
        let value = format!("{} {}", self.until.0, rows::known_to_text(self.named));
        RowChange::Put { key: Doubt::KEY.to_owned(), value }
    }
}
