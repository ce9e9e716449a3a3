//! What one isolate remembers between requests. All of it may vanish at any time (isolates are
//! ended at will), and each part is bounded. Its cells are private: a flow sees what is in them for
//! the length of a call, and never across an await.

pub mod budget;
pub mod cache_health;
pub mod complaints;
pub mod recent;
pub mod rest;
pub mod shared;

use crate::isolate::budget::VisitorWrites;
use crate::isolate::cache_health::CacheHealth;
use crate::isolate::complaints::Complaints;
use crate::isolate::recent::Recent;
use crate::isolate::rest::{Rest, ShardRests};
use crate::isolate::shared::Shared;
use crate::lease::in_isolate::Leases;
use crate::policy::refresh::backoff::Failure;
use crate::policy::refresh::guess::Sections;
use crate::policy::sharing::variants::Variants;
use crate::policy::stored::Pass;
use crate::policy::time::Time;
use crate::purge::batches::Batches;
use crate::purge::memory::PurgeMemory;
use crate::purge::reads::ReadsUnderWay;

#[derive(Default)]
pub struct Isolate {
    pub leases: Shared<Leases>,
    pub purges: Shared<PurgeMemory>,
    pub purge_batches: Shared<Batches>,
    pub purge_reads: Shared<ReadsUnderWay>,
    /// Pages that pass, until when, and why.
    pub passes: Recent<(Time, Pass)>,
    pub failures: Recent<Failure>,
    pub sections: Shared<Sections>,
    pub variants: Shared<Variants>,
    pub cache: CacheHealth,
    pub visitor_writes: VisitorWrites,
    pub kv_rest: Rest,
    pub shard_rests: ShardRests,
    pub complaints: Complaints,
}
