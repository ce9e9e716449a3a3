//! Circuit breakers: for a while after a failure KV is not read, the journal's object is not asked, and a
//! shard of the coordinator gets no request but a release.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use crate::coordinator::shard::Shard;
use crate::isolate::shared::Shared;
use crate::policy::time::Time;
use crate::policy::timing::{REST_AFTER_A_FAILURE, REST_AFTER_A_TIMEOUT};

/// A pause in which a failed service is not called.
#[derive(Default)]
pub struct Rest {
    until: Cell<Option<Time>>,
}

impl Rest {
    /// The pause after a failure.
    pub const SHORT: Duration = REST_AFTER_A_FAILURE;
    /// The pause after a timeout. It is longer, because a timeout costs a request the whole limit.
    pub const LONG: Duration = REST_AFTER_A_TIMEOUT;

    /// Tells whether the pause lasts: do not call the service then.
    pub fn lasts(&self, now: Time) -> bool {
        self.until.get().is_some_and(|until| now < until)
    }

    /// Begins a pause of `length`. Call it after a failure.
    pub fn begin(&self, length: Duration, now: Time) {
        self.until.set(Some(now + length));
    }
}

/// The rests of the coordinator's shards.
#[derive(Default)]
pub struct ShardRests {
    of_shards: Shared<Vec<(Shard, Rc<Rest>)>>,
}

impl ShardRests {
    /// Returns the pause of a shard.
    pub fn of(&self, shard: Shard) -> Rc<Rest> {
        self.of_shards.with_mut(|rests| {
            if let Some((_, rest)) = rests.iter().find(|(other, _)| *other == shard) {
                return rest.clone();
            }
            let rest = Rc::<Rest>::default();
            rests.push((shard, rest.clone()));
            rest
        })
    }
}
