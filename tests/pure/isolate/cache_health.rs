use edge_isr::isolate::cache_health::CacheHealth;
use edge_isr::policy::time::Time;

use super::slot;

#[test]
fn a_slot_that_the_cache_lost_is_broken_for_a_minute() {
    let cache = CacheHealth::default();
    cache.lost(&slot("a"), Time(0));
    assert!(cache.is_broken(&slot("a"), Time(59_999)));
    assert!(!cache.is_broken(&slot("a"), Time(60_000)));
    assert!(!cache.is_broken(&slot("b"), Time(0)), "another slot");
}

#[test]
fn a_response_that_is_found_proves_the_cache_until_the_next_doubt() {
    let cache = CacheHealth::default();
    assert!(cache.is_unproven(), "at first");
    cache.lost(&slot("a"), Time(0));
    cache.found(&slot("a"));
    assert!(!cache.is_unproven());
    assert!(!cache.is_broken(&slot("a"), Time(1)));
    cache.doubt();
    assert!(cache.is_unproven(), "after a doubt");
    cache.found(&slot("a"));
    cache.lost(&slot("b"), Time(0));
    assert!(cache.is_unproven(), "after a loss");
}
