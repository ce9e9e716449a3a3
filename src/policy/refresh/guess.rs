//! The order of the requests for a page that is not stored: plain first, or the visitor's own
//! first.
//!
//! The order is a guess, and never decides what is shared. An unknown page gets the visitor's own
//! request first. A plain request could spend a link that works once (a login by mail, `?code=`).
//! If the response's fields say that such a page may be shared, the plain request follows. If pages
//! of a section were stored lately, the plain request comes first.
//!
//! Only the results of plain requests are remembered. Otherwise a site that sets a cookie on every
//! first response would get two requests for ever.

use std::collections::BTreeMap;

use http::header::{self, HeaderName};
use sha2::{Digest, Sha256};

use crate::policy::key::CacheKey;
use crate::policy::time::{Time, median};
use crate::policy::timing::{SECTION_FIRST_PAUSE, SECTION_PAUSE_MOST, SECTION_REMEMBERED};

/// The largest number of sections that an isolate remembers, each of some hundred bytes at most.
const SECTIONS_MOST: usize = 2048;
/// The number of path segments that name a section, without the page's own.
const SEGMENTS: usize = 2;
/// The largest number of field names that are carried on suspicion.
const VARIES_MOST: usize = 8;
/// The largest number of extraordinary fields that are remembered.
const HARMLESS_MOST: usize = 8;
/// The longest field name in bytes that is remembered: a visitor may make names up.
const NAME_MOST: usize = 64;

/// The order of the two requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The plain request comes first.
    PlainFirst,
    /// The visitor's own request comes first. A plain one follows if the response says that the
    /// page may be shared.
    OwnFirst,
    /// Only the visitor's own request is sent: plain ones brought nothing to share lately.
    OwnOnly,
}

/// Tells whether browsers do not send this field. Until a request with it was seen, a section's
/// pages tell nothing of its response.
fn is_extraordinary(name: &HeaderName) -> bool {
    const ORDINARY: [HeaderName; 12] = [
        header::ACCEPT,
        header::ACCEPT_ENCODING,
        header::ACCEPT_LANGUAGE,
        header::COOKIE,
        header::DNT,
        header::FROM,
        header::ORIGIN,
        header::REFERER,
        header::UPGRADE_INSECURE_REQUESTS,
        header::USER_AGENT,
        HeaderName::from_static("priority"),
        HeaderName::from_static("save-data"),
    ];
    let beginnings = ["sec-", "cf-", "cdn-", "device-", "viewport-", "x-amzn-", "x-cloud-"];
    !ORDINARY.contains(name)
        && !beginnings.iter().any(|beginning| name.as_str().starts_with(beginning))
}

fn is_short(name: &HeaderName) -> bool {
    name.as_str().len() <= NAME_MOST
}

/// A group of pages that are likely to behave alike. They share a host, the first path segments,
/// and the names of the query's parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Section(u64);

impl Section {
    /// Returns the section of a page. A slash at the end names no folder: `/blog/a/` is a page of
    /// `/blog`. Numbers count as equal: `/shop/17/reviews` and `/shop/18/reviews` share a section.
    pub fn of(key: &CacheKey) -> Section {
        let path = key.path();
        let page = path.strip_suffix('/').unwrap_or(path);
        let folder = page.rsplit_once('/').map_or("", |(folder, _)| folder);
        let segments = folder.split('/').filter(|segment| !segment.is_empty()).take(SEGMENTS);
        let query = key.query().unwrap_or("").split('&');
        let query = query.map(|parameter| parameter.split('=').next().unwrap_or(""));
        let mut parts: Vec<&str> = vec![key.host()];
        parts.extend(segments.map(|segment| if is_number(segment) { "1" } else { segment }));
        parts.push("?");
        parts.extend(query);
        Section(digest(&parts))
    }

    /// Returns the section of all pages of a host.
    pub fn of_host(key: &CacheKey) -> Section {
        Section(digest(&["host", key.host()]))
    }

    fn name(self) -> String {
        format!("{:x}", self.0)
    }
}

/// The results of plain requests, by section. The number of sections is bounded.
#[derive(Default)]
pub struct Sections {
    /// By the section's name.
    known: BTreeMap<String, Box<KnownSection>>,
}

#[derive(Default)]
struct KnownSection {
    heard_at: Time,
    stored_at: Option<Time>,
    /// The score rises with each plain response that was stored, and falls with each refused one.
    /// Above zero, the plain request comes first.
    score: i32,
    /// The depth to which the score next falls below zero. A section that changed often needs more
    /// stored pages before it is trusted again. (If own requests come first, nothing is learned of
    /// the pages that are not for all.)
    distrust: i32,
    /// The number of plain requests in a row that followed a promising own response in vain.
    misled: u32,
    misled_at: Time,
    varies: Vec<HeaderName>,
    /// Extraordinary fields of requests whose page turned out not to vary by them.
    harmless: Vec<HeaderName>,
}

impl KnownSection {
    const HIGHEST: i32 = 4;
    const DISTRUST_MOST: i32 = 16;

    /// The number of vain requests in a row that counts as chance if other pages were stored
    /// lately.
    const MISLED_BY_CHANCE: u32 = 8;

    fn was_stored_lately(&self, now: Time) -> bool {
        self.stored_at.is_some_and(|at| now < at + SECTION_REMEMBERED)
    }

    fn has_seen(&self, added: &[HeaderName]) -> bool {
        let is_seen = |name: &HeaderName| {
            !is_extraordinary(name) || self.varies.contains(name) || self.harmless.contains(name)
        };
        added.iter().all(is_seen)
    }

    fn is_likely_shared(&self, now: Time) -> bool {
        self.score > 0 && self.was_stored_lately(now)
    }

    fn stored(&mut self, now: Time) {
        self.stored_at = Some(now);
        self.misled = 0;
        self.score = (self.score + 1).min(Self::HIGHEST);
        if self.score == Self::HIGHEST {
            self.distrust = 0;
        }
    }

    fn refused(&mut self) {
        if self.score > 1 {
            self.score -= 1;
        } else if self.score == 1 {
            self.distrust = (self.distrust * 2).clamp(1, Self::DISTRUST_MOST);
            self.score = -self.distrust;
        }
    }

    /// Tells whether no plain request follows for now.
    fn pauses(&self, now: Time) -> bool {
        let by_chance = if self.was_stored_lately(now) { Self::MISLED_BY_CHANCE } else { 0 };
        let misled = self.misled.saturating_sub(by_chance);
        let Some(times) = misled.checked_sub(1) else { return false };
        let pause = (SECTION_FIRST_PAUSE * (1 << times.min(16))).min(SECTION_PAUSE_MOST);
        now < self.misled_at + pause
    }
}

impl Sections {
    /// Guesses the order. `added` holds the fields that the visitor's own request would add to a
    /// plain one.
    pub fn order(&self, section: Section, added: &[HeaderName], now: Time) -> Order {
        match self.known.get(&section.name()) {
            Some(known) if known.is_likely_shared(now) && known.has_seen(added) => {
                Order::PlainFirst
            }
            Some(known) if known.pauses(now) => Order::OwnOnly,
            _ => Order::OwnFirst,
        }
    }

    /// Returns the fields that pages of the section are likely to vary by. For an unknown section,
    /// they are those of the host.
    pub fn varies(&self, key: &CacheKey) -> &[HeaderName] {
        let known = self.known.get(&Section::of(key).name());
        let known = known.filter(|known| known.stored_at.is_some());
        let known = known.or_else(|| self.known.get(&Section::of_host(key).name()));
        known.map_or(&[], |known| &known.varies)
    }

    /// Records that a plain response, which varies by `varies`, was stored. `added` holds the
    /// fields that the visitor's own request would have added.
    pub fn stored(
        &mut self,
        key: &CacheKey,
        varies: &[HeaderName],
        added: &[HeaderName],
        now: Time,
    ) {
        const DECIDED: [HeaderName; 4] =
            [header::COOKIE, header::ACCEPT_ENCODING, header::ORIGIN, header::AUTHORIZATION];
        let varies = varies
            .iter()
            .filter(|name| !DECIDED.contains(name) && is_short(name))
            .take(VARIES_MOST);
        let varies: Vec<HeaderName> = varies.cloned().collect();
        let harmless = added
            .iter()
            .filter(|name| is_extraordinary(name) && is_short(name) && !varies.contains(name));
        for section in [Section::of(key), Section::of_host(key)] {
            let known = self.heard(section, now);
            known.stored(now);
            known.varies.clone_from(&varies);
            known.harmless.retain(|name| !varies.contains(name));
            for name in harmless.clone() {
                if !known.harmless.contains(name) && known.harmless.len() < HARMLESS_MOST {
                    known.harmless.push(name.clone());
                }
            }
        }
    }

    /// Records that a plain response could not be shared. `misled` is set if an own response had
    /// promised that it could.
    pub fn refused(&mut self, key: &CacheKey, misled: bool, now: Time) {
        let known = self.heard(Section::of(key), now);
        known.refused();
        if misled {
            known.misled += 1;
            known.misled_at = now;
        }
    }

    fn heard(&mut self, section: Section, now: Time) -> &mut KnownSection {
        let name = section.name();
        if self.known.len() >= SECTIONS_MOST && !self.known.contains_key(&name) {
            let median = median(self.known.values().map(|known| Some(known.heard_at)));
            self.known.retain(|_, known| Some(known.heard_at) > median);
        }
        let known = self.known.entry(name).or_default();
        known.heard_at = now;
        known
    }
}

fn is_number(segment: &str) -> bool {
    segment.bytes().all(|byte| byte.is_ascii_digit())
}

fn digest(parts: &[&str]) -> u64 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let digest: [u8; 32] = hash.finalize().into();
    u64::from_be_bytes(digest[..8].try_into().expect("eight of 32 bytes"))
}
