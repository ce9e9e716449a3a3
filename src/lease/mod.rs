//! One request to the origin for each slot, and what the others wait for.
//!
//! Three leases, taken one after the other, hold a slot:
//!
//! | lease | where it is | how sure |
//! |---|---|---|
//! | the isolate's | in memory ([`in_isolate`]), taken without an await | exactly one holder |
//! | the data centre's | in the Cache API ([`in_data_centre`]), written and read back | best effort |
//! | the world's | in the coordinator ([`in_world`]), where one is bound | exactly one holder |
//!
//! The data centre's is best effort because two isolates may both find it absent, and both read back
//! their own token before the other's write.
//!
//! A request to the origin goes without the world's lease in these cases alone: it asks for something
//! that is not for all (a page that passes, a range, a HEAD); its cache keeps nothing; it has lost
//! `fill::ROUNDS` rounds; or it has waited for longer than a lease lives.
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
use crate::policy::tag::Tag;
use crate::policy::time::Time;
use crate::policy::timing::{AFTER_THE_RESPONSE, LOOK_PAUSE_MOST, LOOKED_AGAIN_WITHIN};

/// The duty to ask the origin for a slot, and to tell the waiting requests how that went.
pub struct Lease<P: Platform> {
    platform: P,
    pub slot: Slot,
    token: u64,
    ended: bool,
    /// Whether the coordinator may hold the world's lease for this token.
    in_world: Cell<bool>,
    /// What the response's `Cache-Status` says of the lease.
    detail: Cell<Option<Detail>>,
}

/// What came of asking for the lease, and so what the request does next.
pub enum Turn<P: Platform> {
    /// Ask the origin, then end the lease.
    Granted(Lease<P>),
    /// Another request held the lease and has ended it: look the page up again.
    Ended(LeaseEnd),
    /// The holder did not end the lease in time, and another request has taken over: wait for that one.
    Overdue,
    /// The cache keeps nothing, so no request can be handed what another fetched: ask the origin.
    CacheUnavailable,
}

/// How long a request that arrives now keeps waiting. By then any lease of a lost holder has expired,
/// in this data centre and in the coordinator.
pub fn patience<P: Platform>(platform: &P) -> Time {
    platform.now() + platform.config().lease_life() + LOOK_PAUSE_MOST
}

/// Takes the lease of a slot, or waits for its holder until `patience`.
///
/// Call it after a miss, before the origin is asked; [`Turn`] says what to do next. Purge records of
/// `tags` that the coordinator has and KV does not show yet are learned on the way.
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
        // The holder may itself have waited until its deadline before it asked the origin: wait for
        // one origin timeout more.
        let answered = platform.config().origin_timeout + LOOKED_AGAIN_WITHIN;
        return wait_in_isolate(platform, slot, patience + answered).await;
    };
    // A holder elsewhere in this data centre that does not end its lease within the bound is overdue:
    // this isolate asks the origin, once for all requests that wait in it.
    let waited = lease.wait_in_data_centre().await;
    match lease.wait_in_world(waited, patience, tags).await {
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
/// There is no await in it: of all requests that arrive at once, exactly one takes it.
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

/// Takes the lease from a holder that is overdue. Of all requests that waited for it, one gets the
/// lease; the others find another holder.
fn take_over<P: Platform>(platform: &P, slot: &Slot, overdue: &Waiting) -> Option<Lease<P>> {
    platform.isolate().leases.with_mut(|leases| leases.end_overdue(slot, overdue));
    take(platform, slot)
}

/// The pause before another look: doubled each time, and half of it random, so that requests that
/// began to wait together do not look together.
fn pause(first: Duration, look: u32, random: u64) -> Duration {
    let longest = (first * (1 << look.min(10))).min(LOOK_PAUSE_MOST).as_millis() as u64;
    Duration::from_millis(longest / 2 + random % (longest / 2 + 1))
}

impl<P: Platform> Lease<P> {
    /// Takes the other two leases for a background refresh, of which [`take`] has got the isolate's.
    ///
    /// Gives up at once if another isolate holds the data centre's lease, and waits a little for the
    /// world's. `Err` is how to end this lease.
    pub async fn claim(&self, tags: &[Tag]) -> Result<(), LeaseEnd> {
        if !self.claim_in_data_centre().await {
            return Err(LeaseEnd::Abandoned);
        }
        let left = AFTER_THE_RESPONSE.saturating_sub(self.platform.config().origin_timeout);
        let patience = self.platform.now() + left;
        match self.wait_in_world(Waited::No, patience, tags).await {
            InWorld::Free => Ok(()),
            InWorld::Held => Err(LeaseEnd::Abandoned),
            InWorld::Failed(status) => Err(LeaseEnd::Failed(status)),
        }
    }

    /// Whether another request of this isolate waits for the lease to end.
    pub fn is_awaited(&self) -> bool {
        let leases = &self.platform.isolate().leases;
        leases.with(|leases| leases.is_awaited(&self.slot, self.token))
    }

    /// What the response's `Cache-Status` should say of the lease.
    pub fn detail(&self) -> Option<Detail> {
        self.detail.get()
    }

    /// Ends the lease in all three places, and tells the waiting requests how it ended.
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

impl<P: Platform> Drop for Lease<P> {
    fn drop(&mut self) {
        if !self.ended {
            self.wake(LeaseEnd::Abandoned);
        }
    }
}
