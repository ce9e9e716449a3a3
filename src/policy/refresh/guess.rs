//! Which request comes first for a page that is not stored: the plain one or the visitor's own.
//!
//! It is a guess, and it decides the order alone, never what is shared. An unknown page is asked for
//! with the visitor's own request first, so that a link that works once (a login by mail, `?code=`)
//! is not spent by the edge. If the answer's fields say that such a page may be shared, the plain
//! request follows. Where the pages of a section were stored lately, the plain one comes first.
//!
//! Only what plain requests brought back is remembered: a site that sets a cookie on every first
//! answer would otherwise be asked twice for ever.

use std::collections::BTreeMap;
use std::time::Duration;

use http::header::{self, HeaderName};
use sha2::{Digest, Sha256};

use crate::policy::key::CacheKey;
use crate::policy::time::{Time, median};

/// Sections that an isolate remembers; each is some hundred bytes at most.
const SECTIONS_MOST: usize = 2048;
/// Path segments that name a section, the page's own left out.
const SEGMENTS: usize = 2;
/// Field names that are carried on suspicion.
const VARIES_MOST: usize = 8;
/// Extraordinary fields that are remembered.
const HARMLESS_MOST: usize = 8;
/// Longer names are not remembered: a visitor may make them up.
const NAME_MOST: usize = 64;
/// For how long a stored answer speaks for its section.
const STORED_COUNTS: Duration = Duration::from_secs(24 * 60 * 60);
/// For how long no plain request follows in a section whose last one brought nothing to share,
/// doubled each time.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);

/// Which request comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    PlainFirst,
    /// The visitor's own. A plain one follows if its answer says that the page may be shared.
    OwnFirst,
    /// The visitor's own, and no other: plain ones brought nothing to share lately.
    OwnOnly,
}

/// Whether a section's pages tell nothing of how a request with this field is answered, until one was
/// seen: browsers do not send it.
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

/// Pages that are likely to behave alike: a host, the first segments of the path, and the names of
/// the query's parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Section(u64);

impl Section {
    /// A slash at the end names no folder: `/blog/a/` is a page of `/blog`. Numbers are alike:
    /// `/shop/17/reviews` and `/shop/18/reviews` are of one kind.
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

    /// All pages of a host.
    pub fn of_host(key: &CacheKey) -> Section {
        Section(digest(&["host", key.host()]))
    }
}

/// What plain requests brought back, by section. Bounded.
#[derive(Default)]
pub struct Sections {
    known: BTreeMap<Section, KnownSection>,
}

#[derive(Default)]
struct KnownSection {
    heard_at: Time,
    stored_at: Option<Time>,
    /// Up with each plain answer that was stored, down with each that could not be. Above nothing,
    /// the plain request comes first.
    score: i32,
    /// How far the score falls below nothing when it comes down there the next time: the more often a
    /// section turned round, the more stored pages it takes to believe in it. (Where the visitors'
    /// own requests come first, nothing is heard of the pages that are not for all.)
    distrust: i32,
    /// Plain requests in a row that followed an answer which promised something, in vain.
    misled: u32,
    misled_at: Time,
    varies: Vec<HeaderName>,
    /// Extraordinary fields of requests whose page turned out not to vary by them.
    harmless: Vec<HeaderName>,
}

impl KnownSection {
    const HIGHEST: i32 = 4;
    const DISTRUST_MOST: i32 = 16;

    /// So many in a row are chance, where other pages were stored lately.
    const MISLED_BY_CHANCE: u32 = 8;

    fn was_stored_lately(&self, now: Time) -> bool {
        self.stored_at.is_some_and(|at| now < at + STORED_COUNTS)
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

    /// Whether no plain request follows for now.
    fn pauses(&self, now: Time) -> bool {
        let by_chance = if self.was_stored_lately(now) { Self::MISLED_BY_CHANCE } else { 0 };
        let misled = self.misled.saturating_sub(by_chance);
        let Some(times) = misled.checked_sub(1) else { return false };
        let pause = (FIRST_PAUSE * (1 << times.min(16))).min(LONGEST_PAUSE);
        now < self.misled_at + pause
    }
}

impl Sections {
    /// `added`: the fields that the visitor's own request would add to a plain one.
    pub fn order(&self, section: Section, added: &[HeaderName], now: Time) -> Order {
        match self.known.get(&section) {
            Some(known) if known.is_likely_shared(now) && known.has_seen(added) => {
                Order::PlainFirst
            }
            Some(known) if known.pauses(now) => Order::OwnOnly,
            _ => Order::OwnFirst,
        }
    }

    /// The fields that pages of the section are likely to vary by; of the host, where the section is
    /// not known.
    pub fn varies(&self, key: &CacheKey) -> &[HeaderName] {
        let known = self.known.get(&Section::of(key));
        let known = known.filter(|known| known.stored_at.is_some());
        let known = known.or_else(|| self.known.get(&Section::of_host(key)));
        known.map_or(&[], |known| &known.varies)
    }

    /// A plain answer was stored, which varies by `varies`, for a visitor whose own request would have
    /// `added` fields.
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

    /// A plain answer could not be shared. `misled`: it followed an own one that promised it could.
    pub fn refused(&mut self, key: &CacheKey, misled: bool, now: Time) {
        let known = self.heard(Section::of(key), now);
        known.refused();
        if misled {
            known.misled += 1;
            known.misled_at = now;
        }
    }

    fn heard(&mut self, section: Section, now: Time) -> &mut KnownSection {
        if self.known.len() >= SECTIONS_MOST && !self.known.contains_key(&section) {
            let median = median(self.known.values().map(|known| Some(known.heard_at)));
            self.known.retain(|_, known| Some(known.heard_at) > median);
        }
        let known = self.known.entry(section).or_default();
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
