//! The world's leases and its newest purge records, kept by Durable Objects.

pub mod client;
pub mod ledger;
pub mod shard;
pub mod wire;
