//! Whether a response, or the mark that a page passes, takes the place of what a slot holds: nothing
//! replaces what was fetched later.

use crate::policy::fence::Purged;
use crate::policy::freshness::Made;
use crate::policy::stored::Stored;

/// What becomes of what was to be written to a slot.
#[derive(Clone, Debug, PartialEq)]
pub enum Put {
    Write(Stored),
    /// What the slot holds stays: the new one was overtaken.
    KeepCurrent,
}

/// What a slot holds, and what is known of it and the new one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Current<'a> {
    pub stored: &'a Stored,
    /// The page's own revalidation says that it is not for all any more.
    pub turned_away: bool,
    /// The new one is a response that the origin made before a purge, or calls stale.
    pub is_behind: bool,
    /// Both are responses that are hard-purged, as far as this isolate knows.
    pub both_hard_purged: bool,
}

/// What becomes of `new`, which is to be written to a slot that may hold something.
pub fn put(current: Option<Current<'_>>, new: Stored) -> Put {
    let Some(Current { stored: current, turned_away, is_behind, both_hard_purged }) = current
    else {
        return Put::Write(new.in_new_era());
    };
    let outranks = current.outranks(&new) && !turned_away;
    // broken: earlier-replaces-later
    let is_later = current.fetched_at() > new.fetched_at() || outranks;
    // Requests wait for what the origin's own cache had made earlier. Neither of the two is shown to
    // later requests, so nothing goes back.
    let is_awaited_all_the_same = is_behind && both_hard_purged;
    if is_later && !is_awaited_all_the_same { Put::KeepCurrent } else { Put::Write(new) }
}

impl Made {
    /// Whether the origin answered with what it had made before a purge, or calls stale itself. Its
    /// next revalidation then backs off. `purged`: what the known purges do to the response.
    pub fn is_behind(self, purged: Purged) -> bool {
        match self {
            Made::ForThisRequest(_) => false,
            Made::Stale(_) => true,
            Made::Before(_) => purged != Purged::No,
        }
    }
}
