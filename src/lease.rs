//! One request to the origin per slot.
//!
//! In an isolate this is exact: the lease is a place in the isolate's memory, taken without an
//! await in between. In a data centre it is best effort: a lease in the Cache API, written with a
//! random token and read back. Two isolates that both find it absent and both read back their own
//! token before the other's write both lead; that is the race that is left.
//!
//! A lease ends by itself: a cancelled request may never run `Drop`.

use std::time::Duration;

use crate::isolate::Outcome;
use crate::platform::{Document, Platform};
use crate::policy::key::Slot;
use crate::policy::time::Time;

/// Waiting for another isolate: doubling from 25 ms with jitter, 20 looks at most.
const FIRST_LOOK: u64 = 25;
const LAST_LOOK: u64 = 1000;
const LOOKS_MOST: u32 = 20;

/// The duty to ask the origin for a slot, and to tell the others how it went.
pub struct Lease<P: Platform> {
    platform: P,
    pub slot: Slot,
    token: u64,
    ended: bool,
}

/// What came of asking for the lease.
pub enum Grant<P: Platform> {
    Granted(Lease<P>),
    /// Somebody else had it, and is done.
    Ended(Outcome),
    /// Somebody in this isolate has it, and did not end it within the bound.
    Overdue,
    /// The cache keeps nothing: nobody could be handed what a leader fetched.
    CacheUnavailable,
}

/// Takes the lease or waits for who has it.
pub async fn acquire<P: Platform>(platform: &P, slot: &Slot) -> Grant<P> {
    if platform.isolate().cache.is_broken(platform.now()) {
        return Grant::CacheUnavailable;
    }
    let Some(lease) = take(platform, slot) else { return wait_here(platform, slot).await };
    for look in 0..LOOKS_MOST {
        if lease.claim().await {
            return Grant::Granted(lease);
        }
        platform.sleep(pause(look, platform.random())).await;
    }
    // The holder is overdue: this isolate asks for itself, once for all who wait here.
    Grant::Granted(lease)
}

/// Takes the isolate's lease now, or not at all. There is no await in it, so that of all who come
/// at once exactly one takes it.
pub fn take<P: Platform>(platform: &P, slot: &Slot) -> Option<Lease<P>> {
    let (now, token) = (platform.now(), platform.random());
    let until = now + platform.config().lease_life();
    let taken = platform.isolate().leases.borrow_mut().take(slot, token, until, now);
    taken.then(|| Lease { platform: platform.clone(), slot: slot.clone(), token, ended: false })
}

async fn wait_here<P: Platform>(platform: &P, slot: &Slot) -> Grant<P> {
    let now = platform.now();
    let held = platform.isolate().leases.borrow().holder(slot, now);
    let Some(held) = held else { return Grant::Ended(Outcome::Abandoned) };
    let (signal, wait) = platform.signal(held.until.since(now));
    platform.isolate().leases.borrow_mut().wait(slot, signal);
    wait.await;
    match held.outcome.get() {
        Some(outcome) => Grant::Ended(outcome),
        None => Grant::Overdue,
    }
}

fn pause(look: u32, random: u64) -> Duration {
    let longest = (FIRST_LOOK << look.min(10)).min(LAST_LOOK);
    Duration::from_millis(longest / 2 + random % (longest / 2 + 1))
}

impl<P: Platform> Lease<P> {
    /// Takes the data centre's lease too, unless another isolate has it.
    pub async fn claim(&self) -> bool {
        let place = self.place();
        if let Some((token, until)) = read(&self.platform, &place).await
            && token != self.token
            && self.platform.now() < until
        {
            return false;
        }
        let life = self.platform.config().lease_life();
        let until = self.platform.now() + life;
        let head = format!("{} {}", self.token, until.0);
        let document = Document { head, body: self.platform.empty_body() };
        if self.platform.cache_put(&place, document, life).await.is_err() {
            return true;
        }
        // A cache that kept nothing holds nobody back.
        read(&self.platform, &place).await.is_none_or(|(token, _)| token == self.token)
    }

    /// Gives the lease back and tells everyone who waits in this isolate how it went.
    pub async fn end(mut self, outcome: Outcome) {
        self.wake(outcome);
        self.release().await;
    }

    /// Tells everyone in this isolate, and leaves the data centre's lease to [`Lease::release`].
    pub fn wake(&mut self, outcome: Outcome) {
        self.ended = true;
        let leases = &self.platform.isolate().leases;
        let waiters = leases.borrow_mut().end(&self.slot, self.token, outcome);
        waiters.into_iter().for_each(|signal| signal());
    }

    pub async fn release(&self) {
        let place = self.place();
        let held = read(&self.platform, &place).await;
        if held.is_some_and(|(token, _)| token == self.token) {
            self.platform.cache_delete(&place).await;
        }
    }

    fn place(&self) -> Slot {
        self.slot.beside("lease")
    }
}

impl<P: Platform> Drop for Lease<P> {
    fn drop(&mut self) {
        if !self.ended {
            self.wake(Outcome::Abandoned);
        }
    }
}

async fn read<P: Platform>(platform: &P, place: &Slot) -> Option<(u64, Time)> {
    let document = platform.cache_match(place).await?;
    let (token, until) = document.head.split_once(' ')?;
    Some((token.parse().ok()?, Time(until.parse().ok()?)))
}
