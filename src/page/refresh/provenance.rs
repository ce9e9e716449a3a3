//! The provenance of a response: its tags, and the purges that the origin knew of when it made it.

use http::{HeaderMap, StatusCode};

use crate::fields::url::without_values;
use crate::isolate::complaints::Complaint;
use crate::page::refresh::Refresh;
use crate::platform::Platform;
use crate::platform::complain::complain;
use crate::policy::fence::Provenance;
use crate::policy::freshness::Made;
use crate::policy::tag::{Tag, TagSet};
use crate::purge::knowledge::Knowledge;
use crate::purge::memory::PurgeMemory;
use crate::purge::records::all_tags;

impl<P: Platform> Refresh<P> {
    /// The tags of the origin's response and those of the rules.
    ///
    /// `said` holds the origin's own tags: a 304 has few other fields, so the rules look at the
    /// `headers` of the page.
    pub(super) fn tag_set(
        &self,
        status: StatusCode,
        said: &HeaderMap,
        headers: &HeaderMap,
    ) -> TagSet {
        let key = &self.visit.key;
        let mut set = TagSet::of(said, key.host());
        let of_rules = self.platform.config().rules().tags(key, status, headers);
        set.words(of_rules.iter().map(String::as_str));
        set
    }

    /// The tags to store with a response. Tags that are dropped are reported in the log.
    pub(super) fn tags(
        &self,
        status: StatusCode,
        said: &HeaderMap,
        headers: &HeaderMap,
    ) -> Vec<Tag> {
        let key = &self.visit.key;
        let set = self.tag_set(status, said, headers);
        if set.dropped > 0 {
            let dropped = set.dropped;
            complain(&self.platform, Complaint::Tags, || {
                format!(
                    "tags of {} were dropped ({dropped}), so no purge by them reaches the page: a tag is \
                     printable ASCII without spaces and commas, of at most 1,024 characters, and \
                     Cache-Groups a list of quoted strings",
                    without_values(&key.url())
                )
            });
        }
        if let Some(log) = &self.visit.log {
            log.tags(&set.tags);
        }
        set.tags
    }

    /// The time of a response with these tags, and the purges that the origin knew of when it made
    /// the response.
    ///
    /// A response that another cache had stored before this request knows none.
    pub(super) fn provenance(&self, tags: &[Tag], made: Made) -> Provenance {
        // broken: fetched-at-when-stored
        let fetched_at = made.at();
        // broken: age-vouches
        let Made::ForThisRequest(began) = made else {
            return Provenance { fetched_at, ..Provenance::default() };
        };
        let tags = all_tags(&self.visit, tags);
        let skew = self.platform.config().skew;
        // broken: known-at-arrival
        let Knowledge { records, journal } = self.knowledge;
        let known = |memory: &PurgeMemory| memory.known(&tags, records, began, skew);
        Provenance { fetched_at, known: self.platform.isolate().purges.with(known), journal }
    }
}
