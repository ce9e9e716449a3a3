//! A fixed number of random responses, made of the words that responses are made of: nothing panics,
//! nothing private is stored, and what is written is read back. The seed is fixed too; another is
//! tried with `FUZZ_SEED`, more cases with `FUZZ_CASES`.

use std::rc::Rc;

use edge_isr::fields::conditional::{is_not_modified, selects, updated};
use edge_isr::fields::no_vary_search::NoVarySearch;
use edge_isr::fields::range::part;
use edge_isr::fields::vary::Vary;
use edge_isr::policy::fence::Provenance;
use edge_isr::policy::freshness::{Directives, born_at};
use edge_isr::policy::stored::{BodyAt, GraphMarks, Stored, StoredResponse, Variant};
use edge_isr::policy::storing::ruled::Ruled;
use edge_isr::policy::storing::{Storing, StoringSettings, storing};
use edge_isr::policy::tag::TagSet;
use edge_isr::policy::time::Time;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

const NAMES: [&str; 20] = [
    "cache-control",
    "cdn-cache-control",
    "cloudflare-cdn-cache-control",
    "surrogate-control",
    "expires",
    "date",
    "age",
    "vary",
    "etag",
    "last-modified",
    "cache-tag",
    "surrogate-key",
    "cache-groups",
    "set-cookie",
    "no-vary-search",
    "content-length",
    "if-none-match",
    "range",
    "if-range",
    "connection",
];
const WORDS: [&str; 44] = [
    "max-age",
    "s-maxage",
    "private",
    "no-store",
    "no-cache",
    "public",
    "must-revalidate",
    "must-understand",
    "stale-while-revalidate",
    "stale-if-error",
    "=",
    "=\"",
    "\"",
    ",",
    ", ",
    ";",
    " ",
    "\t",
    "0",
    "60",
    "-1",
    "99999999999999999999",
    "1.5",
    "*",
    "accept",
    "W/\"a\"",
    "\"a\"",
    "\\",
    "(",
    ")",
    "params",
    "except",
    "bytes=",
    "0-1",
    "-5",
    "?1",
    ":aGk=:",
    "@1",
    "Sun, 06 Nov 1994 08:49:37 GMT",
    "Sunday, 06-Nov-94 08:49:37 GMT",
    "Sun Nov  6 08:49:37 1994",
    "\u{e9}",
    "\u{20ac}",
    "GMT",
];

struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % most as u64) as usize
    }

    fn fields(&mut self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for _ in 0..self.below(6) {
            let name = HeaderName::from_static(NAMES[self.below(NAMES.len())]);
            let value: String =
                (0..self.below(9)).map(|_| WORDS[self.below(WORDS.len())]).collect();
            if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
                headers.append(name, value);
            }
        }
        headers
    }
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn fifty_thousand_responses() {
    let mut random = Random(setting("FUZZ_SEED", 0x5eed).max(1));
    let (mut stored, mut refused) = (0, 0);
    for _ in 0..setting("FUZZ_CASES", 50_000) {
        let (response, request) = (random.fields(), random.fields());
        let status = StatusCode::from_u16(100 + random.below(500) as u16).unwrap();
        if is_stored(status, &response, &request) { stored += 1 } else { refused += 1 }
    }
    assert!(stored > 100 && refused > 100, "both happen: {stored} stored, {refused} refused");
}

fn is_stored(status: StatusCode, response: &HeaderMap, request: &HeaderMap) -> bool {
    let now = Time(1_500_000_000_000);
    TagSet::of(response, "h");
    NoVarySearch::of(response);
    part(request, response, 10);
    selects(response, request);
    updated(request, response);
    is_not_modified(&Method::GET, request, status, response);
    let terms = StoringSettings { heuristic: true, strict: false };
    let Storing::Store(lifetimes) =
        storing(status, response, request, terms, Ruled::default(), now)
    else {
        return false;
    };
    let directives = Directives::of(response).cache_control;
    assert!(!directives.private && !response.contains_key("set-cookie"), "{response:?}");
    assert!(!directives.no_store || directives.must_understand, "{response:?}");
    assert!(matches!(Vary::of(response), Vary::Fields(_)), "{response:?}");
    let response = StoredResponse {
        for_all: false,
        by_rule: false,
        stripped: Vec::new(),
        build: None,
        browser_ttl: None,
        status,
        headers: response.clone(),
        provenance: Provenance { fetched_at: now, known: vec![], journal: None },
        born_at: born_at(response, now),
        lifetimes,
        tags: TagSet::of(response, "h").tags,
        variant: Variant { selecting: vec![], era: Time(0) },
        graph: GraphMarks::default(),
        body: BodyAt::Inline,
    };
    let written = Stored::Response(Rc::new(response));
    assert_eq!(Stored::of_text(&written.to_text()), Some(written));
    true
}
