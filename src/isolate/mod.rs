//! What one isolate remembers between requests. All of it may vanish at any time (isolates are
//! ended at will), and each part is bounded.

pub mod budget;
pub mod cache_health;
pub mod failures;
pub mod log_limit;
pub mod recent;

use std::cell::{Cell, RefCell};

use crate::coordinator::shard::Shard;
use crate::isolate::budget::VisitorWrites;
use crate::isolate::cache_health::CacheHealth;
use crate::isolate::failures::Failure;
use crate::isolate::log_limit::LogLimit;
use crate::isolate::recent::Recent;
use crate::lease::in_isolate::Leases;
use crate::policy::guess::Sections;
use crate::policy::stored::Pass;
use crate::policy::time::Time;
use crate::policy::variants::Variants;
use crate::purge::batches::Batches;
use crate::purge::memory::PurgeMemory;
use crate::purge::reads::ReadsUnderWay;

#[derive(Default)]
pub struct Isolate {
    pub leases: RefCell<Leases>,
    pub purges: RefCell<PurgeMemory>,
    pub purge_batches: RefCell<Batches>,
    pub purge_reads: RefCell<ReadsUnderWay>,
    /// Pages that pass, until when, and why.
    pub passes: RefCell<Recent<(Time, Pass)>>,
    pub failures: RefCell<Recent<Failure>>,
    pub sections: RefCell<Sections>,
    pub variants: RefCell<Variants>,
    pub cache: CacheHealth,
    pub visitor_writes: VisitorWrites,
    pub kv_resting_until: Cell<Option<Time>>,
    /// Shards of the coordinator that did not answer a moment ago, until they are asked again.
    pub shards_resting: RefCell<Vec<(Shard, Time)>>,
    pub log: LogLimit,
}
