//! Refreshing this isolate's copy of the journal: from the copy that the data centre shares, from
//! the object, or from KV if the object does not reply.
//!
//! A copy is as old as the request for it. From half of `PURGE_SEEN_WITHIN` on it is refreshed in
//! the background, once at a time. A request that finds it older than `PURGE_SEEN_WITHIN` waits for
//! the refresh.
//!
//! KV holds the journal as the object last published it. It shows the last purges late, so a copy
//! from KV never counts as younger than it was. `Cache-Status` says when a page was judged by it, but for
//! stale hits, where it says what becomes of the revalidation.

use std::pin::pin;
use std::time::Duration;

use crate::isolate::complaints::Complaint;
use crate::isolate::rest::Rest;
use crate::journal::append::Append;
use crate::journal::block::Block;
use crate::journal::copy::{Due, Learned};
use crate::journal::memory::{Basis, JournalMemory};
use crate::journal::shared_copy::{self, Note, is_younger};
use crate::journal::unbound;
use crate::journal::wire::{JournalReply, JournalRequest};
use crate::journal::{Known, Number};
use crate::platform::complain::complain;
use crate::platform::kv;
use crate::platform::kv_key::KvKey;
use crate::platform::tasks::within;
use crate::platform::{JournalError, Platform};
use crate::policy::time::Time;
use crate::policy::timing::{
    JOURNAL_APPEND_LIMIT, JOURNAL_READ_LIMIT, JOURNAL_REFRESH_LIMIT, JOURNAL_WAIT_LIMIT,
    PUBLISHED_JOURNALS_KNOWN_FOR,
};

/// The number of refreshes that a request waits for.
const WAITS_MOST: u32 = 2;

/// What a stored response is judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ready {
    /// The copy is young enough.
    Copy,
    /// The object does not reply, or none is bound: the copy has what was published in KV.
    Published,
    /// The object does not reply, and KV does not show the journal either.
    Unavailable,
}

/// Begins a refresh if the copy is due for one. Call it beside the cache lookup, so that a request
/// that has to wait for the copy waits for both at once.
pub fn begin<P: Platform>(platform: &P, host: &str) {
    if due(platform) != Due::No {
        start(platform, host);
    }
}

/// Waits until the copy is young enough to judge by, or cannot be had.
pub async fn ready<P: Platform>(platform: &P, host: &str) -> Ready {
    for _ in 0..WAITS_MOST {
        if basis(platform).is_some() {
            break;
        }
        start(platform, host);
        let (signal, wait) = platform.signal(JOURNAL_REFRESH_LIMIT);
        platform.isolate().journal.with_mut(|journal| journal.wait(signal));
        wait.await;
    }
    match basis(platform) {
        Some(Basis::Object) => Ready::Copy,
        Some(Basis::Published) => Ready::Published,
        None => Ready::Unavailable,
    }
}

/// Learns the journal up to a number, and tells whether that succeeded. The copy is young then.
pub async fn learn_to<P: Platform>(platform: &P, number: Number) -> bool {
    let knows = || known(platform).is_some_and(|known| known.number >= number);
    if !knows() {
        // Whether it succeeded shows in what is known.
        let _ = ask(platform, &JournalRequest::Read(known(platform)), JOURNAL_READ_LIMIT).await;
    }
    knows()
}

fn basis<P: Platform>(platform: &P) -> Option<Basis> {
    let (bound, now) = (bound(platform), platform.now());
    platform.isolate().journal.with(|journal| journal.basis(bound, now))
}

fn due<P: Platform>(platform: &P) -> Due {
    let (bound, now) = (bound(platform), platform.now());
    platform.isolate().journal.with(|journal| journal.due(bound, now))
}

/// Returns the age up to which a copy is used.
fn bound<P: Platform>(platform: &P) -> Duration {
    let config = platform.config();
    if platform.has_journal() {
        config.purge_seen_within
    } else {
        config.memory_window.max(PUBLISHED_JOURNALS_KNOWN_FOR)
    }
}

/// Starts a refresh in the background, unless one is under way.
fn start<P: Platform>(platform: &P, host: &str) {
    let now = platform.now();
    let journal = &platform.isolate().journal;
    if let Some(id) = journal.with_mut(|journal| journal.begin(JOURNAL_REFRESH_LIMIT, now)) {
        let (then, host) = (platform.clone(), host.to_owned());
        platform.defer(async move {
            refresh(&then, &host, id).await;
            let waiters = then.isolate().journal.with_mut(|journal| journal.end(id));
            waiters.into_iter().for_each(|signal| signal());
        });
    }
}

async fn refresh<P: Platform>(platform: &P, host: &str, id: u64) {
    if !platform.has_journal() {
        return unbound::find(platform).await;
    }
    if take_shared(platform, host).await == Shared::Taken {
        return;
    }
    if may_ask(platform) {
        read(platform, host, id).await;
    }
    if basis(platform) != Some(Basis::Object) || due(platform) != Due::No {
        read_published(platform).await;
    }
}

/// Tells whether the object can be asked: it has not failed lately, and its day is not spent.
fn may_ask<P: Platform>(platform: &P) -> bool {
    let (isolate, now) = (platform.isolate(), platform.now());
    !isolate.journal_rest.lasts(now) && isolate.journal.with(|journal| journal.may_read(now))
}

/// Asks the object for what this isolate lacks, and shares the copy with the data centre.
///
/// Requests wait for `JOURNAL_WAIT_LIMIT`, and then go on with what is published. The reply is awaited for
/// longer: an object with many entries takes its time to start, and each attempt may find it evicted.
async fn read<P: Platform>(platform: &P, host: &str, id: u64) {
    let (before, asked_at) = (known(platform), platform.now());
    let request = JournalRequest::Read(before);
    let mut asking = pin!(ask(platform, &request, JOURNAL_READ_LIMIT));
    let reply = match within(platform, JOURNAL_WAIT_LIMIT, &mut asking).await {
        Some(reply) => reply,
        None => {
            read_published(platform).await;
            let waiters = platform.isolate().journal.with_mut(|journal| journal.mark_late(id));
            waiters.into_iter().for_each(|signal| signal());
            asking.await
        }
    };
    if reply.is_err() {
        return;
    }
    let Some(known) = known(platform) else { return };
    let journal = &platform.isolate().journal;
    let block = journal.with(|journal| journal.to_share(host));
    if shared_copy::write(platform, host, Note { known, asked_at }, block).await.is_ok() {
        journal.with_mut(|journal| journal.shared(host, known));
    }
}

/// Whether the copy that the data centre shares was of use.
#[derive(PartialEq, Eq)]
enum Shared {
    Taken,
    OfNoUse,
}

/// Takes the copy that the data centre shares, if it is young enough.
async fn take_shared<P: Platform>(platform: &P, host: &str) -> Shared {
    let (bound, skew) = (platform.config().purge_seen_within, platform.config().skew);
    // A copy that a request waits for need not be fresh: it is refreshed in the background.
    let age_most = if basis(platform).is_some() { bound / 2 } else { bound };
    let Some(note) = shared_copy::note(platform, host).await else { return Shared::OfNoUse };
    if !is_younger(&note, age_most, skew / 2, platform.now()) {
        return Shared::OfNoUse;
    }
    let (journal, delay) = (&platform.isolate().journal, delay(platform));
    // broken: age-from-arrival.note
    if journal.with_mut(|journal| journal.confirm(note.known, note.asked_at, delay)) {
        journal.with_mut(|journal| journal.shared(host, note.known));
        return Shared::Taken;
    }
    let Some(block) = shared_copy::block(platform, host).await else { return Shared::OfNoUse };
    // A block of an earlier moment lacks entries up to the note's number.
    if block.head().id != note.known.journal || block.head().last < note.known.number {
        return Shared::OfNoUse;
    }
    let number = Known { journal: block.head().id, number: block.head().last };
    // broken: age-from-arrival.block
    match learn(platform, block, note.asked_at, delay) {
        Learned::Merged => {
            journal.with_mut(|journal| journal.shared(host, number));
            Shared::Taken
        }
        Learned::Ignored | Learned::Gap => Shared::OfNoUse,
    }
}

/// Reads the journal that the object has published in KV. Without it, stored responses are
/// revalidated before they are shown.
async fn read_published<P: Platform>(platform: &P) {
    let Some(object) = platform.journal_object_id() else { return };
    let asked_at = platform.now();
    let value = kv::read_one(platform, &KvKey::journal(&object)).await;
    let block = value.map(|text| text.and_then(|text| Block::of_text(&text)));
    match block {
        Ok(Some(block)) => {
            let journal = &platform.isolate().journal;
            journal.with_mut(|journal| journal.learn_published(block, asked_at));
        }
        // A key that KV does not show is no empty journal.
        // broken: absent-is-empty
        Ok(None) => (),
        Err(error) => complain(platform, Complaint::KvRead, || {
            format!("the published purge journal could not be read from KV: {error}")
        }),
    }
}

/// Appends a purge, and learns all entries up to it. An error does not say that nothing was
/// appended: append it again with the same request's id.
pub async fn append<P: Platform>(platform: &P, append: Append) -> Result<Number, JournalError> {
    let request = JournalRequest::Append(append, known(platform));
    ask(platform, &request, JOURNAL_APPEND_LIMIT).await?.ok_or(JournalError::Format)
}

/// Sends a request, and learns the entries in the reply. Returns the number of what was appended.
async fn ask<P: Platform>(
    platform: &P,
    request: &JournalRequest,
    limit: Duration,
) -> Result<Option<Number>, JournalError> {
    let asked_at = platform.now();
    let reply = within(platform, limit, platform.ask_journal(request)).await;
    let reply = reply.unwrap_or(Err(JournalError::TimedOut));
    let reply = reply.and_then(|bytes| JournalReply::read(bytes).ok_or(JournalError::Format));
    let reply = reply.inspect_err(|error| let_rest(platform, error))?;
    let JournalReply { appended, reads_again_at, news } = reply;
    platform.isolate().journal.with_mut(|journal| journal.leave_to_purges(reads_again_at));
    // An isolate that asked the object is the first of its data centre, and will be again.
    // broken: age-from-arrival.reply
    let learned = learn(platform, news, asked_at, Duration::ZERO);
    // A copy that was replaced meanwhile begins anew.
    if learned == Learned::Gap && request.after() != JournalRequest::NOTHING {
        let all = Box::pin(ask(platform, &JournalRequest::Read(None), limit));
        // What was appended is durable, whether or not this copy shows it.
        let learned = all.await;
        return if appended.is_some() { Ok(appended) } else { learned };
    }
    Ok(appended)
}

fn learn<P: Platform>(platform: &P, news: Block, asked_at: Time, delay: Duration) -> Learned {
    platform.isolate().journal.with_mut(|journal| journal.learn(news, asked_at, delay))
}

/// Returns the number to which this isolate's copy is complete.
pub fn known<P: Platform>(platform: &P) -> Option<Known> {
    platform.isolate().journal.with(JournalMemory::known)
}

/// Draws the delay of this isolate's next refresh, up to a quarter of `PURGE_SEEN_WITHIN`. An isolate
/// that took the shared copy leaves the next refresh to the one that asked the object.
fn delay<P: Platform>(platform: &P) -> Duration {
    let most = platform.config().purge_seen_within.as_millis() as u64 / 4;
    Duration::from_millis(platform.random() % most.max(1))
}

fn let_rest<P: Platform>(platform: &P, error: &JournalError) {
    let length = match error {
        JournalError::TimedOut => Rest::LONG,
        JournalError::Format | JournalError::Other(_) => Rest::SHORT,
    };
    platform.isolate().journal_rest.begin(length, platform.now());
    complain(platform, Complaint::Journal, || {
        format!(
            "the purge journal's object is not asked for some seconds: {error}; pages are judged by the \
             journal that was published in KV, which shows the last purges late"
        )
    });
}
