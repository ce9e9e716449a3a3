//! Writing a purge to KV: one record per tag, and a mark where a journal was published.
//!
//! KV takes one write a second for each key. All purges of a tag in a mode have one key, and all marks
//! have one. So purges that wait for a key share its next write (`purge/batches.rs`).
//!
//! A record outdates every response requested up to `skew` after its stamp. This covers two purges
//! of one tag that reach KV in the wrong order. For example, purge A is stamped at 12:00:00 and
//! purge B at 12:00:02, but KV takes B's write first. A's record then replaces B's. With a `skew`
//! of 5 seconds, A's record outdates responses requested until 12:00:05, and so all that B was to
//! outdate.
//!
//! Therefore the write of a record may take at most half of `skew`; the other half allows for clocks
//! that differ. A slower write counts as failed. Each attempt has a new stamp.
//!
//! The mark is a random word. One that the journal's object has not seen tells it of purges, however
//! late the mark comes.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use futures::FutureExt;

use crate::isolate::complaints::Complaint;
use crate::journal::unbound;
use crate::json;
use crate::platform::Platform;
use crate::platform::complain::complain;
use crate::platform::kv::{self, KvEntry, TimedWrite};
use crate::platform::kv_error::KvError;
use crate::platform::kv_key::KvKey;
use crate::platform::tasks::in_lanes;
use crate::policy::fence::PurgeMode;
use crate::policy::tag::Tag;
use crate::policy::time::Time;
use crate::policy::timing::{
    KV_WRITE_LIMIT, PURGE_ATTEMPTS_WITHIN, PURGE_FIRST_PAUSE, RECORD_LIFE,
};
use crate::purge::batches::{Batch, Joined, Limit, Reopened, Role, WriteEnd};
use crate::purge::{Purge, new_record};

/// Writes at the same time. A Worker has six connections; one is left for other work.
const WRITES_AT_ONCE: usize = 5;
/// Attempts at a write.
const ATTEMPTS: u32 = 4;

/// What a purge writes to KV.
#[derive(Clone)]
enum Writing {
    /// The record of a tag.
    Record { tag: Tag, mode: PurgeMode },
    /// The mark of a purge without the journal's binding.
    Mark,
}

impl Writing {
    fn key(&self) -> KvKey {
        match self {
            Writing::Record { tag, mode } => KvKey::record(*mode, tag),
            Writing::Mark => KvKey::mark(),
        }
    }
}

/// Writes a record of each tag.
pub async fn write_all<P: Platform>(platform: &P, tags: Vec<Tag>, mode: PurgeMode) -> Purge {
    let until = platform.now() + PURGE_ATTEMPTS_WITHIN;
    let (tags, purge) = (RefCell::new(tags.into_iter()), RefCell::new(Purge::default()));
    let next = || tags.borrow_mut().next();
    let lane = || {
        let work = async {
            while let Some(tag) = next() {
                let writing = Writing::Record { tag: tag.clone(), mode };
                let ended = shared_write(platform, &writing, until).await;
                purge.borrow_mut().note(tag, ended);
            }
        };
        work.boxed_local()
    };
    in_lanes(WRITES_AT_ONCE, &lane).await;
    purge.take()
}

/// Leaves a mark after a purge by records, if a journal was published. An object that starts reads
/// it, and so knows that purges were made without it.
pub async fn leave_mark<P: Platform>(platform: &P) -> WriteEnd {
    let now = platform.now();
    let has_found = || platform.isolate().journal.with(|journal| journal.has_found(now));
    if has_found().is_none() {
        unbound::find(platform).await;
    }
    if has_found() == Some(false) {
        return WriteEnd::Durable;
    }
    shared_write(platform, &Writing::Mark, platform.now() + PURGE_ATTEMPTS_WITHIN).await
}

/// Waits for a write that begins from now on, and leads it if no other purge does.
async fn shared_write<P: Platform>(platform: &P, writing: &Writing, until: Time) -> WriteEnd {
    let key = writing.key();
    while platform.now() < until {
        let now = platform.now();
        let lasts = PURGE_ATTEMPTS_WITHIN + KV_WRITE_LIMIT;
        let batches = &platform.isolate().purge_batches;
        let Joined { batch, role } = batches.with_mut(|batches| batches.join(&key, lasts, now));
        let waits_until = batch.until().min(until + KV_WRITE_LIMIT);
        let (signal, wait) = platform.signal(waits_until.since(now));
        batch.wait(signal);
        if role == Role::Leads {
            platform.defer(lead(platform.clone(), writing.clone(), batch.clone(), until));
        }
        wait.await;
        match batch.ended() {
            // The leader's time may have been over, or its invocation may make no more operations.
            Some(WriteEnd::Failed | WriteEnd::Refused(Limit::Invocation))
                if role == Role::Follows => {}
            ended => return ended.unwrap_or(WriteEnd::Failed),
        }
    }
    WriteEnd::Failed
}

/// Writes for a batch.
async fn lead<P: Platform>(platform: P, writing: Writing, batch: Rc<Batch>, until: Time) {
    let key = writing.key();
    let batches = &platform.isolate().purge_batches;
    // broken: no-retry.attempts
    for number in 0..ATTEMPTS {
        wait_for_turn(&platform, &key, number).await;
        if platform.now() >= until {
            break;
        }
        let now = platform.now();
        batches.with_mut(|batches| batches.begin(&key, &batch, KV_WRITE_LIMIT, now));
        let attempt = write(&platform, &writing).await;
        batches.with_mut(|batches| batches.free(&key));
        // broken: shares-a-write-under-way.end
        match attempt {
            Attempt::Durable => return batch.end(WriteEnd::Durable),
            Attempt::Refused(limit) => return batch.end(WriteEnd::Refused(limit)),
            Attempt::InVain => {}
        }
        let now = platform.now();
        let reopened = batches.with_mut(|batches| batches.reopen(&key, &batch, now));
        if reopened == Reopened::StoodFor {
            return;
        }
    }
    batches.with_mut(|batches| batches.withdraw(&key, &batch));
    // broken: no-retry.end
    batch.end(WriteEnd::Failed);
}

async fn wait_for_turn<P: Platform>(platform: &P, key: &KvKey, number: u32) {
    if number > 0 {
        let longest = PURGE_FIRST_PAUSE * (1 << number);
        let by_chance = platform.random() % (longest.as_millis() as u64 / 2);
        platform.sleep(longest / 2 + Duration::from_millis(by_chance)).await;
    }
    loop {
        let now = platform.now();
        let wait = platform.isolate().purge_batches.with(|batches| batches.wait(key, now));
        if wait.is_zero() {
            return;
        }
        platform.sleep(wait).await;
    }
}

/// The result of one attempt at a write.
enum Attempt {
    Durable,
    /// Another attempt would be refused as well.
    Refused(Limit),
    /// The write failed, or took so long that it counts as failed.
    InVain,
}

fn failed<P: Platform>(platform: &P, error: &KvError) -> Attempt {
    complain(platform, Complaint::PurgeWrite, || {
        format!("a purge could not be written to KV: {error}")
    });
    Limit::of(error).map_or(Attempt::InVain, Attempt::Refused)
}

async fn write<P: Platform>(platform: &P, writing: &Writing) -> Attempt {
    match writing {
        Writing::Record { tag, mode } => write_record(platform, tag, *mode).await,
        Writing::Mark => write_mark(platform).await,
    }
}

async fn write_mark<P: Platform>(platform: &P) -> Attempt {
    let value = format!("{:016x}", platform.random());
    let entry = KvEntry { value, metadata: None, life: RECORD_LIFE };
    match kv::write(platform, &KvKey::mark(), entry).await {
        Ok(()) => Attempt::Durable,
        Err(error) => failed(platform, &error),
    }
}

/// Makes one attempt to write a record, with a stamp of its own.
async fn write_record<P: Platform>(platform: &P, tag: &Tag, mode: PurgeMode) -> Attempt {
    let at = platform.now();
    // broken: one-record.id
    let record = new_record(platform, tag, mode, at);
    let entry = KvEntry { value: json::to_ascii(&record), metadata: None, life: RECORD_LIFE };
    let written = match kv::timed_write(platform, &KvKey::record(mode, tag), entry).await {
        TimedWrite::Ended(written) => written,
        TimedWrite::Late(late) => {
            platform.defer(mend(platform.clone(), tag.clone(), mode, late));
            Err(KvError::TimedOut)
        }
    };
    let now = platform.now();
    if let Err(error) = written {
        return failed(platform, &error);
    }
    if now.since(at) > platform.config().skew / 2 {
        return Attempt::InVain;
    }
    let memory = &platform.isolate().purges;
    memory.with_mut(|memory| memory.confirmed(tag, mode, record, now));
    Attempt::Durable
}

/// Repairs the harm of a write that KV took after its time limit: it may have replaced the record
/// of a later purge. Another record is then written, with a new stamp.
async fn mend<P: Platform>(
    platform: P,
    tag: Tag,
    mode: PurgeMode,
    late: impl Future<Output = Result<(), KvError>>,
) {
    if late.await.is_ok() {
        let until = platform.now() + PURGE_ATTEMPTS_WITHIN;
        let again: Pin<Box<dyn Future<Output = WriteEnd>>> = Box::pin(async move {
            shared_write(&platform, &Writing::Record { tag, mode }, until).await
        });
        again.await;
    }
}
