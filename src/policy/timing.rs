//! Every time bound of the product that is not a setting, and which of them must be longer than which.

use std::time::Duration;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const fn is_longer(one: Duration, other: Duration) -> bool {
    one.as_millis() > other.as_millis()
}

// The platform's own.

/// Workers lets a request go on working for this long after its response was sent.
pub const AFTER_THE_RESPONSE: Duration = seconds(30);

// Leases (`lease/`).

/// What a lease lives longer than the origin's time limit.
pub const LEASE_MARGIN: Duration = seconds(35);
/// The first pause of a request that waits for another isolate; each later one is twice as long.
pub const FIRST_LOOK: Duration = Duration::from_millis(25);
/// The first pause of a request that waits for another data centre: each look is a request.
pub const FIRST_LOOK_IN_WORLD: Duration = Duration::from_millis(100);
/// The longest pause between two looks.
pub const LOOK_PAUSE_MOST: Duration = seconds(1);
/// From taking the lease to the request to the origin, with KV's time limit in between.
pub const LOOKED_AGAIN_WITHIN: Duration = seconds(5);

const _: () = assert!(
    is_longer(LEASE_MARGIN, AFTER_THE_RESPONSE),
    "a background refresh holds its lease for as long as the runtime lets it work"
);

// Pages (`page/`).

/// How long the requests for a page that turned out uncacheable are not collapsed, in a data centre
/// and in the coordinator alike.
pub const PASS_FOR: Duration = seconds(120);

// The coordinator (`coordinator/`).

/// A shard's reply is waited for this long: about three times round the world.
pub const SHARD_LIMIT: Duration = seconds(1);
/// A shard shares a failure of the origin with waiting requests for this long.
pub const FAILURE_SHARED_FOR: Duration = seconds(2);
/// A shard keeps a purge record for this long: until KV has long shown it everywhere.
pub const SHARD_KEEPS_RECORDS: Duration = seconds(10 * 60);
/// A shard deletes expired rows once in this time.
pub const SHARD_SWEPT_EVERY: Duration = seconds(60);

const _: () = assert!(
    is_longer(FAILURE_SHARED_FOR, LOOK_PAUSE_MOST),
    "a waiting request looks at least once while a failure is shared"
);
