//! Leaving alone what has just failed: a circuit breaker for KV, and for each shard of the coordinator.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use crate::coordinator::shard::Shard;
use crate::isolate::shared::Shared;
use crate::policy::time::Time;

/// Until when something is not asked again.
#[derive(Default)]
pub struct Rest {
    until: Cell<Option<Time>>,
}

impl Rest {
    /// After a failure.
    pub const SHORT: Duration = Duration::from_secs(1);
    /// After a timeout: it cost a request the whole limit.
    pub const LONG: Duration = Duration::from_secs(10);

    pub fn lasts(&self, now: Time) -> bool {
        self.until.get().is_some_and(|until| now < until)
    }

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
