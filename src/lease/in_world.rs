//! The world's lease: the coordinator holds it, where a coordinator is bound.
//!
//! A coordinator that is absent, full or silent never stops a request: the lease counts as free.
//!
//! A claim brings no purges. A response that is fetched before this isolate has seen a purge counts
//! as outdated later: it is fetched once more, and nothing wrong is shown.

use crate::coordinator::client::{self, NoReply};
use crate::coordinator::shard::LeaseReply;
use crate::fields::cache_status::Detail;
use crate::lease::in_data_centre::Waited;
use crate::lease::{Lease, LeaseEnd, pause};
use crate::platform::Platform;
use crate::policy::time::Time;
use crate::policy::timing::FIRST_LOOK_IN_WORLD;

/// The reply about the world's lease: whether this data centre may ask the origin now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InWorld {
    /// The world's lease is held for this request, or no lease is needed, or the coordinator has no
    /// room or does not reply.
    Free,
    /// A request in another data centre still holds it.
    Held,
    /// The request that held it has just failed, with this status towards visitors.
    Failed(u16),
}

impl<P: Platform> Lease<P> {
    /// Takes the world's lease, or waits for its holder until `patience`.
    ///
    /// `waited` tells the coordinator that the request has waited before. `Held` means that
    /// patience ran out.
    pub(super) async fn wait_in_world(&self, waited: Waited, patience: Time) -> InWorld {
        let (mut waited, mut look) = (waited, 0);
        loop {
            let claimed = self.claim_in_world(waited).await;
            // broken: world-lease-not-waited-for
            if claimed != InWorld::Held || self.platform.now() >= patience {
                return claimed;
            }
            waited = Waited::Yes;
            let pause = pause(FIRST_LOOK_IN_WORLD, look, self.platform.random());
            self.platform.sleep(pause).await;
            look += 1;
        }
    }

    /// Sends the coordinator one claim.
    async fn claim_in_world(&self, waited: Waited) -> InWorld {
        let platform = &self.platform;
        let has_waited = waited == Waited::Yes;
        let reply = client::claim(platform, &self.slot, self.token, has_waited).await;
        if reply == Err(NoReply::NotUsed) {
            return InWorld::Free;
        }
        // The lease may have been granted although no reply came. It has to be released in that
        // case too.
        let is_ours = matches!(
            reply,
            Ok(LeaseReply::Granted | LeaseReply::Free | LeaseReply::Full)
                | Err(NoReply::Unanswered)
        );
        if is_ours {
            self.in_world.set(true);
        }
        if matches!(reply, Ok(LeaseReply::Full) | Err(_)) {
            self.detail.set(Some(Detail::CoordinatorUnavailable));
        }
        // The isolate's lease lives a full life from here, so the requests of this isolate go on
        // waiting.
        let until = platform.now() + platform.config().lease_life();
        let leases = &platform.isolate().leases;
        leases.with_mut(|leases| leases.prolong(&self.slot, self.token, until));
        match reply {
            Ok(LeaseReply::Held) => InWorld::Held,
            Ok(LeaseReply::Failed(status)) => InWorld::Failed(status),
            _ => InWorld::Free,
        }
    }

    /// Gives the world's lease back. The coordinator then tells other data centres how it ended.
    pub(super) async fn release_in_world(&self, end: LeaseEnd) {
        if self.in_world.get() {
            client::release(&self.platform, &self.slot, self.token, end).await;
        }
    }
}
