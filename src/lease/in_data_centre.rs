//! The data centre's lease: a note in the Cache API, written with the holder's token and read back.
//!
//! The Cache API has no conditional write. Two isolates may therefore both become holders, rarely.

use crate::lease::{Lease, pause};
use crate::platform::Platform;
use crate::policy::key::Slot;
use crate::policy::time::Time;
use crate::policy::timing::FIRST_LOOK;

/// The number of times that a request looks whether another isolate has ended its lease. With the
/// pauses between, that is at most 16 seconds.
const LOOKS_MOST: u32 = 20;

/// Whether a request had to wait before it took the data centre's lease, or gave up waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waited {
    /// The first attempt succeeded.
    No,
    /// Another isolate held the lease, so the page may have been fetched meanwhile.
    Yes,
}

impl<P: Platform> Lease<P> {
    /// Takes the data centre's lease, or waits for its holder for as long as the bound allows. The
    /// caller asks for the world's lease next.
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
    ///
    /// The order is read, write, read back. The last of two writes wins, and the loser sees a
    /// foreign token.
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
        // A cache that cannot be written must not stop a request: the lease counts as taken.
        if self.platform.cache_write_note(&marker, note, life).await.is_err() {
            return true;
        }
        // A note that was not kept stops no request either.
        read_marker(&self.platform, &marker).await.is_none_or(|(token, _)| token == self.token)
    }

    /// Deletes the note, if it is still this lease's. Otherwise it would free a later holder's
    /// lease.
    pub(super) async fn release_in_data_centre(&self) {
        let marker = self.data_centre_slot();
        let held = read_marker(&self.platform, &marker).await;
        if held.is_some_and(|(token, _)| token == self.token) {
            self.platform.cache_delete(&marker).await;
        }
    }

    /// The slot of the note, beside that of the page.
    fn data_centre_slot(&self) -> Slot {
        self.slot.beside("lease")
    }
}

/// Reads the token of the holder, and the time at which its lease expires.
async fn read_marker<P: Platform>(platform: &P, marker: &Slot) -> Option<(u64, Time)> {
    let note = platform.cache_note(marker).await?;
    let (token, until) = note.split_once(' ')?;
    Some((token.parse().ok()?, Time(until.parse().ok()?)))
}
