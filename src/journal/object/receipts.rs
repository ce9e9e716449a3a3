//! Receipts in the rows of the journal's object. No start reads them: there may be many.

use crate::journal::Number;
use crate::journal::object::rows::{self, HeldReceipt};
use crate::journal::object::service::JournalService;
use crate::journal::receipts::{KeptReceipt, RECEIPTS_MOST};
use crate::platform::journal_object::{ObjectRuntime, StorageError};
use crate::platform::rows::RowChange;
use crate::policy::time::Time;

/// The most expired receipts that an alarm deletes.
const SWEPT_MOST: usize = 200;

impl<R: ObjectRuntime> JournalService<R> {
    /// Returns the receipt of a purge request.
    pub(super) fn receipt(&self, request: u128) -> Result<Vec<KeptReceipt>, StorageError> {
        self.kept(None, 1, |held| held.request == request)
    }

    /// Returns the newest receipts before a number.
    pub(super) fn newest(&self, before: Option<Number>) -> Result<Vec<KeptReceipt>, StorageError> {
        self.kept(before, RECEIPTS_MOST, |_| true)
    }

    /// Returns the newest receipts that are meant, and have not expired.
    fn kept(
        &self,
        before: Option<Number>,
        most: usize,
        is_meant: impl Fn(&HeldReceipt<'_>) -> bool,
    ) -> Result<Vec<KeptReceipt>, StorageError> {
        let (mut kept, now) = (Vec::new(), self.runtime.now());
        let mut to = rows::receipt_key(before);
        while kept.len() < most {
            let page = self.runtime.rows(rows::newest_receipts(&to, RECEIPTS_MOST))?;
            let Some((last, _)) = page.last() else { break };
            to.clone_from(last);
            let held = page.iter().filter_map(|(key, value)| HeldReceipt::read(key, value));
            let meant = held.filter(|held| now < held.until && is_meant(held));
            kept.extend(
                meant.map(|held| KeptReceipt { number: held.number, text: held.text.to_owned() }),
            );
        }
        kept.truncate(most);
        Ok(kept)
    }

    /// Deletes the oldest receipts that have expired. Returns the time of the next ones.
    pub(super) fn sweep_receipts(&self) -> Result<Option<Time>, StorageError> {
        let now = self.runtime.now();
        let oldest = self.runtime.rows(rows::oldest_receipts(SWEPT_MOST))?;
        let until = |(key, value): &(String, String)| {
            HeldReceipt::read(key, value).map_or(now, |held| held.until)
        };
        let next = oldest.iter().map(until).filter(|until| now < *until).min();
        let next = if next.is_none() && !oldest.is_empty() { Some(now) } else { next };
        let expired = oldest.iter().filter(|row| until(row) <= now);
        let changes = expired.map(|(key, _)| RowChange::Delete { key: key.clone() }).collect();
        self.runtime.write(changes)?;
        Ok(next)
    }
}
