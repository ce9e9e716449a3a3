//! The object at work: its replies, and its alarm.
//!
//! The alarm works for a slice of time, and sets the next one. An alarm is set before each slice too,
//! and goes off if the slice does not finish. So a job continues after the object or a call fails.
//!
//! A slice does not wait for the pages that it has begun. One that hangs would delay all the others.

use std::cell::{Cell, RefCell, RefMut};
use std::rc::Rc;
use std::time::Duration;

use futures::channel::oneshot;

use crate::platform::journal_object::StorageError;
use crate::platform::rows::{RowChange, RowRange};
use crate::platform::tasks::within;
use crate::platform::warmups::WarmupRuntime;
use crate::policy::time::Time;
use crate::warmup::WarmSettings;
use crate::warmup::jobs::{JOBS, JOBS_END, Jobs, Next};
use crate::warmup::pace::Pace;
use crate::warmup::report::PaceNow;
use crate::warmup::wire::{Verb, WarmReply, WarmRequest};

/// The most calls of the Worker in a slice. A request on the platform may call Workers 32 times
/// (<https://developers.cloudflare.com/workers/platform/limits/>).
const CALLS_MOST: u32 = 30;
/// The calls that a page takes: to look, and to fetch.
const CALLS_OF_A_PAGE: u32 = 2;
/// The length of a slice.
const SLICE: Duration = Duration::from_secs(25);
/// The time after which the alarm goes off again if the object is lost in a slice, or its rows fail.
const ALARM_AGAIN: Duration = Duration::from_secs(60);
/// The pause after a restart: requests that were sent before it may be less than a second old, and
/// count in the rate.
const AFTER_A_START: Duration = Duration::from_secs(1);
/// The longest time between two looks for work in a slice.
const LOOK_AGAIN: Duration = Duration::from_millis(250);
/// The row with the end of the pause that the origin asked for.
const PAUSED: &str = "paused";
/// The row that an object has from its first job on.
const KEEPS_WARMUPS: &str = "warmups";

/// The object that keeps the jobs.
pub struct WarmupService<R> {
    pub(super) runtime: R,
    started: RefCell<Option<Started>>,
    /// Whether a slice is under way.
    works: Cell<bool>,
    /// The pieces of work that are under way, of this slice or an earlier one.
    pub(super) under_way: Cell<usize>,
    /// A failure of the rows in such a piece.
    pub(super) failed: RefCell<Option<StorageError>>,
    /// Wakes the slice: a piece of work has ended, or a job has started.
    wake: RefCell<Option<oneshot::Sender<()>>>,
}

/// The jobs, in memory.
pub(super) struct Started {
    pub(super) jobs: Jobs,
    pub(super) pace: Pace,
}

impl Started {
    /// Returns the changes of rows since the last call.
    pub(super) fn unwritten(&mut self, now: Time) -> Vec<RowChange> {
        let mut changes = self.jobs.unwritten();
        if let Some(until) = self.pace.paused_until(now) {
            changes.push(RowChange::Put { key: PAUSED.to_owned(), value: until.0.to_string() });
        }
        changes
    }
}

impl<R: WarmupRuntime> WarmupService<R> {
    /// Makes an object that has not started yet.
    pub fn new(runtime: R) -> WarmupService<R> {
        WarmupService {
            runtime,
            started: RefCell::default(),
            works: Cell::default(),
            under_way: Cell::default(),
            failed: RefCell::default(),
            wake: RefCell::default(),
        }
    }

    /// Tells whether this object keeps warmups: an alarm does not say whose it is.
    pub fn is_this(&self) -> Result<bool, StorageError> {
        Ok(self.row(KEEPS_WARMUPS)?.is_some())
    }

    /// Handles a request of a control route.
    pub fn answer(&self, text: &str) -> Result<WarmReply, StorageError> {
        let Some(request) = WarmRequest::of_text(text) else {
            return Err(StorageError("the request is in the format of another version".to_owned()));
        };
        let answered = self.answer_now(&mut *self.started()?, request);
        // What is in memory may not be in the rows.
        answered.inspect_err(|_| drop(self.started.take()))
    }

    /// Handles the alarm. An error says that the next alarm could not be set: the runtime then runs
    /// this one again.
    pub async fn alarm(self: Rc<Self>) -> Result<(), StorageError> {
        if self.works.replace(true) {
            return Ok(());
        }
        // Set first: if the object is lost in the slice, or its rows fail, this alarm is the next.
        let again = self.runtime.set_alarm(self.runtime.now() + ALARM_AGAIN);
        let worked = self.work().await;
        self.works.set(false);
        if let Err(error) = worked {
            self.runtime.log(&format!("warmups stopped for a minute: the object's rows: {error}"));
            // What is in memory may not be in the rows.
            self.started.take();
        }
        again
    }

    fn answer_now(
        &self,
        started: &mut Started,
        WarmRequest { verb, id, start }: WarmRequest,
    ) -> Result<WarmReply, StorageError> {
        let (now, mut status) = (self.runtime.now(), 200);
        let Started { jobs, pace } = started;
        let pace = PaceNow {
            per_second: pace.rate(),
            paused_until: pace.paused_until(now),
            has_tier: self.runtime.has_tier(),
        };
        match verb {
            Verb::Job => {}
            Verb::Jobs => return Ok(WarmReply { status, text: jobs.reports(pace, now) }),
            Verb::Start => {
                let mut changes = match jobs.start(&id, start, now) {
                    Ok(changes) => changes,
                    Err(refusal) => return Ok(refusal),
                };
                let (key, value) = (KEEPS_WARMUPS.to_owned(), "1".to_owned());
                changes.push(RowChange::Put { key, value });
                self.runtime.write(changes)?;
                if !self.works.get() {
                    self.runtime.set_alarm(now)?;
                }
                self.wake();
                status = 202;
            }
            Verb::Stop => self.runtime.write(jobs.stop(&id, now).unwrap_or_default())?,
        }
        Ok(match jobs.report(&id, pace, now) {
            Some(text) => WarmReply { status, text },
            None => WarmReply { status: 404, text: String::new() },
        })
    }

    /// Begins work for a slice, and sets the next alarm.
    async fn work(self: &Rc<Self>) -> Result<(), StorageError> {
        let now = self.runtime.now();
        drop(self.started()?);
        let settings = self.runtime.settings();
        self.begin(settings, now)?;
        let (ends, mut calls_left) = (now + SLICE, CALLS_MOST);
        let next = loop {
            self.failed.take().map_or(Ok(()), Err)?;
            let now = self.runtime.now();
            if calls_left < CALLS_OF_A_PAGE || now >= ends {
                break Some(now);
            }
            if self.under_way.get() < settings.at_once {
                match self.next(now)? {
                    Next::Work(work) => {
                        calls_left -= CALLS_OF_A_PAGE;
                        self.start_work(work);
                        continue;
                    }
                    Next::At(at) if self.under_way.get() == 0 => break Some(at),
                    Next::Nothing if self.under_way.get() == 0 => break None,
                    Next::At(_) | Next::Nothing | Next::Row(..) => {}
                }
            }
            self.wait().await;
        };
        let next = self.end_slice(next)?;
        // Without work, the alarm of before goes off once for nothing.
        next.map_or(Ok(()), |at| self.runtime.set_alarm(at))
    }

    fn begin(&self, settings: WarmSettings, now: Time) -> Result<(), StorageError> {
        let mut started = self.started()?;
        started.pace.set_rate(settings.per_second);
        let forgotten = started.jobs.forget_ended(now);
        self.runtime.write(forgotten)
    }

    /// Writes what is in memory. Returns the time of the next slice, if there is work.
    fn end_slice(&self, next: Option<Time>) -> Result<Option<Time>, StorageError> {
        let (now, mut started) = (self.runtime.now(), self.started()?);
        let changes = started.unwritten(now);
        self.runtime.write(changes)?;
        let next = next.map_or(now + LOOK_AGAIN, |next| next.max(now));
        Ok(started.jobs.has_work().then_some(next))
    }

    /// Waits until a piece of work ends or a job starts, or for a moment.
    async fn wait(&self) {
        let (wake, woken) = oneshot::channel();
        self.wake.replace(Some(wake));
        // Woken or timed out: the slice looks for work either way.
        let _ = within(&self.runtime, LOOK_AGAIN, woken).await;
    }

    pub(super) fn wake(&self) {
        if let Some(wake) = self.wake.take() {
            // A slice that waits no longer needs no signal.
            let _ = wake.send(());
        }
    }

    /// Takes the next piece of work. In a pause there is none before its end.
    fn next(&self, now: Time) -> Result<Next, StorageError> {
        let mut started = self.started()?;
        if let Some(until) = started.pace.paused_until(now) {
            return Ok(Next::At(until));
        }
        loop {
            match started.jobs.next(now) {
                Next::Row(job, key) => {
                    let value = self.row(&key)?;
                    started.jobs.add_row(&job, value, now);
                }
                next => return Ok(next),
            }
        }
    }

    fn row(&self, key: &str) -> Result<Option<String>, StorageError> {
        let range = RowRange { from: key, most: Some(1), ..RowRange::ALL };
        let rows = self.runtime.rows(range)?;
        Ok(rows.into_iter().find(|(name, _)| name == key).map(|(_, value)| value))
    }

    /// Returns the jobs. They are read from the rows first, if they are not in memory. Do not hold them
    /// across an await.
    pub(super) fn started(&self) -> Result<RefMut<'_, Started>, StorageError> {
        let mut started = self.started.borrow_mut();
        if started.is_none() {
            *started = Some(self.start()?);
        }
        // The jobs were read above.
        Ok(RefMut::map(started, |started| started.as_mut().expect("the jobs")))
    }

    fn start(&self) -> Result<Started, StorageError> {
        let range = RowRange { from: JOBS, to: JOBS_END, ..RowRange::ALL };
        let jobs = Jobs::restored(self.runtime.rows(range)?);
        let (now, per_second) = (self.runtime.now(), self.runtime.settings().per_second);
        let from = if jobs.has_work() { now + AFTER_A_START } else { now };
        let mut pace = Pace::new(per_second, from);
        if let Some(until) = self.row(PAUSED)?.and_then(|until| until.parse().ok()) {
            pace.pause(Time(until));
        }
        if jobs.has_work() {
            // A report that is asked for gets a job going whose alarm was lost with the object.
            self.runtime.set_alarm(from)?;
        }
        Ok(Started { jobs, pace })
    }
}
