//! The settings and the KV of a history.

use std::time::Duration;

use edge_isr::config::Config;

use crate::histories::plan::Shape;
use crate::world::kv::SimKv;

use super::TOKEN;

const ORIGIN_TIMEOUT: u64 = 8;

pub fn config(shape: &Shape) -> Config {
    let settings = [
        ("ORIGIN", "http://origin.test".to_owned()),
        ("PURGE_TOKENS", TOKEN.to_owned()),
        ("MEMORY_WINDOW", shape.window.to_string()),
        ("SKEW", shape.skew.to_string()),
        ("ORIGIN_TIMEOUT", ORIGIN_TIMEOUT.to_string()),
        ("GRAPH_WRITES_PER_MINUTE", shape.graph_writes.to_string()),
        ("VISITOR_WRITES_PER_DAY", "1000000000".to_owned()),
        ("PURGE_SWR", shape.purge_swr.to_string()),
        ("PURGE_SEEN_WITHIN", shape.seen_within.to_string()),
    ];
    let setting = |name: &str| settings.iter().find(|(known, _)| *known == name);
    Config::read(&|name| setting(name).map(|(_, value)| value.clone())).unwrap()
}

pub fn kv(shape: &Shape) -> SimKv {
    let kv = SimKv::default();
    kv.lag.set(shape.kv_lag);
    kv.cache_ttl.set(Duration::from_millis(shape.kv_ttl));
    kv.paced.set(true);
    kv.failing.set(shape.kv_failing);
    kv.read_takes.set(shape.kv_read_takes);
    kv.write_takes.set(shape.kv_write_takes);
    kv.slow_writes.set(shape.kv_slow_writes);
    kv
}
