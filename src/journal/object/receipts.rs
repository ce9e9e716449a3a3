//! Receipts in the rows of the journal's object. No start reads them: there may be many.

use crate::journal::Number;
use crate::journal::object::rows::{self, HeldReceipt};
use crate::journal::object::service::JournalService;
use crate::journal::receipts::{KeptReceipt, RECEIPTS_MOST};
use crate::platform::journal_object::{ObjectRuntime, StorageError};
use crate::platform::rows::RowChange;
use crate::policy::time::Time;

/// The receipts that are read at once: each may have 32 KiB.
const READ_AT_ONCE: usize = 20;
/// The most times that an alarm reads so many.
const READS_MOST: usize = 25;

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
            let page = self.runtime.rows(rows::newest_receipts(&to, READ_AT_ONCE))?;
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
        for _ in 0..READS_MOST {
            let oldest = self.runtime.rows(rows::oldest_receipts(READ_AT_ONCE))?;
            let until = |(key, value): &(String, String)| {
                HeldReceipt::read(key, value).map_or(now, |held| held.until)
            };
            let expired = oldest.iter().filter(|row| until(row) <= now);
            let expired: Vec<RowChange> =
                expired.map(|(key, _)| RowChange::Delete { key: key.clone() }).collect();
            let are_all = expired.len() == oldest.len();
            self.runtime.write(expired)?;
            if !are_all || oldest.is_empty() {
                return Ok(oldest.iter().map(until).filter(|until| now < *until).min());
            }
        }
        Ok(Some(now))
    }
}
