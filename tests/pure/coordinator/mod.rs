mod ledger;
mod shard;
mod wire;

use edge_isr::lease::LeaseEnd;
use proptest::prelude::*;

pub fn some_ending() -> impl Strategy<Value = LeaseEnd> {
    let failed = any::<u16>().prop_map(LeaseEnd::Failed);
    prop_oneof![Just(LeaseEnd::Abandoned), Just(LeaseEnd::Uncacheable), failed]
}
