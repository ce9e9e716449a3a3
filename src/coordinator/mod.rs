//! The world-wide leases and the newest purge records, kept by Durable Objects.

pub mod client;
pub mod ledger;
pub mod shard;
pub mod wire;
