//! All time limits of the product that are no settings, and checks of which must exceed which.

use std::time::Duration;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

const fn is_longer(one: Duration, other: Duration) -> bool {
    one.as_millis() > other.as_millis()
}

// Limits of the platform.

/// The time for which Workers lets a request go on working after its response was sent.
pub const AFTER_THE_RESPONSE: Duration = seconds(30);

// Leases (`lease/`).

/// The time by which a lease outlives the origin's time limit.
pub const LEASE_MARGIN: Duration = seconds(35);
/// The first pause of a request that waits for another isolate; each later one is twice as long.
pub const FIRST_LOOK: Duration = Duration::from_millis(25);
/// The first pause of a request that waits for another data centre: each look costs a request.
pub const FIRST_LOOK_IN_WORLD: Duration = Duration::from_millis(100);
/// The longest pause between two looks.
pub const LOOK_PAUSE_MOST: Duration = seconds(1);
/// The limit from taking a lease to the request to the origin, with KV's time limit in between.
pub const LOOKED_AGAIN_WITHIN: Duration = seconds(5);

const _: () = assert!(
    is_longer(LEASE_MARGIN, AFTER_THE_RESPONSE),
    "a background refresh holds its lease for as long as the runtime lets it work"
);

// Pages (`page/`).

/// The time for which requests for an uncacheable page are not collapsed, in a data centre and in
/// the coordinator alike.
pub const PASS_FOR: Duration = seconds(120);

// The coordinator (`coordinator/`).

/// The time limit for a shard's reply: about three times round the world.
pub const SHARD_LIMIT: Duration = seconds(1);
/// The time for which a shard shares a failure of the origin with waiting requests.
pub const FAILURE_SHARED_FOR: Duration = seconds(2);
/// The interval at which a shard deletes expired rows.
pub const SHARD_SWEPT_EVERY: Duration = seconds(60);

const _: () = assert!(
    is_longer(FAILURE_SHARED_FOR, LOOK_PAUSE_MOST),
    "a waiting request looks at least once while a failure is shared"
);

// The journal (`journal/`).

/// The time for which requests wait for a reply of the journal's object.
pub const JOURNAL_WAIT_LIMIT: Duration = Duration::from_millis(500);
/// The time for which the reply of the journal's object is awaited in the background.
pub const JOURNAL_READ_LIMIT: Duration = seconds(4);
/// The time limit for its reply to a purge, and to the question for a receipt.
pub const JOURNAL_APPEND_LIMIT: Duration = seconds(5);
/// The time after which a refresh counts as lost.
pub const JOURNAL_REFRESH_LIMIT: Duration = seconds(5);
/// The least time for which a Worker without the binding relies on what it knows of published
/// journals.
pub const PUBLISHED_JOURNALS_KNOWN_FOR: Duration = seconds(MINUTE);
/// The time for which the data centre's cache keeps the shared copy. Its age decides whether it is
/// used.
pub const JOURNAL_COPY_KEPT: Duration = seconds(HOUR);
/// The time after which the journal is published again if KV gave no answer to a write: that write
/// may land late.
pub const JOURNAL_PUT_AGAIN: Duration = seconds(MINUTE);
/// The time after which a failed alarm is tried again.
pub const JOURNAL_ALARM_AGAIN: Duration = seconds(MINUTE);
/// The least time until the object deletes rows that nothing needs any more.
pub const JOURNAL_SWEPT_EVERY: Duration = seconds(MINUTE);
/// The age from which on the rows of purges are joined: their requests are not repeated any more.
pub const JOURNAL_JOINED_AFTER: Duration = seconds(10 * MINUTE);
/// The interval at which an object that started lately looks for purges without the journal.
pub const JOURNAL_LOOKS_EVERY: Duration = seconds(MINUTE);
/// The time for which it does so.
pub const JOURNAL_LOOKS_FOR: Duration = seconds(10 * MINUTE);
/// The time for which an object that lost entries publishes nothing: KV may still show it an older
/// publication.
pub const JOURNAL_DOUBTED_FOR: Duration = seconds(2 * MINUTE);
/// The time for which a journal that found purge records in KV writes such records, too: a version
/// without the journal may still run, or run again.
pub const WITH_RECORDS_FOR: Duration = seconds(DAY);

const _: () = assert!(
    is_longer(JOURNAL_PUT_AGAIN, KV_WRITE_LIMIT),
    "a write that is late has landed before the journal is written again"
);
const _: () = assert!(
    is_longer(JOURNAL_REFRESH_LIMIT, JOURNAL_READ_LIMIT),
    "a refresh awaits the reply of the object"
);

// KV (`platform/kv.rs`).

/// KV's documentation says that a change "may take up to 60 seconds or more" to be seen elsewhere.
pub const KV_SPREADS_IN: Duration = seconds(MINUTE);
/// The time for which a data centre caches a read of KV: the shortest that KV allows.
pub const KV_CACHE_TTL: Duration = seconds(30);
/// KV takes one write a second for each key. This is a little more.
pub const KV_WRITE_PACE: Duration = Duration::from_millis(1100);
/// The time limit of a read. It is short, because a visitor may be waiting.
pub const KV_READ_LIMIT: Duration = seconds(3);
/// The time for which a visitor waits for the durable tier before the origin is asked.
pub const DURABLE_WAIT: Duration = Duration::from_millis(100);
/// The time limit of a write or a deletion.
pub const KV_WRITE_LIMIT: Duration = seconds(10);
/// The time limit of a listing.
pub const KV_LIST_LIMIT: Duration = seconds(10);

const _: () = assert!(
    LOOKED_AGAIN_WITHIN.as_millis() > KV_READ_LIMIT.as_millis() + SHARD_LIMIT.as_millis(),
    "a lease holder has read KV and asked the coordinator before it asks the origin"
);

// Purges (`purge/`).

/// The life of a purge record in KV.
pub const RECORD_LIFE: Duration = seconds(400 * DAY);
/// No attempt to write a record begins later than this after the purge came, and none to write a mark
/// later than this after its records were written.
pub const PURGE_ATTEMPTS_WITHIN: Duration = seconds(20);
/// The pause before another attempt, doubled at each attempt. Half of it is random, so that
/// isolates that failed together do not try again together.
pub const PURGE_FIRST_PAUSE: Duration = KV_WRITE_PACE;
/// The pause between two looks whether a write of the same record is over.
pub const PURGE_LOOK_PAUSE: Duration = Duration::from_millis(100);
/// The time for which the response to a request to the origin may still be on its way into the
/// cache.
pub const ASKED_LATELY: Duration = seconds(2 * MINUTE);
/// The least time for which an isolate keeps its own purges, whatever KV shows.
pub const OWN_PURGES_KEPT: Duration = seconds(2 * MINUTE);

const _: () = assert!(
    is_longer(RECORD_LIFE, seconds(366 * DAY)),
    "a purge record outlives every response: MAX_LIFE is at most a year"
);
const _: () = assert!(
    is_longer(PURGE_ATTEMPTS_WITHIN, KV_WRITE_LIMIT),
    "a write that timed out is tried again"
);
const _: () = assert!(
    is_longer(ASKED_LATELY, seconds(29 + LEASE_MARGIN.as_secs())),
    "an unsafe request reaches a response whose lease is over: ORIGIN_TIMEOUT is at most 29"
);
const _: () = assert!(
    is_longer(OWN_PURGES_KEPT, KV_SPREADS_IN),
    "an isolate forgets its own purge after KV shows it"
);

// The tag graph (`graph/`).

/// The life of a relation in KV. A store past half of it writes the relation again.
pub const RELATION_LIFE: Duration = seconds(90 * DAY);
/// The time between two checks of the graph.
pub const GRAPH_SETTLES: Duration = seconds(3 * MINUTE);
/// The time after which a page found right in the graph is checked again. Another data centre may
/// have changed its relations for a version in between.
pub const GRAPH_KNOWN_FOR: Duration = seconds(DAY);

const _: () = assert!(
    is_longer(GRAPH_SETTLES, seconds(KV_SPREADS_IN.as_secs() + LEASE_MARGIN.as_secs())),
    "KV shows a write, and a store that has begun is over, before the second check"
);
const _: () = assert!(
    RELATION_LIFE.as_secs() / 2 > GRAPH_KNOWN_FOR.as_secs(),
    "a relation is written again before it ends"
);

// Policy.

/// A response that can be revalidated is kept for this long past its last window.
pub const KEPT_FOR_REVALIDATION: Duration = seconds(DAY);
/// The longest heuristic lifetime (RFC 9111 §4.2.2).
pub const HEURISTIC_LIFETIME_MOST: Duration = seconds(DAY);
/// The greatest assumed age of a response that its origin calls stale without an `Age`.
pub const STALE_REACH: Duration = seconds(DAY);
/// A stored response speaks for its section for this long.
pub const SECTION_REMEMBERED: Duration = seconds(DAY);
/// The pause without plain requests in a section whose last one brought nothing to share. Each
/// further pause is twice as long.
pub const SECTION_FIRST_PAUSE: Duration = seconds(5);
/// The longest of these pauses.
pub const SECTION_PAUSE_MOST: Duration = seconds(HOUR);
/// The time without background requests after a failure of the origin. It doubles with each failure
/// in a row.
pub const BACK_OFF_FIRST: Duration = seconds(1);
/// The longest of these times.
pub const BACK_OFF_MOST: Duration = seconds(MINUTE);
/// A variant that was not requested again loses its place in the count after this time.
pub const VARIANT_FORGOTTEN_AFTER: Duration = seconds(HOUR);

// An isolate's memory (`isolate/`).

/// A page whose slot the cache did not keep is not collapsed for this long.
pub const CACHE_MISTRUSTED: Duration = seconds(MINUTE);
/// KV, a shard or the journal's object is left alone for this long after a failure.
pub const REST_AFTER_A_FAILURE: Duration = seconds(1);
/// KV, a shard or the journal's object is left alone for this long after a timeout, which costs a
/// request the whole limit.
pub const REST_AFTER_A_TIMEOUT: Duration = seconds(10);
/// Visitors' requests cause no KV writes for this long after KV said that the day's writes are
/// spent.
pub const REST_AFTER_THE_DAY_QUOTA: Duration = seconds(HOUR);
/// A kind of fault is logged once in this time.
pub const COMPLAINT_PAUSE: Duration = seconds(MINUTE);

const _: () = assert!(
    is_longer(REST_AFTER_A_TIMEOUT, REST_AFTER_A_FAILURE),
    "a timeout costs more than a failure"
);
