//! Putting a response or a pass marker into its slot. A response that was fetched later stays,
//! unless a hard purge outdates both.

use std::time::Duration;

use crate::graph::diff::noted_in_place_of;
use crate::isolate::complaints::Complaint;
use crate::page::lookup::read_slot;
use crate::page::refresh::Refresh;
use crate::platform::complain::complain;
use crate::platform::{Document, Platform};
use crate::policy::fence::Purged;
use crate::policy::freshness::Made;
use crate::policy::key::Slot;
use crate::policy::stored::{Stored, StoredResponse};
use crate::policy::storing::overtaking::{self, Current, Put};
use crate::purge::records::{purged, purged_since};

/// The outcome of a write to a slot.
pub(super) enum Written {
    /// The slot holds a later response, or the cache kept nothing. Leave the tag graph alone.
    Nothing,
    /// The slot holds the new content, in place of this one.
    InPlaceOf(Option<Stored>),
}

impl<P: Platform> Refresh<P> {
    /// Writes a slot. `prior` is the response that the tag graph was compared with.
    pub(super) async fn put(
        &self,
        slot: &Slot,
        stored: Stored,
        prior: Option<&StoredResponse>,
        body: P::Body,
        life: Duration,
    ) -> Written {
        let current =
            read_slot(&self.platform, &self.visit.key, slot).await.map(|content| content.stored);
        let known = current.as_ref().map(|current| self.compare(current, &stored));
        let Put::Write(stored) = overtaking::put(known, stored) else {
            return Written::Nothing;
        };
        let stored = match &current {
            Some(current) => noted_in_place_of(stored, current, prior),
            None => stored,
        };
        let metadata = stored.to_text();
        let document = Document { metadata: metadata.clone(), body };
        let put = self.platform.cache_put(slot, document, life).await;
        let cache = &self.platform.isolate().cache;
        // A variant may be stored in another slot than the one whose lease collapses its requests.
        let slot_of_lease = &self.lookup.slot;
        if put.is_ok() && !cache.is_unproven() {
            return Written::InPlaceOf(current);
        }
        // The Cache API may drop a write without an error: in doubt, the slot is read back.
        let found = self.platform.cache_match(slot).await.map(|found| found.metadata);
        if found.as_ref() == Some(&metadata) {
            cache.found(slot_of_lease);
            return Written::InPlaceOf(current);
        }
        // Another isolate may have stored a response meanwhile, which says nothing against the cache.
        let before = || current.map(|current| current.to_text());
        if found.is_none() || found == before() {
            self.put_kept_nothing(put.err().map(|error| error.0));
        }
        Written::Nothing
    }

    /// Compares the response in a slot with the new one, for the policy to choose between them.
    fn compare<'a>(&self, current: &'a Stored, new: &Stored) -> Current<'a> {
        let responses = match (new, current) {
            (Stored::Response(new), Stored::Response(current)) => Some([new, current]),
            _ => None,
        };
        Current {
            stored: current,
            turned_away: self.turned_away,
            is_behind: responses.is_some_and(|[new, _]| self.is_behind(new)),
            both_hard_purged: responses
                .is_some_and(|both| both.iter().all(|stored| self.purged(stored) == Purged::Hard)),
        }
    }

    /// The strongest purge of a response that this isolate knows of.
    fn purged(&self, stored: &StoredResponse) -> Purged {
        purged(&self.platform, &self.visit, stored)
    }

    /// The strongest purge of a response that this isolate learned of after the request to the
    /// origin was sent.
    pub(super) fn purged_since(&self, stored: &StoredResponse) -> Purged {
        purged_since(&self.platform, &self.visit, stored, self.knowledge)
    }

    /// Notes that the cache kept nothing, and logs it. Requests for the page are not collapsed for
    /// a minute.
    pub(super) fn put_kept_nothing(&self, cause: Option<String>) {
        let platform = &self.platform;
        platform.isolate().cache.lost(&self.lookup.slot, platform.now());
        complain(platform, Complaint::CachePut, || {
            let cause = cause.unwrap_or_else(|| "the Cache API reported success".to_owned());
            format!(
                "the Cache API kept nothing ({cause}); requests for this page are not collapsed for a minute"
            )
        });
    }

    /// The time for which the cache keeps a response: to the end of its last window, and longer if
    /// it can be revalidated.
    pub(super) fn kept_for(&self, stored: &StoredResponse) -> Duration {
        let config = self.platform.config();
        stored.kept_for(config.longest_grant(), config.max_life, self.platform.now())
    }

    /// Tells whether the origin sent a response from before a purge, or calls it stale itself.
    pub(super) fn is_behind(&self, stored: &StoredResponse) -> bool {
        Made::of(&stored.headers, self.began).is_behind(self.purged(stored))
    }
}
