//! KV in memory: what a request does with it, and writes on their way.

use std::future::pending;
use std::time::Duration;

use edge_isr::platform::kv::{KvEntry, KvOperations, KvPage};
use edge_isr::platform::kv_error::KvError;
use edge_isr::platform::kv_key::{KvKey, KvPrefix};

use super::Sim;
use crate::world::kv::Operation;

/// A write that takes this long is not waited for any longer.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(10);

impl Sim {
    /// A write goes on whether or not a request waits for it.
    pub(super) async fn kv_change(&self, key: &str, entry: Option<KvEntry>) -> Result<(), KvError> {
        self.trace.kv_writes.borrow_mut().push(key.to_owned());
        assert!(key.len() <= 512, "KV takes keys of 512 bytes");
        self.executor.turn().await;
        let operation = if entry.is_some() { Operation::Write } else { Operation::Delete };
        if self.kv.hangs(operation, key) {
            pending::<()>().await;
        }
        self.kv.may_write()?;
        let (sender, done) = futures::channel::oneshot::channel();
        let (sim, name, began) = (self.clone(), key.to_owned(), self.executor.now());
        self.executor.spawn(0, async move {
            // A request that gave it up hears nothing.
            let _ = sender.send(sim.land(&name, entry).await);
        });
        let done = done.await.unwrap_or_else(|_| Err(KvError::classified("KV went away")));
        if done.is_ok() && self.executor.now().since(began) >= GIVEN_UP_AFTER {
            self.trace.kv_late.borrow_mut().push(key.to_owned());
        }
        done
    }

    async fn land(&self, key: &str, entry: Option<KvEntry>) -> Result<(), KvError> {
        let kv = &self.kv;
        let slow = self.executor.random() % 1000 < kv.slow_writes.get();
        let takes = if slow { 9_000 } else { kv.write_takes.get() };
        let until_landed =
            if slow || kv.paced.get() { self.up_to(takes) } else { Duration::from_millis(takes) };
        self.executor.sleep(until_landed).await;
        let now = self.executor.now();
        if kv.is_too_soon(key, now) {
            return Err(KvError::classified("KV PUT failed: 429 Too Many Requests"));
        }
        let fails = self.executor.random() % 1000 < kv.failing.get();
        if fails && self.executor.random().is_multiple_of(2) {
            return Err(KvError::classified("KV PUT failed: 500"));
        }
        kv.land(key, entry, now, self.ahead, || self.up_to(kv.lag.get()).as_millis() as u64);
        if kv.paced.get() {
            self.executor.sleep(self.up_to(takes / 4)).await;
        }
        if fails {
            Err(KvError::classified("KV PUT failed: the connection was lost"))
        } else {
            Ok(())
        }
    }
}

impl KvOperations for Sim {
    async fn read(&self, keys: &[KvKey]) -> Result<Vec<Option<String>>, KvError> {
        self.kv.reads.add();
        self.kv.keys_read.set(self.kv.keys_read.get() + keys.len() as u64);
        for key in keys {
            *self.trace.kv_reads.borrow_mut().entry(key.as_str().to_owned()).or_default() += 1;
        }
        assert!(keys.len() <= 100, "a bulk read takes 100 keys");
        self.pass(self.kv.read_takes.get()).await;
        if keys.iter().any(|key| self.kv.hangs(Operation::Read, key.as_str())) {
            pending::<()>().await;
        }
        let fails = self.executor.random() % 1000 < self.kv.failing.get();
        if fails || self.kv.is_unreadable(self.centre) {
            self.kv.failed_at.borrow_mut().insert(self.centre, self.executor.now());
            return Err(KvError::classified("KV GET failed: 500"));
        }
        let now = self.executor.now();
        let read = keys.len() - usize::from(self.kv.reads_too_few.get());
        let values = keys.iter().take(read);
        let values = values.map(|key| self.kv.read(self.centre, key.as_str(), now)).collect();
        // What was read may be on its way for a while.
        self.pass(self.kv.read_takes.get()).await;
        Ok(values)
    }

    async fn write(&self, key: &KvKey, entry: KvEntry) -> Result<(), KvError> {
        self.kv.writes.add();
        self.kv_change(key.as_str(), Some(entry)).await
    }

    async fn delete(&self, key: &KvKey) -> Result<(), KvError> {
        self.kv.deletes.add();
        self.kv_change(key.as_str(), None).await
    }

    async fn list(
        &self,
        prefix: &KvPrefix,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<KvPage, KvError> {
        self.pass(self.kv.read_takes.get()).await;
        if self.kv.hangs(Operation::List, prefix.as_str()) {
            pending::<()>().await;
        }
        if self.kv.is_unreadable(self.centre) {
            return Err(KvError::classified("KV LIST failed: 500"));
        }
        Ok(self.kv.list(self.centre, prefix.as_str(), cursor, limit as usize, self.executor.now()))
    }
}
