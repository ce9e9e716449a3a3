//! What one decision costs on the host: reading the metadata, the fence, freshness, the key.

use std::hint::black_box;
use std::rc::Rc;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use edge_isr::policy::fence::{Provenance, Purged};
use edge_isr::policy::freshness::Lifetimes;
use edge_isr::policy::key::CacheKey;
use edge_isr::policy::reuse::{PurgeState, RecordsRead, ReuseSettings, decide};
use edge_isr::policy::stored::{BodyAt, GraphMarks, Stored, StoredResponse, Variant};
use edge_isr::policy::tag::{Tag, implicit};
use edge_isr::policy::time::Time;
use edge_isr::purge::memory::PurgeMemory;
use edge_isr::rules::Rules;
use edge_isr::rules::facts::Facts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

const URL: &str = "https://www.example.com/blog/why-dough-needs-salt?page=2&sort=new";
const TERMS: ReuseSettings = ReuseSettings {
    trusted_for: Duration::from_secs(10),
    purge_swr: Duration::ZERO,
    stale_if_error: Duration::ZERO,
    max_life: Duration::from_secs(31_536_000),
};

/// Rules of which the last alone holds.
fn rules() -> Rules {
    let sections = (0..98).map(|number| {
        let (section, cache) = (number / 2, if number % 2 == 0 { "bypass" } else { "forever" });
        format!(r#"{{"path":"/section-{section}/{{id}}-*/**","cache":"{cache}"}}"#)
    });
    let last = [
        r#"{"path":"/**/*.{pdf,zip}","cache":"bypass"}"#,
        r#"{"path":"/blog/**","cache":"force","ttl":60}"#,
    ];
    let all: Vec<String> = sections.chain(last.map(str::to_owned)).collect();
    Rules::parse(&format!("[{}]", all.join(","))).expect("legal rules")
}

fn page() -> StoredResponse {
    let mut headers = HeaderMap::new();
    for number in 0..12 {
        let name: HeaderName = format!("x-field-{number}").parse().expect("a name");
        headers.insert(name, HeaderValue::from_static("a value of ordinary length"));
    }
    StoredResponse {
        for_all: true,
        by_rule: false,
        stripped: Vec::new(),
        build: None,
        browser_ttl: None,
        status: StatusCode::OK,
        headers,
        provenance: Provenance { fetched_at: Time(1_000_000), known: Vec::new(), journal: None },
        born_at: Time(1_000_000),
        lifetimes: Lifetimes {
            fresh: 600,
            stale_while_revalidate: Some(600),
            ..Lifetimes::default()
        },
        tags: (0..5).map(|number| Tag::origin(&format!("tag-{number}")).expect("a tag")).collect(),
        variant: Variant { selecting: Vec::new(), era: Time(0) },
        graph: GraphMarks::default(),
        body: BodyAt::Inline,
    }
}

fn benches(criterion: &mut Criterion) {
    let stored = page();
    let text = Stored::Response(Rc::new(page())).to_text();
    let now = Time(1_100_000);
    let key = CacheKey::parse(URL).expect("a URL");
    let mut memory = PurgeMemory::default();
    let mut tags = implicit(&key);
    tags.extend_from_slice(&stored.tags);
    tags.iter().for_each(|tag| memory.read(tag, Vec::new(), now));
    let clear = PurgeState {
        purged: Purged::No,
        outdated_since: None,
        records: RecordsRead::Known,
        journal_unavailable: false,
    };
    criterion.bench_function("decide", |bencher| {
        bencher.iter(|| decide(black_box(&stored), clear, TERMS, now));
    });
    criterion.bench_function("read the metadata", |bencher| {
        bencher.iter(|| Stored::of_text(black_box(&text)));
    });
    criterion.bench_function("key, slot and implicit tags", |bencher| {
        bencher.iter(|| {
            let key = CacheKey::parse(black_box(URL)).expect("a URL");
            (key.slot(), implicit(&key))
        });
    });
    criterion.bench_function("a hundred rules for a hit", |bencher| {
        let (rules, key) = (rules(), CacheKey::parse(URL).expect("a URL"));
        bencher.iter(|| {
            let visitor = HeaderMap::new();
            rules.bypass(black_box(&Facts::of_request(&Method::GET, &key, &visitor)))
        });
    });
    criterion.bench_function("a hundred rules for a response", |bencher| {
        let (rules, key) = (rules(), CacheKey::parse(URL).expect("a URL"));
        bencher.iter(|| rules.ruled(black_box(&key), StatusCode::OK, &stored.headers));
    });
    criterion.bench_function("the fence of ten tags", |bencher| {
        bencher.iter(|| {
            let unread = memory.unread(black_box(&tags), TERMS.trusted_for, now).len();
            (unread, stored.provenance.purged(memory.records(&tags), Duration::from_secs(5)))
        });
    });
}

criterion_group!(decision, benches);
criterion_main!(decision);
