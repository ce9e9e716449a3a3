//! The memory of one isolate between requests. All of it may be lost at any time, because the
//! platform ends isolates as it likes. Each part is bounded, but for the
//! leases of requests under way. The cells are private: a flow borrows
//! their contents for the length of a call, and never across an await.

pub mod budget;
pub mod cache_health;
pub mod complaints;
pub mod memo;
pub mod metadata;
pub mod recent;
pub mod rest;
pub mod shared;

use crate::isolate::budget::VisitorWrites;
use crate::isolate::cache_health::CacheHealth;
use crate::isolate::complaints::Complaints;
use crate::isolate::memo::Memo;
use crate::isolate::metadata::MetadataMemory;
use crate::isolate::recent::Recent;
use crate::isolate::rest::{Rest, ShardRests};
use crate::isolate::shared::Shared;
use crate::journal::memory::JournalMemory;
use crate::lease::in_isolate::Leases;
use crate::policy::key::{CacheKey, Slot};
use crate::policy::refresh::backoff::Failure;
use crate::policy::refresh::guess::Sections;
use crate::policy::sharing::variants::Variants;
use crate::policy::stored::Pass;
use crate::policy::time::Time;
use crate::purge::batches::Batches;
use crate::purge::memory::PurgeMemory;
use crate::purge::reads::ReadsUnderWay;

/// The memory that the requests of one isolate share.
#[derive(Default)]
pub struct Isolate {
    /// Metadata of stored responses that was read here.
    pub metadata: MetadataMemory,
    /// The slots of pages.
    pub slots: Memo<CacheKey, Slot>,
    /// The URLs of slots in the Cache API.
    pub slot_urls: Memo<Slot, String>,
    /// Leases that collapse requests in this isolate.
    pub leases: Shared<Leases>,
    /// Purge records that were read or made here.
    pub purges: Shared<PurgeMemory>,
    /// The copy of the purge journal.
    pub journal: Shared<JournalMemory>,
    /// Purges that wait for a shared write.
    pub purge_batches: Shared<Batches>,
    /// Reads of purge records under way.
    pub purge_reads: Shared<ReadsUnderWay>,
    /// Pages that go past the cache, until when, and why.
    pub passes: Recent<(Time, Pass)>,
    /// Pages for which this isolate asked the origin, and when. A response may still be on its way
    /// into the cache.
    pub asked: Recent<Time>,
    /// Recent failures of the origin, by slot.
    pub failures: Recent<Failure>,
    /// Results of recent plain requests, by section of a site.
    pub sections: Shared<Sections>,
    /// The variants that were requested of each page.
    pub variants: Shared<Variants>,
    /// The health of the Cache API.
    pub cache: CacheHealth,
    /// The budget of KV writes that visitors' requests may cause.
    pub visitor_writes: VisitorWrites,
    /// The budget of writes to the durable tier.
    pub tier_writes: VisitorWrites,
    /// The budget of deletions from the durable tier.
    pub tier_deletions: VisitorWrites,
    /// The pause after a failed read of KV.
    pub kv_rest: Rest,
    /// The pause after a failure of each coordinator shard.
    pub shard_rests: ShardRests,
    /// The pause after a failure of the journal's object.
    pub journal_rest: Rest,
    /// The complaints that were logged, and when.
    pub complaints: Complaints,
}
