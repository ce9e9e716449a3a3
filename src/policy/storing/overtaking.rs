//! The decision whether a response, or the mark that a page passes, replaces the content of a slot.
//! A response that was fetched later stays, unless a hard purge outdates both.

use crate::policy::fence::Purged;
use crate::policy::freshness::Made;
use crate::policy::stored::Stored;

/// The decision about a write to a slot.
#[derive(Clone, Debug, PartialEq)]
pub enum Put {
    /// The new content is written.
    Write(Stored),
    /// The slot keeps its content: the new one was overtaken.
    KeepCurrent,
}

/// The content of a slot, and its relation to the new content.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Current<'a> {
    /// The content of the slot.
    pub stored: &'a Stored,
    /// Set if the page's own revalidation found that it is not for all any more.
    pub turned_away: bool,
    /// Set if the new response was made before a purge, or the origin calls it stale.
    pub is_behind: bool,
    /// Set if both are responses that are hard-purged, as far as this isolate knows.
    pub both_hard_purged: bool,
}

/// Decides whether `new` is written to a slot that may have content already.
pub fn put(current: Option<Current<'_>>, new: Stored) -> Put {
    let Some(Current { stored: current, turned_away, is_behind, both_hard_purged }) = current
    else {
        return Put::Write(new.in_new_era());
    };
    let outranks = current.outranks(&new) && !turned_away;
    // broken: earlier-replaces-later
    let is_later = current.fetched_at() > new.fetched_at() || outranks;
    // Requests wait for the response that the origin's own cache had made earlier. Later requests
    // get neither of the two, so nothing goes back.
    let is_awaited_all_the_same = is_behind && both_hard_purged;
    if is_later && !is_awaited_all_the_same { Put::KeepCurrent } else { Put::Write(new) }
}

impl Made {
    /// Tells whether the origin made the response before a purge, or calls it stale itself. Its
    /// next revalidation then backs off. `purged` is the effect of the known purges on the
    /// response.
    pub fn is_behind(self, purged: Purged) -> bool {
        match self {
            Made::ForThisRequest(_) => false,
            Made::Stale(_) => true,
            Made::Before(_) => purged != Purged::No,
        }
    }
}
