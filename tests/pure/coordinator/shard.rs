use std::collections::BTreeMap;

use edge_isr::coordinator::shard::Shard;
use edge_isr::policy::key::CacheKey;
use edge_isr::policy::tag::Tag;

#[test]
fn slots_and_tags_are_spread_over_the_shards_and_stay_where_they_are() {
    let mut tags = BTreeMap::new();
    let mut slots = BTreeMap::new();
    for number in 0..1_000 {
        let tag = Tag::origin(&format!("t{number}")).unwrap();
        *tags.entry(Shard::of_tag(&tag, 8).to_string()).or_insert(0) += 1;
        let key = CacheKey::parse(&format!("https://a.test/{number}")).unwrap();
        *slots.entry(Shard::of_slot(&key.slot(), 8)).or_insert(0) += 1;
        assert_eq!(Shard::of_slot(&key.slot(), 1).to_string(), "shard-0-of-1");
    }
    assert_eq!((tags.len(), slots.len()), (8, 8));
    assert!(tags.values().chain(slots.values()).all(|count| (60..200).contains(count)));
    assert_eq!(Shard::of_tag(&Tag::origin("a").unwrap(), 8).to_string(), "shard-2-of-8");
}
