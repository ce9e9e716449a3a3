//! The settings and the KV of a history.

use std::time::Duration;

use edge_isr::config::Config;

use crate::histories::plan::{Says, Shape};
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
        ("DURABLE_LIFETIME_MIN", "0".to_owned()),
        ("PURGE_SWR", shape.purge_swr.to_string()),
        ("PURGE_SEEN_WITHIN", shape.seen_within.to_string()),
        ("RULES", if shape.has_rules { rules(shape) } else { "[]".to_owned() }),
    ];
    let setting = |name: &str| settings.iter().find(|(known, _)| *known == name);
    Config::read(&|name| setting(name).map(|(_, value)| value.clone())).unwrap()
}

/// Rules that give each page the lifetime that the origin does not state.
fn rules(shape: &Shape) -> String {
    let mut rules = vec![serde_json::json!({ "key": { "query": { "except": "tracking" } } })];
    for page in shape.pages.iter().filter(|page| page.says != Says::NoCache) {
        let (path, query) = page.path.split_once('?').unwrap_or((&page.path, ""));
        rules.push(serde_json::json!({
            "path": path,
            "query": { "q": !query.is_empty() },
            "cache": "force",
            "ttl": page.s_maxage,
            "status_ttl": { "404": page.s_maxage },
            "stale_while_revalidate": page.stale_while_revalidate,
            "stale_if_error": page.stale_if_error,
        }));
    }
    serde_json::Value::from(rules).to_string()
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
