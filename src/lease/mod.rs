//! Leases: one request to the origin for each slot, and a place for the other requests to wait.
//!
//! Three leases, taken one after the other, hold a slot:
//!
//! | lease | where it is | how sure |
//! |---|---|---|
//! | the isolate's | in memory ([`in_isolate`]), taken without an await | exactly one holder |
//! | the data centre's | Cache API ([`in_data_centre`]), written and read back | best effort |
//! | the world's | in the coordinator ([`in_world`]), where one is bound | exactly one holder |
//!
//! The data centre's is best effort because two isolates may both find it absent. Both then read
//! back their own token before the other's write.
//!
//! The order goes from the cheapest to the dearest. So usually one request of each data centre asks
//! the coordinator.
//!
//! A request to the origin goes without the world's lease in these cases:
//!
//! - No coordinator is bound, or its shard is full, rests or does not reply.
//! - The coordinator says that the page turned out uncacheable lately.
//! - Its response is not for all: a page that passes, a range, a HEAD.
//! - Its cache keeps nothing.
//! - It has lost `fill::ROUNDS` rounds.
//! - It has waited for longer than a lease lives.
//!
//! A lease expires by itself: a request that the runtime cancels may never run `Drop`.

mod end;
mod in_data_centre;
pub mod in_isolate;
mod in_world;

pub use end::LeaseEnd;

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use crate::fields::cache_status::Detail;
use crate::lease::in_data_centre::Waited;
use crate::lease::in_isolate::Waiting;
use crate::lease::in_world::InWorld;
use crate::platform::Platform;
use crate::policy::key::Slot;
use crate::policy::time::Time;
use crate::policy::timing::{AFTER_THE_RESPONSE, LOOK_PAUSE_MOST, LOOKED_AGAIN_WITHIN};

/// The duty to ask the origin for a slot, and to tell the waiting requests the outcome.
///
/// Call [`Lease::end`] on every path. A dropped lease ends as abandoned.
pub struct Lease<P: Platform> {
    platform: P,
    /// The slot that the lease holds.
    pub slot: Slot,
    /// The random name of the holder, written to the Cache API and to the coordinator.
    token: u64,
    /// Whether the waiting requests have been woken.
    ended: bool,
    /// Whether the coordinator may hold the world's lease for this token.
    in_world: Cell<bool>,
    /// The detail of the lease for the response's `Cache-Status`.
    detail: Cell<Option<Detail>>,
}

/// The outcome of [`acquire`], and so the request's next step.
pub enum Turn<P: Platform> {
    /// Ask the origin, then end the lease.
    Granted(Lease<P>),
    /// Another request held the lease and has ended it: look the page up again.
    Ended(LeaseEnd),
    /// The holder did not end the lease in time, and another request has taken over: wait for that
    /// one.
    Overdue,
    /// The cache keeps nothing, so a fetched response cannot be handed to another request: ask the
    /// origin.
    CacheUnavailable,
}

/// The time until which a request that arrives now keeps waiting.
///
/// By then any lease of a lost holder has expired, in this data centre and in the coordinator.
pub fn patience<P: Platform>(platform: &P) -> Time {
    platform.now() + platform.config().lease_life() + LOOK_PAUSE_MOST
}

/// Takes the lease of a slot, or waits for its holder until `patience`.
///
/// Call it after a miss, before the origin is asked. [`Turn`] says what to do next.
pub async fn acquire<P: Platform>(platform: &P, slot: &Slot, patience: Time) -> Turn<P> {
    if platform.isolate().cache.is_broken(slot, platform.now()) {
        return Turn::CacheUnavailable;
    }
    let Some(lease) = take(platform, slot) else {
        // The holder may itself have waited until its deadline before it asked the origin. Wait for
        // one origin timeout more.
        let answered = platform.config().origin_timeout + LOOKED_AGAIN_WITHIN;
        return wait_in_isolate(platform, slot, patience + answered).await;
    };
    // A holder elsewhere in this data centre that does not end its lease within the bound is
    // overdue. This isolate then asks the origin, once for all requests that wait in it.
    let waited = lease.wait_in_data_centre().await;
    match lease.wait_in_world(waited, patience).await {
        InWorld::Failed(status) => {
            let end = LeaseEnd::Failed(status);
            lease.end(end).await;
            return Turn::Ended(end);
        }
        InWorld::Held => lease.detail.set(Some(Detail::CoordinatorOverdue)),
        InWorld::Free => {}
    }
    Turn::Granted(lease)
}

/// Takes the isolate's lease now, or not at all.
///
/// It has no await: of all requests that arrive at once, exactly one takes the lease.
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

/// Waits until the holder in this isolate ends the lease. Takes over from a holder that is overdue.
async fn wait_in_isolate<P: Platform>(platform: &P, slot: &Slot, patience: Time) -> Turn<P> {
    let config = platform.config();
    let last = patience + config.lease_life();
    let (mut patience, mut before) = (patience, None);
    loop {
        let now = platform.now();
        let leases = &platform.isolate().leases;
        let held = leases.with(|leases| leases.holder(slot, now));
        // The lease was given back meanwhile, or its holder is lost: look again, and take it.
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
        if let Some(end) = held.outcome.get() {
            return Turn::Ended(end);
        }
        before = Some(held.outcome);
    }
}

/// Takes the lease from an overdue holder. One of the waiting requests gets it; the others find
/// another holder.
fn take_over<P: Platform>(platform: &P, slot: &Slot, overdue: &Waiting) -> Option<Lease<P>> {
    platform.isolate().leases.with_mut(|leases| leases.end_overdue(slot, overdue));
    take(platform, slot)
}

/// The pause before another look. It doubles each time, and half of it is random.
///
/// So requests that began to wait together do not look together.
fn pause(first: Duration, look: u32, random: u64) -> Duration {
    let longest = (first * (1 << look.min(10))).min(LOOK_PAUSE_MOST).as_millis() as u64;
    Duration::from_millis(longest / 2 + random % (longest / 2 + 1))
}

impl<P: Platform> Lease<P> {
    /// Takes the other two leases for a background refresh. The caller has the isolate's from
    /// [`take`].
    ///
    /// It gives up at once if another isolate holds the data centre's lease. For the world's it
    /// waits a little. `Err` is how to end this lease.
    pub async fn claim(&self) -> Result<(), LeaseEnd> {
        if !self.claim_in_data_centre().await {
            return Err(LeaseEnd::Abandoned);
        }
        let left = AFTER_THE_RESPONSE.saturating_sub(self.platform.config().origin_timeout);
        let patience = self.platform.now() + left;
        match self.wait_in_world(Waited::No, patience).await {
            InWorld::Free => Ok(()),
            InWorld::Held => Err(LeaseEnd::Abandoned),
            InWorld::Failed(status) => Err(LeaseEnd::Failed(status)),
        }
    }

    /// Tells whether another request of this isolate waits for the lease to end.
    pub fn is_awaited(&self) -> bool {
        let leases = &self.platform.isolate().leases;
        leases.with(|leases| leases.is_awaited(&self.slot, self.token))
    }

    /// The detail of the lease for the response's `Cache-Status`.
    pub fn detail(&self) -> Option<Detail> {
        self.detail.get()
    }

    /// Ends the lease in all three places, and tells the waiting requests how it ended.
    ///
    /// Call it after the response is stored: a woken request looks it up at once.
    pub async fn end(mut self, end: LeaseEnd) {
        self.wake(end);
        self.release(end).await;
    }

    /// Ends the lease in this isolate, and wakes the requests that wait for it. Call
    /// [`Lease::release`] afterwards for the other two places.
    pub fn wake(&mut self, end: LeaseEnd) {
        self.ended = true;
        let leases = &self.platform.isolate().leases;
        let waiters = leases.with_mut(|leases| leases.end(&self.slot, self.token, end));
        waiters.into_iter().for_each(|signal| signal());
    }

    /// Gives back the data centre's lease and the world's.
    pub async fn release(&self, end: LeaseEnd) {
        self.release_in_data_centre().await;
        self.release_in_world(end).await;
    }
}

/// A task that is dropped before it ends the lease wakes the waiting requests, and one of them
/// takes over.
impl<P: Platform> Drop for Lease<P> {
    fn drop(&mut self) {
        if !self.ended {
            self.wake(LeaseEnd::Abandoned);
        }
    }
}
