//! The durable tier, in a KV of its own. A value is a line of metadata and the body; the head stands in
//! the metadata of the key.

use std::time::Duration;

use edge_isr::durable::key::TierKey;
use edge_isr::platform::kv::{KvEntry, KvPage};
use edge_isr::platform::kv_error::KvError;
use edge_isr::platform::{Document, DurableTier};

use super::{Body, Sim};

impl DurableTier for Sim {
    fn has_tier(&self) -> bool {
        self.pages.is_some()
    }

    async fn tier_read(&self, key: &TierKey) -> Result<Option<Document<Body>>, KvError> {
        let pages = self.pages.as_ref().unwrap();
        self.pass(pages.read_takes.get()).await;
        if !pages.page_takes.get().is_zero() {
            self.executor.sleep(pages.page_takes.get()).await;
        }
        pages.reads.add();
        if pages.reads_fail.get() {
            return Err(KvError::Other("KV GET failed: 500".to_owned()));
        }
        let value = pages.read(self.centre, key.as_str(), self.executor.now());
        Ok(value.and_then(|value| {
            let (metadata, body) = value.split_once('\n')?;
            Some(Document { metadata: metadata.to_owned(), body: Body::whole(body) })
        }))
    }

    async fn tier_head(&self, key: &TierKey) -> Result<Option<String>, KvError> {
        let pages = self.pages.as_ref().unwrap();
        self.pass(pages.read_takes.get()).await;
        pages.reads.add();
        let values = pages.values.borrow();
        Ok(values.get(key.as_str()).and_then(|entry| entry.metadata.clone()))
    }

    async fn tier_write(
        &self,
        key: &TierKey,
        head: String,
        document: Document<Body>,
        life: Duration,
    ) -> Result<(), KvError> {
        let pages = self.pages.as_ref().unwrap();
        self.pass(pages.write_takes.get()).await;
        pages.writes.add();
        if pages.writes_refused.get() {
            return Err(KvError::Other("KV PUT failed: 500".to_owned()));
        }
        let value = format!("{}\n{}", document.metadata, document.body.text);
        let entry = KvEntry { value, metadata: Some(head), life };
        self.land_page(key, Some(entry));
        Ok(())
    }

    async fn tier_list(&self, prefix: &str, cursor: Option<&str>) -> Result<KvPage, KvError> {
        let pages = self.pages.as_ref().unwrap();
        self.pass(pages.read_takes.get()).await;
        Ok(pages.list(self.centre, prefix, cursor, 1000, self.executor.now()))
    }

    async fn tier_delete(&self, key: &TierKey) -> Result<(), KvError> {
        let pages = self.pages.as_ref().unwrap();
        self.pass(pages.write_takes.get()).await;
        pages.deletes.add();
        self.land_page(key, None);
        Ok(())
    }
}

impl Sim {
    fn land_page(&self, key: &TierKey, entry: Option<KvEntry>) {
        let pages = self.pages.as_ref().unwrap();
        let lag = pages.lag.get();
        let delay = || if lag == 0 { 0 } else { self.executor.random() % (lag + 1) };
        pages.land(key.as_str(), entry, self.executor.now(), 0, delay);
    }
}
