//! The data centre's lease: a note in the Cache API, written with the holder's token and read back.

use crate::lease::{Lease, pause};
use crate::platform::Platform;
use crate::policy::key::Slot;
use crate::policy::time::Time;
use crate::policy::timing::FIRST_LOOK;

/// How often a request looks whether another isolate has ended its lease. With the pauses between,
/// that is at most 16 seconds.
const LOOKS_MOST: u32 = 20;

/// Whether a request had to wait before it took the data centre's lease, or gave up waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waited {
    No,
    Yes,
}

impl<P: Platform> Lease<P> {
    /// Takes the data centre's lease, or waits for its holder for as long as the bound allows.
    pub(super) async fn wait_in_data_centre(&self) -> Waited {
        for look in 0..LOOKS_MOST {
            if self.claim_in_data_centre().await {
                return if look == 0 { Waited::No } else { Waited::Yes };
            }
            self.platform.sleep(pause(FIRST_LOOK, look, self.platform.random())).await;
        }
        Waited::Yes
    }

    /// Takes the data centre's lease. Returns false where another isolate holds it.
    pub(super) async fn claim_in_data_centre(&self) -> bool {
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
        let note = format!("{} {}", self.token, until.0);
        if self.platform.cache_write_note(&marker, note, life).await.is_err() {
            return true;
        }
        // A cache that kept nothing holds no request back.
        read_marker(&self.platform, &marker).await.is_none_or(|(token, _)| token == self.token)
    }

    /// Deletes the note, if it is still this lease's.
    pub(super) async fn release_in_data_centre(&self) {
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

/// The token of the holder, and when its lease expires.
async fn read_marker<P: Platform>(platform: &P, marker: &Slot) -> Option<(u64, Time)> {
    let note = platform.cache_note(marker).await?;
    let (token, until) = note.split_once(' ')?;
    Some((token.parse().ok()?, Time(until.parse().ok()?)))
}
