//! Whole requests with garbage in their fields, paths and queries, to an origin whose answers have
//! garbage in theirs: nothing panics, each is answered, and what the parsers do is bounded by what is
//! sent. The seed is fixed; another is tried with `FUZZ_SEED`, more cases with `FUZZ_CASES`.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use edge_isr::platform::{OriginError, Request, Response};
use edge_isr::policy::key::CacheKey;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use crate::field_names::FIELD_NAMES;
use crate::histories::dice::Dice;
use crate::world::executor::Executor;
use crate::world::platform::{Answering, Body, Sim};
use crate::world::{At, World};

const CASES: u64 = 3_000;
/// Requests that see one world: what the first leaves behind, the next ones find.
const IN_ONE_WORLD: u64 = 30;
const LONGEST: u64 = 16 << 10;
/// How often the parsers may visit a byte that was sent, in all the looks of a request at what is
/// stored and at what it brought. (Ten times was the most in 12,000 requests.)
#[cfg(debug_assertions)]
const VISITS_MOST: usize = 40;
/// What is stored was sent before.
#[cfg(debug_assertions)]
const AT_LEAST: usize = 100_000;

/// What both sides read closely.
const CLOSELY_READ: [&str; 26] = [
    "accept-encoding",
    "accept-language",
    "age",
    "authorization",
    "cache-control",
    "cache-groups",
    "cache-status",
    "cache-tag",
    "cdn-cache-control",
    "content-encoding",
    "content-length",
    "cookie",
    "date",
    "etag",
    "expires",
    "if-none-match",
    "if-range",
    "last-modified",
    "location",
    "no-vary-search",
    "origin",
    "range",
    "set-cookie",
    "surrogate-key",
    "vary",
    "via",
];
const WORDS: [&str; 44] = [
    "\"",
    "\\",
    ",",
    ";",
    "=",
    "%",
    "%2e",
    "%zz",
    "/",
    "//",
    "..",
    "?",
    "&",
    "(",
    ")",
    "*",
    " ",
    "\t",
    "a",
    "b",
    "accept-language",
    "cookie",
    "bytes=",
    "0-1",
    "-",
    "99999999999999999999",
    "1.5",
    "max-age",
    "s-maxage=60",
    "private",
    "no-cache",
    "stale-while-revalidate=9",
    "public",
    "W/\"a\"",
    "\"a\"",
    "params",
    "ttl=-1",
    "gzip",
    "http://origin.test/",
    "edge-isr",
    "GMT",
    "\u{e9}",
    "\u{20ac}",
    "sid=1",
];

/// Words at random, or a few of them again and again.
fn garbage(dice: &mut Dice) -> String {
    let words: String = (0..1 + dice.below(8)).map(|_| dice.one_of(&WORDS)).collect();
    let length = match dice.below(12) {
        0 => dice.below(LONGEST),
        1..3 => dice.below(300),
        _ => 0,
    };
    words.repeat(1 + length as usize / words.len())
}

fn garbage_fields(dice: &mut Dice, most: u64) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for _ in 0..dice.below(most) {
        let is_read = dice.of_ten(7);
        let name = if is_read { dice.one_of(&CLOSELY_READ) } else { dice.one_of(&FIELD_NAMES) };
        let value = garbage(dice);
        if let Ok(value) = HeaderValue::from_bytes(value.trim().as_bytes()) {
            headers.append(HeaderName::from_static(name), value);
        }
    }
    headers
}

fn bytes_of(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum()
}

/// An origin that makes no sense, and how much of it.
struct Babbler {
    executor: Rc<Executor>,
    dice: RefCell<Dice>,
    said: RefCell<usize>,
}

impl Answering for Babbler {
    fn answer<'a>(
        &'a self,
        sim: &'a Sim,
        request: Request<Body>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Body>, OriginError>> + 'a>> {
        Box::pin(async move {
            self.executor.turn().await;
            self.executor.sleep(sim.up_to(100)).await;
            let dice = &mut *self.dice.borrow_mut();
            let mut headers = garbage_fields(dice, 12);
            if dice.of_ten(5) {
                let control = HeaderValue::from_static("s-maxage=60, stale-while-revalidate=60");
                headers.insert("cache-control", control);
            }
            let statuses = [200, 200, 200, 204, 206, 301, 304, 403, 404, 500];
            let status = StatusCode::from_u16(dice.one_of(&statuses)).unwrap();
            *self.said.borrow_mut() += bytes_of(&headers) + bytes_of(&request.headers);
            Ok(Response::new(status, headers, Body::whole(&garbage(dice))))
        })
    }
}

fn url(dice: &mut Dice) -> String {
    match dice.below(6) {
        // Now and then what may be a page of before.
        0..3 => format!("/{}", dice.below(3)),
        3 => format!("/{}?{}", dice.below(3), garbage(dice)),
        _ => format!("/{}", garbage(dice)),
    }
}

/// Sends one request, if it is one: how many bytes it took there and back.
fn send(world: &World, babbler: &Babbler, dice: &mut Dice) -> Option<usize> {
    let target = url(dice);
    CacheKey::parse(&format!("https://site.test{target}")).ok()?;
    let methods = [Method::GET, Method::GET, Method::GET, Method::GET, Method::HEAD, Method::POST];
    let method = methods[dice.below(6) as usize].clone();
    let fields = garbage_fields(dice, 8);
    let sent = target.len() + bytes_of(&fields);
    *babbler.said.borrow_mut() = 0;
    let at = At { centre: 0, isolate: dice.below(2) as usize };
    let pending = world.ask_with(at, method, &target, fields, Some("x"));
    world.wait(60_000);
    assert!(pending.is_there(), "it was answered");
    let got = bytes_of(&pending.seen().headers);
    Some(sent + got + *babbler.said.borrow())
}

#[cfg(debug_assertions)]
fn bounded(work: impl FnOnce() -> Option<usize>) -> bool {
    let mut bytes = None;
    let steps = edge_isr::fields::steps::taken(|| bytes = work());
    let Some(bytes) = bytes else { return false };
    assert!(steps <= VISITS_MOST * bytes + AT_LEAST, "{steps} steps for {bytes} bytes");
    true
}

#[cfg(not(debug_assertions))]
fn bounded(work: impl FnOnce() -> Option<usize>) -> bool {
    work().is_some()
}

#[test]
fn whole_requests_of_garbage_are_answered() {
    let setting = |name: &str, otherwise: u64| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
    };
    let (seed, cases) = (setting("FUZZ_SEED", 1), setting("FUZZ_CASES", CASES));
    let mut asked = 0;
    for number in 0..cases / IN_ONE_WORLD {
        let seed = seed + number;
        let mut world = World::with(seed, &[("KEEP_TAG_HEADERS", "true")]);
        let executor = world.executor.clone();
        let dice = RefCell::new(Dice::new(seed));
        let babbler = Rc::new(Babbler { executor, dice, said: RefCell::default() });
        world.answering = Some(babbler.clone());
        let mut dice = Dice::new(!seed);
        for _ in 0..IN_ONE_WORLD {
            let mut one = || bounded(|| send(&world, &babbler, &mut dice));
            asked += u64::from(one());
        }
    }
    assert!(asked > cases / 2, "{asked} of {cases} were requests");
}
