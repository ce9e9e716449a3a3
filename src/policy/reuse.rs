//! Whether a stored response may answer a request now.

use std::time::Duration;

use crate::fields::cache_status::Detail;
use crate::policy::fence::Purged;
use crate::policy::stored::StoredResponse;
use crate::policy::time::Time;

/// Whether all purge records of a response's tags are known, as of the memory window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordsRead {
    Known,
    /// KV did not give them: nothing old is shown before the origin was asked.
    Unreadable,
}

/// What the purge records of a stored response's tags say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PurgeState {
    pub purged: Purged,
    /// The earliest purge that outdates it, as far as that is remembered.
    pub outdated_since: Option<Time>,
    pub records: RecordsRead,
}

/// The settings that reuse depends on.
#[derive(Clone, Copy, Debug)]
pub struct ReuseSettings {
    /// For how long records once read are relied on.
    pub memory_window: Duration,
    /// A window for soft-purged responses that ask for none.
    pub purge_swr: Duration,
    /// A window for responses that say nothing of errors.
    pub stale_if_error: Duration,
    pub max_life: Duration,
}

/// What to do with a request for which `stored` was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Serve {
        ttl: i64,
    },
    /// Show it now, and revalidate behind the visitor's back.
    ServeStale {
        ttl: i64,
    },
    /// Ask the origin first; `on_error_until` is when it stops being a stand-in for a failing one.
    Revalidate {
        ttl: i64,
        on_error_until: Option<Time>,
    },
    /// It may not be shown, nor vouch for anything.
    Discard {
        detail: Detail,
    },
}

/// The rows of the decision table (`policy/mod.rs`) that concern a stored response.
pub fn decide(
    stored: &StoredResponse,
    fence: PurgeState,
    terms: ReuseSettings,
    now: Time,
) -> Verdict {
    if fence.purged == Purged::Hard {
        return Verdict::Discard { detail: Detail::Purged };
    }
    if now >= stored.provenance.fetched_at + terms.max_life {
        return Verdict::Discard { detail: Detail::MaxLife };
    }
    let windows = Windows::of(stored, fence, terms, now);
    let ttl = now.seconds_until(windows.stale_since);
    let revalidate = Verdict::Revalidate { ttl, on_error_until: windows.on_error_until };
    if fence.records == RecordsRead::Unreadable
        && now.since(stored.provenance.fetched_at) >= terms.memory_window
    {
        return revalidate;
    }
    if now < windows.stale_since {
        return Verdict::Serve { ttl };
    }
    match windows.while_revalidating_until {
        Some(end) if now < end => Verdict::ServeStale { ttl },
        _ => revalidate,
    }
}

/// Until when a response may be shown, and on what terms.
struct Windows {
    stale_since: Time,
    while_revalidating_until: Option<Time>,
    on_error_until: Option<Time>,
}

impl Windows {
    fn of(stored: &StoredResponse, fence: PurgeState, terms: ReuseSettings, now: Time) -> Windows {
        let lifetimes = stored.lifetimes;
        let soft = fence.purged == Purged::Soft;
        // What is never fresh is not so for an isolate whose clock is behind, either.
        let expires = match lifetimes.fresh {
            0 => stored.expires_at().min(now),
            _ => stored.expires_at(),
        };
        // What an origin's own cache had made before the purge may have come after it.
        let outdated_since = fence.outdated_since.unwrap_or(now).max(stored.born_at);
        let stale_since = if soft { expires.min(outdated_since).min(now) } else { expires };
        if lifetimes.never_stale {
            return Windows { stale_since, while_revalidating_until: None, on_error_until: None };
        }
        let granted = (soft && !terms.purge_swr.is_zero()).then_some(terms.purge_swr.as_secs());
        let on_error = (!lifetimes.no_grace && !terms.stale_if_error.is_zero())
            .then_some(terms.stale_if_error.as_secs());
        let end = |window: Option<u64>| Some(stale_since + Duration::from_secs(window?));
        Windows {
            stale_since,
            while_revalidating_until: end(lifetimes.stale_while_revalidate.or(granted)),
            on_error_until: end(lifetimes.stale_if_error.or(on_error)),
        }
    }
}
