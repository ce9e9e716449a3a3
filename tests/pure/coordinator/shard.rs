use std::collections::BTreeMap;

use edge_isr::coordinator::shard::Shard;
use edge_isr::policy::key::CacheKey;

#[test]
fn slots_are_spread_over_the_shards_and_stay_where_they_are() {
    let slot = |path: &str| CacheKey::parse(&format!("https://a.test/{path}")).unwrap().slot();
    let mut shards = BTreeMap::new();
    for number in 0..1_000 {
        let slot = slot(&number.to_string());
        *shards.entry(Shard::of_slot(&slot, 8)).or_insert(0) += 1;
        assert_eq!(Shard::of_slot(&slot, 1).to_string(), "shard-0-of-1");
    }
    assert_eq!(shards.len(), 8);
    assert!(shards.values().all(|count| (60..200).contains(count)));
    assert_eq!(Shard::of_slot(&slot("a"), 8).to_string(), "shard-7-of-8");
}
