//! A write to KV, on its way.

use std::time::Duration;

use edge_isr::platform::{KvEntry, KvError};

use super::Sim;

impl Sim {
    /// A write goes on whether or not a request waits for it.
    pub(super) async fn kv_change(&self, key: &str, entry: Option<KvEntry>) -> Result<(), KvError> {
        self.trace.kv_writes.borrow_mut().push(key.to_owned());
        assert!(key.len() <= 512, "KV takes keys of 512 bytes");
        self.executor.turn().await;
        self.kv.may_write()?;
        let (sender, done) = futures::channel::oneshot::channel();
        let (sim, key) = (self.clone(), key.to_owned());
        self.executor.spawn(0, async move {
            // A request that gave it up hears nothing.
            let _ = sender.send(sim.land(&key, entry).await);
        });
        done.await.unwrap_or_else(|_| Err(KvError("KV went away".to_owned())))
    }

    async fn land(&self, key: &str, entry: Option<KvEntry>) -> Result<(), KvError> {
        let kv = &self.kv;
        let slow = self.executor.random() % 1000 < kv.slow_writes.get();
        let takes = if slow { 9_000 } else { kv.write_takes.get() };
        let until_landed = match slow || kv.paced.get() {
            true => self.up_to(takes),
            false => Duration::from_millis(takes),
        };
        self.executor.sleep(until_landed).await;
        let now = self.executor.now();
        if kv.is_too_soon(key, now) {
            return Err(KvError("KV PUT failed: 429 Too Many Requests".to_owned()));
        }
        let fails = self.executor.random() % 1000 < kv.failing.get();
        if fails && self.executor.random().is_multiple_of(2) {
            return Err(KvError("KV PUT failed: 500".to_owned()));
        }
        kv.land(key, entry, now, self.ahead, || self.up_to(kv.lag.get()).as_millis() as u64);
        if kv.paced.get() {
            self.executor.sleep(self.up_to(takes / 4)).await;
        }
        match fails {
            true => Err(KvError("KV PUT failed: the connection was lost".to_owned())),
            false => Ok(()),
        }
    }
}
