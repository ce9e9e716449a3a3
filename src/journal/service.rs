//! The journal's object at work: its start, its answers, and the publication in KV.
//!
//! **What was published stays in force.** An object without rows is new, was renamed, or has lost
//! them. It begins a journal, and adopts what KV shows of earlier ones. An object that was restored
//! to an earlier state finds more in KV than in its rows, and adopts that.
//!
//! **The alarm publishes, and nothing else does.** Its handler lets no error escape, because the
//! runtime gives a failing alarm up after six attempts. It sets the next alarm itself.

use std::cell::{RefCell, RefMut};
use std::rc::Rc;
use std::time::Duration;

use crate::journal::block::Block;
use crate::journal::entries::Before;
use crate::journal::object::JournalObject;
use crate::journal::receipts::{self, KeptReceipt, RECEIPTS_MOST};
use crate::journal::rows;
use crate::journal::wire::{JournalRequest, parse_request};
use crate::journal::{JournalId, Number};
use crate::platform::journal_object::{ObjectRuntime, StorageError};
use crate::platform::kv::{KvEntry, KvOperations};
use crate::platform::kv_error::KvError;
use crate::platform::kv_key::{KvKey, KvPrefix};
use crate::platform::tasks::within;
use crate::policy::time::Time;
use crate::policy::timing::{
    JOURNAL_ALARM_AGAIN, JOURNAL_LOOKS_EVERY, JOURNAL_LOOKS_FOR, JOURNAL_SWEPT_EVERY,
    KV_LIST_LIMIT, KV_READ_LIMIT, KV_WRITE_LIMIT, RECORD_LIFE,
};

/// The most rows that an alarm deletes.
const SWEPT_MOST: usize = 500;

/// The reason why the object gives no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// The request is in the format of another version.
    #[error("the request is in the format of another version")]
    Format,
    /// The object's rows failed.
    #[error("the object's rows: {0}")]
    Storage(#[from] StorageError),
    /// KV failed, which the first start needs.
    #[error("KV, which the object reads when it starts: {0}")]
    Kv(#[from] KvError),
    /// The rows failed in another request, so the object reads them again.
    #[error("the object starts anew")]
    StartsAnew,
}

/// The journal's object.
pub struct JournalService<R> {
    runtime: R,
    started: RefCell<Option<Started>>,
}

struct Started {
    object: JournalObject,
    at: Time,
    /// The last time at which the object began to look in KV for what concerns it.
    looked_at: Option<Time>,
    /// Whether it has seen what KV shows.
    has_looked: bool,
    /// The time before which no publication is tried: the last one failed.
    rests_until: Option<Time>,
    /// The alarm that is set, as far as this start knows.
    alarm: Option<Time>,
}

impl<R: ObjectRuntime> JournalService<R> {
    /// Makes an object that has not started yet.
    pub fn new(runtime: R) -> JournalService<R> {
        JournalService { runtime, started: RefCell::default() }
    }

    /// Handles one request. Returns the bytes of the reply.
    pub async fn answer(self: Rc<Self>, text: &str) -> Result<Vec<u8>, ServiceError> {
        let request = parse_request(text).ok_or(ServiceError::Format)?;
        self.start().await?;
        let answered = self.answer_now(&request);
        if answered.is_err() {
            // What is in memory may not be in the rows.
            self.started.take();
        } else if self.is_look_due()? {
            // No request waits for KV. Without it the object goes on.
            let then = self.clone();
            self.runtime.defer(async move { drop(then.look().await) });
        }
        answered
    }

    /// Handles the alarm. An error says that the next alarm could not be set: the runtime then runs
    /// this one again.
    pub async fn alarm(&self) -> Result<(), StorageError> {
        if let Some(started) = self.started.borrow_mut().as_mut() {
            started.alarm = None;
        }
        // broken: alarm-throws
        let published = self.publish().await;
        if let Err(error) = &published {
            self.runtime.log(&format!("the purge journal was not published in KV: {error}"));
        }
        let again = self.runtime.now() + JOURNAL_ALARM_AGAIN;
        match self.started.borrow_mut().as_mut() {
            Some(started) => {
                // Without a pause, an alarm that fails would ring again at once.
                started.rests_until = published.is_err().then_some(again);
                self.set_alarm(started)
            }
            None => self.runtime.set_alarm(again),
        }
    }

    // No await from here on to the end of the answer: nothing interleaves.
    fn answer_now(&self, request: &JournalRequest) -> Result<Vec<u8>, ServiceError> {
        let mut started = self.started()?;
        let now = self.runtime.now();
        let bytes = match request {
            JournalRequest::Receipt(id) => {
                let number = started.object.number_of(*id);
                receipts::to_text(&self.receipts(number.into_iter(), 1)?).into_bytes()
            }
            JournalRequest::Newest(before) => {
                let newest = started.object.receipts(*before);
                receipts::to_text(&self.receipts(newest, RECEIPTS_MOST)?).into_bytes()
            }
            JournalRequest::Read(_) | JournalRequest::Append(..) => {
                let (reply, changes) = started.object.answer(request, now);
                self.runtime.write(changes)?;
                reply.to_bytes()
            }
        };
        self.set_alarm(&mut started)?;
        Ok(bytes)
    }

    fn receipts(
        &self,
        numbers: impl Iterator<Item = Number>,
        most: usize,
    ) -> Result<Vec<KeptReceipt>, StorageError> {
        let (mut kept, now) = (Vec::new(), self.runtime.now());
        for number in numbers.take(most) {
            let row = self.runtime.row(&rows::receipt_key(number))?;
            let receipt = row.as_deref().and_then(rows::receipt_of);
            if let Some((_, _, text)) = receipt.filter(|(_, until, _)| now < *until) {
                kept.push(KeptReceipt { number, text: text.to_owned() });
            }
        }
        Ok(kept)
    }

    /// Restores the journal, or begins one.
    async fn start(&self) -> Result<(), ServiceError> {
        if self.started.borrow().is_some() {
            return Ok(());
        }
        let restored = self.restored()?;
        let object = match restored {
            Some(object) => object,
            None => {
                let earlier = self.earlier().await?;
                // Another request may have begun the journal meanwhile.
                if self.started.borrow().is_some() {
                    return Ok(());
                }
                self.begin(earlier)?
            }
        };
        let at = self.runtime.now();
        let started = Started {
            object,
            at,
            looked_at: None,
            has_looked: false,
            rests_until: None,
            alarm: None,
        };
        self.started.replace(Some(started));
        Ok(())
    }

    fn restored(&self) -> Result<Option<JournalObject>, StorageError> {
        let rows = self.runtime.rows()?;
        Ok(JournalObject::restored(rows, self.runtime.terms(), self.runtime.now()))
    }

    /// Reads what was before the journal: records by tag, and journals that were published.
    async fn earlier(&self) -> Result<(Before, Vec<Block>), ServiceError> {
        let kv = self.runtime.kv();
        let prefix = KvPrefix::records();
        let records = kv.list(&prefix, None, 1);
        let records = self.timed(KV_LIST_LIMIT, records).await?.keys;
        let before = if records.is_empty() { Before::NoRecords } else { Before::Records };
        let (mut ids, id) = (self.listed().await?, self.runtime.id());
        if !ids.contains(&id) {
            ids.push(id);
        }
        let keys: Vec<KvKey> = ids.iter().map(|id| KvKey::journal(id)).collect();
        let published = self.read(&keys).await?.into_iter().flatten();
        Ok((before, published.filter_map(|text| Block::of_text(&text)).collect()))
    }

    fn begin(&self, earlier: (Before, Vec<Block>)) -> Result<JournalObject, StorageError> {
        let (runtime, (before, blocks)) = (&self.runtime, earlier);
        let id = JournalId(runtime.random());
        let (mut object, mut changes) =
            JournalObject::born(id, before, runtime.terms(), runtime.now());
        blocks.iter().for_each(|block| changes.extend(object.inherits(block)));
        runtime.write(changes)?;
        Ok(object)
    }

    fn is_look_due(&self) -> Result<bool, ServiceError> {
        let (started, now) = (self.started()?, self.runtime.now());
        Ok(started.looked_at.is_none_or(|looked_at| {
            now.since(started.at) < JOURNAL_LOOKS_FOR && now.since(looked_at) >= JOURNAL_LOOKS_EVERY
        }))
    }

    /// Looks in KV for a journal that has more than this one, and for the mark of a purge without
    /// the journal.
    async fn look(&self) -> Result<(), ServiceError> {
        self.started()?.looked_at = Some(self.runtime.now());
        let keys = [KvKey::journal(&self.runtime.id()), KvKey::mark()];
        let values = self.read(&keys).await?;
        let now = self.runtime.now();
        let mut started = self.started()?;
        let mut changes = Vec::new();
        if let Some(block) = values.first().and_then(|text| Block::of_text(text.as_deref()?)) {
            changes.extend(started.object.found(&block, now));
        }
        if let Some(Some(mark)) = values.get(1) {
            changes.extend(started.object.marked(mark, now));
        }
        started.has_looked = true;
        Ok(self.runtime.write(changes)?)
    }

    /// Publishes the journal in KV, if it is time to.
    async fn publish(&self) -> Result<(), ServiceError> {
        self.start().await?;
        // What KV shows may be more than the rows hold: it is not overwritten unseen.
        if !self.started()?.has_looked {
            self.look().await?;
        }
        let swept = self.started()?.object.sweep(SWEPT_MOST, self.runtime.now());
        self.runtime.write(swept)?;
        if !self.is_publication_due()? {
            return Ok(());
        }
        self.list_this().await?;
        let block = self.put_begins()?;
        let entry = KvEntry { value: block.to_text(), metadata: None, life: RECORD_LIFE };
        let (kv, key) = (self.runtime.kv(), KvKey::journal(&self.runtime.id()));
        let put = self.timed(KV_WRITE_LIMIT, kv.write(&key, entry)).await;
        let change =
            self.started()?.object.put_ends(block.head().last, put.is_ok(), self.runtime.now());
        self.runtime.write(change.into_iter().collect())?;
        put
    }

    fn is_publication_due(&self) -> Result<bool, ServiceError> {
        let (started, now) = (self.started()?, self.runtime.now());
        let last = started.object.head().last;
        Ok(started.object.publisher.next(last, now).is_some_and(|at| at <= now))
    }

    fn put_begins(&self) -> Result<Block, ServiceError> {
        let mut started = self.started()?;
        let change = started.object.put_begins(self.runtime.now());
        let written = self.runtime.write(vec![change]);
        if let Err(error) = written {
            let now = self.runtime.now();
            started.object.put_ends(Number(0), false, now);
            return Err(error.into());
        }
        Ok(started.object.published())
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

    async fn listed(&self) -> Result<Vec<String>, ServiceError> {
        let value = self.read(&[KvKey::journals()]).await?.into_iter().next().flatten();
        Ok(value.unwrap_or_default().split_whitespace().map(str::to_owned).collect())
    }

    async fn read(&self, keys: &[KvKey]) -> Result<Vec<Option<String>>, ServiceError> {
        let kv = self.runtime.kv();
        self.timed(KV_READ_LIMIT, kv.read(keys)).await
    }

    async fn timed<T>(
        &self,
        limit: Duration,
        operation: impl Future<Output = Result<T, KvError>>,
    ) -> Result<T, ServiceError> {
        let ended = within(&self.runtime, limit, operation).await;
        Ok(ended.unwrap_or(Err(KvError::TimedOut))?)
    }

    /// Sets the alarm for the next publication, or for rows to delete, unless an earlier one is set.
    fn set_alarm(&self, started: &mut Started) -> Result<(), StorageError> {
        let now = self.runtime.now();
        let publishes = started.object.publisher.next(started.object.head().last, now);
        let sweeps = started.object.next_sweep(now).map(|at| at.max(now + JOURNAL_SWEPT_EVERY));
        let Some(at) = publishes.into_iter().chain(sweeps).min() else { return Ok(()) };
        let at = started.rests_until.map_or(at, |until| at.max(until));
        if started.alarm.is_none_or(|alarm| at < alarm) {
            self.runtime.set_alarm(at)?;
            started.alarm = Some(at);
        }
        Ok(())
    }

    fn started(&self) -> Result<RefMut<'_, Started>, ServiceError> {
        let started = RefMut::filter_map(self.started.borrow_mut(), Option::as_mut);
        started.map_err(|_| ServiceError::StartsAnew)
    }
}
