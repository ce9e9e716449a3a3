//! The world-wide leases, kept by Durable Objects.

pub mod client;
pub mod ledger;
pub mod shard;
pub mod wire;
