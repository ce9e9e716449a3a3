//! The journal's object at work: its replies and its alarm.
//!
//! **The alarm publishes, and nothing else does.** Its handler sets the next alarm itself, also after an
//! error, because the runtime gives a failing alarm up after six attempts. It fails only if that alarm
//! cannot be set.

use std::cell::{RefCell, RefMut};
use std::rc::Rc;
use std::time::Duration;

use crate::journal::object::start::Started;
use crate::journal::receipts;
use crate::journal::wire::{JournalRequest, parse_request};
use crate::platform::journal_object::{ObjectRuntime, StorageError};
use crate::platform::kv::KvOperations;
use crate::platform::kv_error::KvError;
use crate::platform::kv_key::KvKey;
use crate::platform::rows::RowChange;
use crate::platform::tasks::within;
use crate::policy::timing::{JOURNAL_ALARM_AGAIN, JOURNAL_SWEPT_EVERY, KV_READ_LIMIT};

/// The reason why the object gives no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// The request is in the format of another version.
    #[error("the request is in the format of another version")]
    Format,
    /// The object's rows failed.
    #[error("the object's rows: {0}")]
    Storage(#[from] StorageError),
    /// KV failed.
    #[error("KV: {0}")]
    Kv(#[from] KvError),
    /// The rows failed, so the object reads them again.
    #[error("the object starts anew")]
    StartsAnew,
}

/// The journal's object.
pub struct JournalService<R> {
    pub(super) runtime: R,
    pub(super) started: RefCell<Option<Started>>,
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
        if self.started.borrow().is_some()
            && let Err(error) = self.sweep()
        {
            self.runtime.log(&format!("the purge journal's rows were not cleared up: {error}"));
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
            JournalRequest::Receipt(id) => receipts::to_text(&self.receipt(*id)?).into_bytes(),
            JournalRequest::Newest(before) => {
                receipts::to_text(&self.newest(*before)?).into_bytes()
            }
            JournalRequest::Read(_) | JournalRequest::Append(..) => {
                let (reply, changes) = started.object.answer(request, now);
                self.runtime.write(changes)?;
                if let JournalRequest::Append(append, _) = request {
                    let ends = append.receipt.as_ref().map(|receipt| now + receipt.life);
                    started.receipts_end = started.receipts_end.into_iter().chain(ends).min();
                }
                reply.to_bytes()
            }
        };
        self.set_alarm(&mut started)?;
        Ok(bytes)
    }

    /// Sets the alarm for the next publication, or for rows to delete, unless an earlier one is set.
    fn set_alarm(&self, started: &mut Started) -> Result<(), StorageError> {
        let now = self.runtime.now();
        let publishes = started.object.next_publication(now);
        let sweeps = started.object.next_sweep().into_iter().chain(started.receipts_end).min();
        let sweeps = sweeps.map(|at| at.max(now + JOURNAL_SWEPT_EVERY));
        let Some(at) = publishes.into_iter().chain(sweeps).min() else { return Ok(()) };
        let at = started.rests_until.map_or(at, |until| at.max(until));
        if started.alarm.is_none_or(|alarm| at < alarm) {
            self.runtime.set_alarm(at)?;
            started.alarm = Some(at);
        }
        Ok(())
    }

    /// Writes rows. If that fails, what is in memory is not in the rows: they are read again.
    pub(super) fn write_or_start_anew(&self, changes: Vec<RowChange>) -> Result<(), ServiceError> {
        Ok(self.runtime.write(changes).inspect_err(|_| drop(self.started.take()))?)
    }

    pub(super) async fn read(&self, keys: &[KvKey]) -> Result<Vec<Option<String>>, ServiceError> {
        let kv = self.runtime.kv();
        self.timed(KV_READ_LIMIT, kv.read(keys)).await
    }

    pub(super) async fn timed<T>(
        &self,
        limit: Duration,
        operation: impl Future<Output = Result<T, KvError>>,
    ) -> Result<T, ServiceError> {
        let ended = within(&self.runtime, limit, operation).await;
        Ok(ended.unwrap_or(Err(KvError::TimedOut))?)
    }

    pub(super) fn started(&self) -> Result<RefMut<'_, Started>, ServiceError> {
        let started = RefMut::filter_map(self.started.borrow_mut(), Option::as_mut);
        started.map_err(|_| ServiceError::StartsAnew)
    }
}
