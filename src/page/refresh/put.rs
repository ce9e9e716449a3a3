//! Putting a response, or the mark that a page passes, into its slot: nothing replaces what was
//! fetched later.

use std::time::Duration;

use crate::graph::plan;
use crate::isolate::complaints::Complaint;
use crate::page::lookup::read_slot;
use crate::page::refresh::Refresh;
use crate::platform::complain::complain;
use crate::platform::{Document, Platform};
use crate::policy::fence::Purged;
use crate::policy::freshness::Made;
use crate::policy::key::Slot;
use crate::policy::stored::{Stored, StoredResponse};
use crate::purge::memory::PurgeMemory;
use crate::purge::records::all_tags;

impl<P: Platform> Refresh<P> {
    /// Writes a slot, unless what it holds was fetched later: returns false then, and if the cache
    /// kept nothing. `prior` is what the tag graph was compared with.
    pub(super) async fn put(
        &self,
        slot: &Slot,
        stored: Stored,
        prior: Option<&StoredResponse>,
        body: P::Body,
        life: Duration,
    ) -> bool {
        let stored = match read_slot(&self.platform, slot).await {
            None => stored.in_new_era(),
            Some((current, unread)) => {
                self.platform.discard(unread);
                let outranks = current.outranks(&stored) && !self.turned_away;
                // broken: earlier-replaces-later
                let is_later = current.fetched_at() > stored.fetched_at() || outranks;
                if is_later && !self.is_awaited_all_the_same(&stored, &current) {
                    return false;
                }
                plan::noted_in_place_of(stored, &current, prior)
            }
        };
        let document = Document { head: stored.to_head(), body };
        let put = self.platform.cache_put(slot, document, life).await;
        let cache = &self.platform.isolate().cache;
        // (A variant's slot may be another than the one that is collapsed by.)
        let slot_of_lease = &self.lookup.slot;
        if put.is_ok() && !cache.is_unproven() {
            return true;
        }
        match self.platform.cache_match(slot).await {
            Some(found) => {
                self.platform.discard(found.body);
                cache.found(slot_of_lease);
                true
            }
            None => {
                self.put_kept_nothing(put.err().map(|error| error.0));
                false
            }
        }
    }

    /// Whether visitors wait for what the origin's own cache had made earlier than the slot's `current`
    /// response. Where both are hard-purged neither is shown to others, so nothing goes back.
    pub(super) fn is_awaited_all_the_same(&self, stored: &Stored, current: &Stored) -> bool {
        let (Stored::Response(stored), Stored::Response(current)) = (stored, current) else {
            return false;
        };
        self.is_behind(stored) && [stored, current].iter().all(|it| self.is_hard_purged(it))
    }

    /// Whether this isolate knows of a hard purge of it.
    pub(super) fn is_hard_purged(&self, stored: &StoredResponse) -> bool {
        let tags = all_tags(&self.visit, &stored.tags);
        let skew = self.platform.config().skew;
        let purged = |memory: &PurgeMemory| stored.provenance.purged(memory.records(&tags), skew);
        self.platform.isolate().purges.with(purged) == Purged::Hard
    }

    pub(super) fn put_kept_nothing(&self, cause: Option<String>) {
        let platform = &self.platform;
        platform.isolate().cache.lost(&self.lookup.slot, platform.now());
        complain(platform, Complaint::CachePut, || {
            let cause = cause.unwrap_or_else(|| "it said it did".to_owned());
            format!(
                "the Cache API kept nothing ({cause}); requests for this page are not collapsed for a minute"
            )
        });
    }

    pub(super) fn kept_for(&self, stored: &StoredResponse) -> Duration {
        let config = self.platform.config();
        stored.kept_for(config.longest_grant(), config.max_life, self.platform.now())
    }

    /// Whether the origin answered with what it had made before a purge, or calls stale itself.
    pub(super) fn is_behind(&self, stored: &StoredResponse) -> bool {
        let made = Made::of(&stored.headers, self.began);
        match made {
            Made::ForThisRequest(_) => false,
            Made::Stale(_) => true,
            Made::Before(_) => {
                let tags = all_tags(&self.visit, &stored.tags);
                let skew = self.platform.config().skew;
                let purged =
                    |memory: &PurgeMemory| stored.provenance.purged(memory.records(&tags), skew);
                self.platform.isolate().purges.with(purged) != Purged::No
            }
        }
    }
}
