//! One piece of work of the object: a page is looked at and fetched, or a list is read.

use std::rc::Rc;
use std::time::Duration;

use crate::platform::CoordinatorError;
use crate::platform::journal_object::StorageError;
use crate::platform::tasks::within;
use crate::platform::warmups::WarmupRuntime;
use crate::warmup::ask::{Ask, End, Reply, Task};
use crate::warmup::job::List;
use crate::warmup::jobs::{What, Work};
use crate::warmup::service::WarmupService;

/// The time limit of a call of the Worker: longer than the origin's, a lease's and KV's together.
const CALL_LIMIT: Duration = Duration::from_secs(180);

impl<R: WarmupRuntime> WarmupService<R> {
    /// Starts a piece of work, which goes on beyond the slice.
    pub(super) fn start_work(self: &Rc<Self>, work: Work) {
        self.under_way.set(self.under_way.get() + 1);
        let then = self.clone();
        self.runtime.defer(async move {
            let done = then.carry_out(work).await;
            then.under_way.set(then.under_way.get() - 1);
            if let Err(error) = done {
                then.failed.replace(Some(error));
            }
            then.wake();
        });
    }

    async fn carry_out(&self, work: Work) -> Result<(), StorageError> {
        let reply = match &work.what {
            What::Page(page) => self.warm(&work, &page.url).await?,
            What::List(list) => self.list(&work, list).await?,
        };
        match reply {
            Some(reply) => self.done(work, reply),
            None => {
                self.started()?.jobs.put_back(work);
                Ok(())
            }
        }
    }

    /// Looks at a page, and fetches it if it is not fresh. `None`: it is not to be fetched now.
    async fn warm(&self, work: &Work, url: &str) -> Result<Option<Reply>, StorageError> {
        let reply = self.ask(work, Task::Look, url, None).await;
        if reply.end != End::Stale {
            return Ok(Some(reply));
        }
        self.paced(work, Task::Fetch, url).await
    }

    async fn list(&self, work: &Work, list: &List) -> Result<Option<Reply>, StorageError> {
        if list.task == Task::Sitemap {
            return self.paced(work, Task::Sitemap, &list.of).await;
        }
        Ok(Some(self.ask(work, list.task, &list.of, list.cursor.clone()).await))
    }

    /// Asks for a request to the origin, when it may go out. `None`: a pause or a stop came meanwhile.
    async fn paced(
        &self,
        work: &Work,
        task: Task,
        of: &str,
    ) -> Result<Option<Reply>, StorageError> {
        let now = self.runtime.now();
        let at = self.started()?.pace.take(now);
        self.runtime.sleep(at.since(now)).await;
        if !self.goes_on(work)? {
            return Ok(None);
        }
        Ok(Some(self.ask(work, task, of, None).await))
    }

    fn goes_on(&self, work: &Work) -> Result<bool, StorageError> {
        let (now, started) = (self.runtime.now(), self.started()?);
        Ok(started.pace.paused_until(now).is_none() && !started.jobs.has_ended(&work.job))
    }

    /// Calls the Worker. A call that fails is tried again as a page is.
    async fn ask(&self, work: &Work, task: Task, of: &str, cursor: Option<String>) -> Reply {
        let Work { host, knows, .. } = work;
        let ask = Ask { task, of: of.to_owned(), cursor, host: host.clone(), knows: *knows };
        let call = self.runtime.call_worker(ask.to_text());
        let replied = within(&self.runtime, CALL_LIMIT, call).await;
        match replied.unwrap_or(Err(CoordinatorError::TimedOut)) {
            Ok(text) => Reply::of_text(&text).unwrap_or_else(|| {
                Reply::because(End::Failed, "the Worker replied in the format of another version")
            }),
            Err(error) => Reply::because(End::Failed, format!("the Worker failed: {error}")),
        }
    }

    fn done(&self, work: Work, reply: Reply) -> Result<(), StorageError> {
        let now = self.runtime.now();
        let mut started = self.started()?;
        if reply.took > 0 {
            started.pace.took(reply.took);
        }
        if reply.pause > 0 {
            // broken: warms-without-pause
            started.pace.pause(now + Duration::from_secs(reply.pause));
        }
        let (is_paused, id) = (reply.pause > 0, work.job.clone());
        let mut changes = started.jobs.done(work, reply, now);
        if is_paused || started.jobs.has_ended(&id) {
            // What was reported holds after a restart.
            changes.extend(started.unwritten(now));
        }
        self.runtime.write(changes)
    }
}
