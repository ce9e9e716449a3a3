//! The publication of the journal in KV, by the alarm of its object.

use crate::journal::block::Block;
use crate::journal::object::service::{JournalService, ServiceError};
use crate::platform::journal_object::ObjectRuntime;
use crate::platform::kv::{KvEntry, KvOperations};
use crate::platform::kv_key::KvKey;
use crate::policy::timing::{KV_WRITE_LIMIT, RECORD_LIFE};

/// The most rows that an alarm deletes because nothing needs them.
const SWEPT_MOST: usize = 500;

impl<R: ObjectRuntime> JournalService<R> {
    /// Publishes the journal in KV, if it is time to.
    pub(super) async fn publish(&self) -> Result<(), ServiceError> {
        self.start().await?;
        // What KV shows may be more than the rows hold: it is not overwritten unseen.
        let (has_looked, is_in_doubt) = {
            let started = self.started()?;
            (started.has_looked, started.object.is_in_doubt())
        };
        if !has_looked || is_in_doubt {
            self.look().await?;
        }
        if !self.is_publication_due()? {
            return Ok(());
        }
        self.list_this().await?;
        // A doubt may have begun meanwhile.
        if !self.is_publication_due()? {
            return Ok(());
        }
        let block = self.put_begins()?;
        let entry = KvEntry { value: block.to_text(), metadata: None, life: RECORD_LIFE };
        let (kv, key) = (self.runtime.kv(), KvKey::journal(&self.runtime.id()));
        let put = self.timed(KV_WRITE_LIMIT, kv.write(&key, entry)).await;
        let change =
            self.started()?.object.put_ends(block.head().last, put.is_ok(), self.runtime.now());
        self.write_or_start_anew(change)?;
        put
    }

    /// Deletes rows that nothing needs, and joins many rows into few.
    pub(super) fn sweep(&self) -> Result<(), ServiceError> {
        let swept = self.started()?.object.sweep(SWEPT_MOST, self.runtime.now());
        self.write_or_start_anew(swept)?;
        let now = self.runtime.now();
        let may_expire = {
            let started = self.started()?;
            !started.knows_receipts || started.receipts_end.is_some_and(|end| end <= now)
        };
        if may_expire {
            let end = self.sweep_receipts()?;
            let mut started = self.started()?;
            (started.receipts_end, started.knows_receipts) = (end, true);
        }
        Ok(())
    }

    fn is_publication_due(&self) -> Result<bool, ServiceError> {
        let (started, now) = (self.started()?, self.runtime.now());
        Ok(started.object.next_publication(now).is_some_and(|at| at <= now))
    }

    fn put_begins(&self) -> Result<Block, ServiceError> {
        let (changes, block) = {
            let mut started = self.started()?;
            (started.object.put_begins(self.runtime.now()), started.object.published())
        };
        self.write_or_start_anew(changes)?;
        Ok(block)
    }

    /// Lists this object in KV, so that a Worker without the binding finds what it published. It is
    /// checked each time: another environment may have written the list at the same moment.
    async fn list_this(&self) -> Result<(), ServiceError> {
        let (mut ids, id) = (self.listed().await?, self.runtime.id());
        if ids.contains(&id) {
            return Ok(());
        }
        ids.push(id);
        let entry = KvEntry { value: ids.join(" "), metadata: None, life: RECORD_LIFE };
        let kv = self.runtime.kv();
        self.timed(KV_WRITE_LIMIT, kv.write(&KvKey::journals(), entry)).await
    }

    pub(super) async fn listed(&self) -> Result<Vec<String>, ServiceError> {
        let value = self.read(&[KvKey::journals()]).await?.into_iter().next().flatten();
        Ok(value.unwrap_or_default().split_whitespace().map(str::to_owned).collect())
    }
}
