//! One request to the origin per slot.
//!
//! In an isolate this is exact: the lease is a place in the isolate's memory, taken without an
//! await in between. In a data centre it is best effort: a lease in the Cache API, written with a
//! random token and read back. Two isolates that both find it absent and both read back their own
//! token before the other's write both lead; that is the race that is left. In the world it is exact
//! again where a coordinator is bound and answers: of all who got past the other two, one has its
//! lease, and a request to the origin without it asks for something that is not for all (a pass,
//! a range, a HEAD), has a cache that keeps nothing, has lost `serve::ROUNDS` rounds, or has waited
//! for longer than a lease lives.
//!
//! A lease ends by itself: a cancelled request may never run `Drop`.

pub mod in_isolate;

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use crate::coordinator::client::{self, Claim};
use crate::fields::cache_status::Detail;
use crate::lease::in_isolate::{LeaseEnd, Waiting};
use crate::platform::{Document, Platform};
use crate::policy::key::Slot;
use crate::policy::tag::Tag;
use crate::policy::time::Time;

/// Waiting for another isolate: doubling from 25 ms with jitter, 20 looks at most.
const FIRST_LOOK: u64 = 25;
const LAST_LOOK: Duration = Duration::from_secs(1);
const LOOKS_MOST: u32 = 20;
/// Waiting for another data centre begins with a longer pause: each look is a request.
const FIRST_LOOK_IN_WORLD: u64 = 100;
/// From the lease to the request to the origin, KV's time limit in between.
const LOOKED_AGAIN_WITHIN: Duration = Duration::from_secs(5);
/// Workers lets a request work for so long after its answer.
const AFTER_THE_ANSWER: Duration = Duration::from_secs(30);

/// The duty to ask the origin for a slot, and to tell the others how it went.
pub struct Lease<P: Platform> {
    platform: P,
    pub slot: Slot,
    token: u64,
    ended: bool,
    /// Whether the coordinator may hold it for us.
    in_world: Cell<bool>,
    /// What the answer says of it, if anything.
    detail: Cell<Option<Detail>>,
}

/// What came of asking for the lease.
pub enum Turn<P: Platform> {
    Granted(Lease<P>),
    /// Another request had it, and is done.
    Ended(LeaseEnd),
    /// Another request in this isolate has it, and did not end it within the bound.
    Overdue,
    /// The cache keeps nothing: no request could be handed what a leader fetched.
    CacheUnavailable,
}

/// Until when who comes now waits for others: by then the lease of a holder who is gone has ended by
/// itself, here and abroad.
pub fn patience<P: Platform>(platform: &P) -> Time {
    platform.now() + platform.config().lease_life() + LAST_LOOK
}

/// Takes the lease or waits for who has it. The purge records of `tags` are learned on the way,
/// where a coordinator has newer ones than KV shows.
pub async fn acquire<P: Platform>(
    platform: &P,
    slot: &Slot,
    patience: Time,
    tags: &[Tag],
) -> Turn<P> {
    if platform.isolate().cache.is_broken(slot, platform.now()) {
        return Turn::CacheUnavailable;
    }
    let Some(lease) = take(platform, slot) else {
        // Who has it may have got it when their own patience ended, and asks the origin only then.
        let answered = platform.config().origin_timeout + LOOKED_AGAIN_WITHIN;
        return wait_in_isolate(platform, slot, patience + answered).await;
    };
    // A holder in this data centre that does not end it within the bound is overdue: this isolate
    // asks for itself, once for all who wait here.
    let mut waited = false;
    for look in 0..LOOKS_MOST {
        if lease.claim_in_data_centre().await {
            break;
        }
        waited = true;
        platform.sleep(pause(FIRST_LOOK, look, platform.random())).await;
    }
    match lease.wait_in_world(waited, patience, tags).await {
        Claim::Failed(status) => {
            let outcome = LeaseEnd::Failed(status);
            lease.end(outcome).await;
            return Turn::Ended(outcome);
        }
        Claim::Held => lease.detail.set(Some(Detail::CoordinatorOverdue)),
        _ => {}
    }
    Turn::Granted(lease)
}

/// Takes the isolate's lease now, or not at all. There is no await in it, so that of all who come
/// at once exactly one takes it.
pub fn take<P: Platform>(platform: &P, slot: &Slot) -> Option<Lease<P>> {
    let (now, token) = (platform.now(), platform.random());
    // broken: lease-never-expires
    let until = now + platform.config().lease_life();
    let leases = &platform.isolate().leases;
    // broken: lease-after-the-fetch
    let taken = leases.with_mut(|leases| leases.take(slot, token, until, now));
    taken.then(|| Lease {
        platform: platform.clone(),
        slot: slot.clone(),
        token,
        ended: false,
        in_world: Cell::default(),
        detail: Cell::default(),
    })
}

async fn wait_in_isolate<P: Platform>(platform: &P, slot: &Slot, patience: Time) -> Turn<P> {
    let config = platform.config();
    let last = patience + config.lease_life();
    let (mut patience, mut before) = (patience, None);
    loop {
        let now = platform.now();
        let leases = &platform.isolate().leases;
        let held = leases.with(|leases| leases.holder(slot, now));
        // Given back meanwhile, or its holder is gone: look again, and take it.
        let Some(held) = held else { return Turn::Ended(LeaseEnd::Abandoned) };
        if before.is_some_and(|before| !Rc::ptr_eq(&before, &held.outcome)) {
            // Another request has taken over, and asks the origin.
            let answered = now + config.origin_timeout + LOOKED_AGAIN_WITHIN;
            patience = patience.max(answered).min(last);
        }
        if now >= patience {
            return take_over(platform, slot, &held).map_or(Turn::Overdue, Turn::Granted);
        }
        let (signal, wait) = platform.signal(held.until.min(patience).since(now));
        leases.with_mut(|leases| leases.wait(slot, signal));
        wait.await;
        if let Some(outcome) = held.outcome.get() {
            return Turn::Ended(outcome);
        }
        before = Some(held.outcome);
    }
}

/// Takes the lease from a holder who is overdue. Of all who waited for that one, one gets it; the
/// others find another holder.
fn take_over<P: Platform>(platform: &P, slot: &Slot, overdue: &Waiting) -> Option<Lease<P>> {
    platform.isolate().leases.with_mut(|leases| leases.end_overdue(slot, overdue));
    take(platform, slot)
}

fn pause(first: u64, look: u32, random: u64) -> Duration {
    let longest = (first << look.min(10)).min(LAST_LOOK.as_millis() as u64);
    Duration::from_millis(longest / 2 + random % (longest / 2 + 1))
}

impl<P: Platform> Lease<P> {
    /// Takes the data centre's lease and the world's too, behind a visitor's back: not if another
    /// isolate has the one, and only if the holder of the other is soon done. What it ends with if not.
    pub async fn claim(&self, tags: &[Tag]) -> Result<(), LeaseEnd> {
        if !self.claim_in_data_centre().await {
            return Err(LeaseEnd::Abandoned);
        }
        let left = AFTER_THE_ANSWER.saturating_sub(self.platform.config().origin_timeout);
        let patience = self.platform.now() + left;
        match self.wait_in_world(false, patience, tags).await {
            Claim::Held => Err(LeaseEnd::Abandoned),
            Claim::Failed(status) => Err(LeaseEnd::Failed(status)),
            _ => Ok(()),
        }
    }

    /// Whether another request of this isolate waits for how it ends.
    pub fn is_awaited(&self) -> bool {
        let leases = &self.platform.isolate().leases;
        leases.with(|leases| leases.is_awaited(&self.slot, self.token))
    }

    /// What the answer to a visitor should say of it.
    pub fn detail(&self) -> Option<Detail> {
        self.detail.get()
    }

    /// Takes the data centre's lease, unless another isolate has it.
    async fn claim_in_data_centre(&self) -> bool {
        let marker = self.data_centre_slot();
        if let Some((token, until)) = read_marker(&self.platform, &marker).await
            && token != self.token
            && self.platform.now() < until
        {
            // broken: isolates-ignore-a-lease
            return false;
        }
        let life = self.platform.config().lease_life();
        let until = self.platform.now() + life;
        let head = format!("{} {}", self.token, until.0);
        let document = Document { head, body: self.platform.empty_body() };
        if self.platform.cache_put(&marker, document, life).await.is_err() {
            return true;
        }
        // A cache that kept nothing holds no request back.
        read_marker(&self.platform, &marker).await.is_none_or(|(token, _)| token == self.token)
    }

    /// Waits until the world's lease is ours or needed no more, while there is patience left.
    async fn wait_in_world(&self, waited: bool, patience: Time, tags: &[Tag]) -> Claim {
        let mut look = 0;
        loop {
            let claim = self.claim_in_world(waited || look > 0, tags).await;
            // broken: world-lease-not-waited-for
            if claim != Claim::Held || self.platform.now() >= patience {
                return claim;
            }
            let pause = pause(FIRST_LOOK_IN_WORLD, look, self.platform.random());
            self.platform.sleep(pause).await;
            look += 1;
        }
    }

    async fn claim_in_world(&self, waited: bool, tags: &[Tag]) -> Claim {
        let platform = &self.platform;
        let claim = client::claim(platform, &self.slot, self.token, waited, tags).await;
        match claim {
            Claim::Granted => self.in_world.set(true),
            Claim::Unavailable => {
                // It may have been granted all the same.
                self.in_world.set(true);
                self.detail.set(Some(Detail::CoordinatorUnavailable));
            }
            Claim::Resting => self.detail.set(Some(Detail::CoordinatorUnavailable)),
            Claim::Held | Claim::Failed(_) | Claim::Absent => {}
        }
        if claim == Claim::Absent {
            return claim;
        }
        // From here it lives as long as ever: those who wait in this isolate wait on.
        let until = platform.now() + platform.config().lease_life();
        let leases = &platform.isolate().leases;
        leases.with_mut(|leases| leases.prolong(&self.slot, self.token, until));
        claim
    }

    /// Gives the lease back and tells the requests that wait for it how it went.
    pub async fn end(mut self, outcome: LeaseEnd) {
        self.wake(outcome);
        self.release(outcome).await;
    }

    /// Tells the requests of this isolate, and leaves the rest to [`Lease::release`].
    pub fn wake(&mut self, outcome: LeaseEnd) {
        self.ended = true;
        let leases = &self.platform.isolate().leases;
        let waiters = leases.with_mut(|leases| leases.end(&self.slot, self.token, outcome));
        waiters.into_iter().for_each(|signal| signal());
    }

    /// Gives back the data centre's lease and the world's.
    pub async fn release(&self, outcome: LeaseEnd) {
        self.release_in_data_centre().await;
        if self.in_world.get() {
            client::release(&self.platform, &self.slot, self.token, outcome).await;
        }
    }

    async fn release_in_data_centre(&self) {
        let marker = self.data_centre_slot();
        let held = read_marker(&self.platform, &marker).await;
        if held.is_some_and(|(token, _)| token == self.token) {
            self.platform.cache_delete(&marker).await;
        }
    }

    fn data_centre_slot(&self) -> Slot {
        self.slot.beside("lease")
    }
}

impl<P: Platform> Drop for Lease<P> {
    fn drop(&mut self) {
        if !self.ended {
            self.wake(LeaseEnd::Abandoned);
        }
    }
}

async fn read_marker<P: Platform>(platform: &P, marker: &Slot) -> Option<(u64, Time)> {
    let document = platform.cache_match(marker).await?;
    let (token, until) = document.head.split_once(' ')?;
    Some((token.parse().ok()?, Time(until.parse().ok()?)))
}
