//! The decision whether a stored response may be used for a request now.

use std::time::Duration;

use crate::fields::cache_status::Detail;
use crate::policy::fence::Purged;
use crate::policy::stored::StoredResponse;
use crate::policy::time::Time;

/// Whether the purges of a response's tags are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordsRead {
    /// All of them are known.
    Known,
    /// Neither the journal nor KV can be read: an old response is revalidated before it is shown.
    Unreadable,
}

/// The effect of the purge records of a stored response's tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PurgeState {
    /// The strongest effect of the known records.
    pub purged: Purged,
    /// The earliest purge that outdates the response, as far as it is remembered.
    pub outdated_since: Option<Time>,
    /// Tells whether all purges are known.
    pub records: RecordsRead,
    /// Tells whether a journal is bound, and its object was of no use: it did not reply, or was not asked.
    pub journal_unavailable: bool,
}

/// The settings that reuse depends on.
#[derive(Clone, Copy, Debug)]
pub struct ReuseSettings {
    /// The time for which what is known of purges is trusted: `MEMORY_WINDOW` for records, and
    /// `PURGE_SEEN_WITHIN` for a journal.
    pub trusted_for: Duration,
    /// The stale window of soft-purged responses that ask for none.
    pub purge_swr: Duration,
    /// The window of responses that say nothing of errors.
    pub stale_if_error: Duration,
    /// The greatest age of a stored response.
    pub max_life: Duration,
}

/// The action for a request for which a response is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Show the response: it is fresh.
    Serve {
        /// The remaining lifetime in seconds.
        ttl: i64,
    },
    /// Show the stale response now, and revalidate it in the background.
    ServeStale {
        /// The remaining lifetime in seconds, zero or negative.
        ttl: i64,
    },
    /// Revalidate the response at the origin before it is shown.
    Revalidate {
        /// The remaining lifetime in seconds; negative if the response is stale.
        ttl: i64,
        /// The time until which the response stands in for a failing origin.
        on_error_until: Option<Time>,
    },
    /// Discard the response: it may be neither shown nor revalidated.
    Discard {
        /// The reason for `Cache-Status`.
        detail: Detail,
    },
}

/// Decides by the rows of the decision table (`policy/mod.rs`) that concern a stored response.
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
        && now.since(stored.provenance.fetched_at) >= terms.trusted_for
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

/// The times until which a response may be shown, and on what terms.
struct Windows {
    stale_since: Time,
    while_revalidating_until: Option<Time>,
    on_error_until: Option<Time>,
}

impl Windows {
    fn of(stored: &StoredResponse, fence: PurgeState, terms: ReuseSettings, now: Time) -> Windows {
        let lifetimes = stored.lifetimes;
        let soft = fence.purged == Purged::Soft;
        // A response that is never fresh is not fresh for an isolate whose clock is behind, either.
        let expires = match lifetimes.fresh {
            0 => stored.expires_at().min(now),
            _ => stored.expires_at(),
        };
        // A response that the origin's own cache made before the purge may have come after it.
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
