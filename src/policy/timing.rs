//! All time limits of the product that are no settings, and checks of which must exceed which.

use std::time::Duration;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

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
/// The time for which a shard keeps a purge record: until KV has long shown it everywhere.
pub const SHARD_KEEPS_RECORDS: Duration = seconds(10 * 60);
/// The interval at which a shard deletes expired rows.
pub const SHARD_SWEPT_EVERY: Duration = seconds(60);

const _: () = assert!(
    is_longer(FAILURE_SHARED_FOR, LOOK_PAUSE_MOST),
    "a waiting request looks at least once while a failure is shared"
);
