//! The invariants, and what is seen of a history.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use edge_isr::config::Config;
use edge_isr::platform::{OriginError, Response};
use edge_isr::policy::fence::PurgeMode;
use edge_isr::policy::key::CacheKey;
use edge_isr::policy::tag::{Tag, implicit};
use edge_isr::policy::time::Time;
use http::HeaderMap;

use super::plan::{By, HOST, Manner, Nature, Says, Shape, Visiting};
use super::report::Report;
use super::shared_cache::CacheBefore;
use super::site::{Fetch, Site, Version, names};
use crate::executor::{Executor, Group};
use crate::kv::SimKv;
use crate::platform::{Body, Sim, SimCache, Trace, Written};

/// In which a purge record may be written.
const ATTEMPTS: usize = 4;

/// What a history broke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    pub invariant: &'static str,
    pub how: String,
}

pub struct Watch {
    pub executor: Rc<Executor>,
    pub shape: Rc<Shape>,
    config: Rc<Config>,
    kv: Rc<SimKv>,
    pub caches: Vec<Rc<SimCache>>,
    pub site: Rc<Site>,
    pub broken: RefCell<Option<Broken>>,
    pub report: RefCell<Report>,
    pub purges: RefCell<Vec<Rc<Purged>>>,
    /// How many unsafe requests are under way that may empty a page of a data centre.
    pub emptying: RefCell<BTreeMap<(usize, usize), i64>>,
    pub unsafe_requests: RefCell<BTreeSet<Group>>,
    active: RefCell<Vec<Rc<Fetch>>>,
    /// The latest beginning of an origin request that vouched for what a data centre served.
    served: RefCell<BTreeMap<(usize, usize, String), Rc<Fetch>>>,
    shown_at: RefCell<BTreeMap<(usize, usize, String), Time>>,
    /// When something last kept a page from being stored in a data centre.
    excused: RefCell<BTreeMap<(usize, usize), Time>>,
    /// Since when a data centre's KV has been unreadable.
    pub unreadable_since: RefCell<Vec<Option<Time>>>,
    /// Until when some isolate may do without the coordinator.
    uncoordinated_until: Cell<Time>,
    /// Everything is well, and has been for long enough.
    pub settled: Cell<bool>,
}

/// One POST that purges.
pub struct Purged {
    pub received: Time,
    pub isolate: u64,
    pub hard: bool,
    pub what: Vec<Selector>,
    pub trace: Rc<Trace>,
    pub answered: Cell<Option<Time>>,
    /// Until when its isolate knows of it, where it is a visitor's unsafe request: nobody else does.
    pub forgotten_at: Option<Time>,
    /// Until when each data centre showed what it outdates, in milliseconds.
    pub shown_for: RefCell<Vec<u64>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selector {
    Tag(usize),
    Url(usize),
    Section(usize),
    Group(usize),
    Host,
    Everything,
}

/// A visitor's answer.
pub struct Seen<'a> {
    pub visiting: &'a Visiting,
    pub asked: Time,
    pub sim: &'a Sim,
    pub headers: &'a HeaderMap,
    pub text: &'a str,
}

/// What `Cache-Status` says.
pub struct Said<'a>(pub &'a str);

impl<'a> Said<'a> {
    pub fn has(&self, word: &str) -> bool {
        self.0.split("; ").any(|part| part == word)
    }

    pub fn value(&self, name: &str) -> Option<&'a str> {
        self.0.split("; ").find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
    }

    pub fn ttl(&self) -> i64 {
        self.value("ttl").and_then(|ttl| ttl.parse().ok()).unwrap_or(0)
    }

    pub fn is_from_storage(&self) -> bool {
        self.has("hit") || self.has("collapsed")
    }
}

impl Watch {
    pub fn new(
        executor: Rc<Executor>,
        shape: Rc<Shape>,
        config: Rc<Config>,
        kv: Rc<SimKv>,
        caches: Vec<Rc<SimCache>>,
        site: Rc<Site>,
    ) -> Rc<Watch> {
        let centres = caches.len();
        Rc::new(Watch {
            executor,
            shape,
            config,
            kv,
            caches,
            site,
            broken: RefCell::default(),
            report: RefCell::default(),
            purges: RefCell::default(),
            emptying: RefCell::default(),
            unsafe_requests: RefCell::default(),
            active: RefCell::default(),
            served: RefCell::default(),
            shown_at: RefCell::default(),
            excused: RefCell::default(),
            unreadable_since: RefCell::new(vec![None; centres]),
            uncoordinated_until: Cell::default(),
            settled: Cell::new(false),
        })
    }

    /// The first thing that breaks is what a history is about.
    pub fn breaks(&self, invariant: &'static str, how: String) {
        let at = self.executor.now().0 - super::stage::START.0;
        let how = format!("at {at} ms: {how}");
        self.broken.borrow_mut().get_or_insert(Broken { invariant, how });
    }

    /// Nobody can be blamed for asking again for a while: what is fetched may not be kept.
    pub fn excuse(&self, centre: usize, page: usize) {
        self.excused.borrow_mut().insert((centre, page), self.executor.now());
    }

    pub fn excuse_all(&self, centre: usize) {
        (0..self.shape.pages.len()).for_each(|page| self.excuse(centre, page));
    }

    /// What is done in an isolate that died will not end.
    pub fn forget_active(&self, is_gone: impl Fn(&Fetch) -> bool) {
        self.active.borrow_mut().retain(|fetch| !is_gone(fetch));
    }

    // Single flight.

    pub fn fetching(&self, fetch: &Rc<Fetch>) {
        self.report.borrow_mut().origin_requests += 1;
        fetch.was_stored.set(self.holds(fetch.centre, fetch.page));
        // What is validated at each use is asked for by each.
        if !fetch.fills || self.shape.pages[fetch.page].says == Says::NoCache {
            return;
        }
        let now = fetch.began;
        let lease = self.config.lease_life();
        let mut active = self.active.borrow_mut();
        active.retain(|other| !other.ended.get() && now.since(other.began) < lease);
        let varies = self.shape.pages[fetch.page].varies;
        let same = |other: &&Rc<Fetch>| other.page == fetch.page && !varies;
        let mut at_once = 1;
        for other in active.iter().filter(same).filter(|other| other.centre == fetch.centre) {
            if !self.is_excused(other, now) {
                at_once += 1;
                self.judge_second(fetch, other);
            }
        }
        self.report.borrow_mut().count_at_once(at_once);
        if self.shape.coordinator {
            let elsewhere = active.iter().filter(same).filter(|other| other.centre != fetch.centre);
            elsewhere.for_each(|other| self.judge_abroad(fetch, other));
        }
        active.push(fetch.clone());
    }

    /// With a coordinator that answers there is one at a time in the world.
    fn judge_abroad(&self, fetch: &Fetch, other: &Fetch) {
        self.report.borrow_mut().at_once_abroad += 1;
        let was_without = other.began < self.uncoordinated_until.get();
        if was_without || self.is_overdue(fetch) || self.is_overdue(other) {
            return;
        }
        if self.is_stored(fetch.page) && !self.is_excused_somewhere(other, fetch.began) {
            self.breaks("single flight in the world", format!("{fetch:?} while {other:?}"));
        }
    }

    /// Who has waited for as long as two leases live asks without one.
    fn has_lost_patience(&self, fetch: &Fetch) -> bool {
        fetch.began.since(fetch.asked) >= self.config.lease_life() * 2
    }

    /// A request that has waited for others time and again asks by itself.
    fn has_lost_rounds(&self, fetch: &Fetch) -> bool {
        fetch.began.since(fetch.asked) >= Duration::from_millis(8 * 25)
    }

    /// Who has waited for as long as a lease lives asks without the world's.
    fn is_overdue(&self, fetch: &Fetch) -> bool {
        fetch.began.since(fetch.asked) >= self.config.lease_life()
    }

    /// The coordinator, or a data centre's cache without which there are no leases, fails for so long,
    /// and is not asked for a while after that.
    pub fn uncoordinated(&self, lasts: Duration) {
        let until = self.executor.now() + lasts + Duration::from_secs(65);
        self.uncoordinated_until.set(self.uncoordinated_until.get().max(until));
    }

    fn judge_second(&self, fetch: &Fetch, other: &Fetch) {
        if other.isolate == fetch.isolate {
            // The queue may be longer than anyone's patience.
            if self.has_lost_patience(fetch) || self.has_lost_patience(other) {
                return;
            }
            if self.shape.clocks_apart && self.was_taken_for_older(fetch) {
                return;
            }
            // Nor what the origin's own cache says of a purged page, when isolates by turns store it.
            let is_behind = self.shape.pages[fetch.page].behind != CacheBefore::Nothing;
            if is_behind && (self.has_lost_rounds(fetch) || self.has_lost_rounds(other)) {
                return;
            }
            let how = format!("{fetch:?} while {other:?}");
            self.breaks("single flight in an isolate", how);
        } else if !self.both_claimed_at_once(fetch, other) {
            let how = format!("{fetch:?} while {other:?}");
            self.breaks("single flight in a data centre", how);
        }
    }

    /// Where the clocks of a data centre differ, what an isolate fetched last may look older than
    /// what is stored, and is not stored then.
    fn was_taken_for_older(&self, fetch: &Fetch) -> bool {
        let fetches = self.site.fetches.borrow();
        let ended = |other: &&Rc<Fetch>| other.ended.get() && other.isolate == fetch.isolate;
        let mut before =
            fetches.iter().rev().filter(|other| other.page == fetch.page).filter(ended);
        before.next().is_some_and(|before| self.writes_of(fetch.centre, before).is_empty())
    }

    /// When a response was stored, with its writer's last look before.
    fn writes_of(&self, centre: usize, fetch: &Fetch) -> Vec<(Time, Time)> {
        let written = self.caches[centre].written.borrow();
        let of_it = written.values().flatten().filter(|written| written.is_of(fetch.number));
        of_it.map(|written| (written.looked_at, written.at)).collect()
    }

    /// The race that is stated: each found no lease and read its own back before the other's was
    /// written.
    fn both_claimed_at_once(&self, fetch: &Fetch, other: &Fetch) -> bool {
        let Ok(key) = CacheKey::parse(&self.site.url(fetch.page)) else { return true };
        let written = self.caches[fetch.centre].written.borrow();
        let Some(claims) = written.get(&key.slot().beside("lease")) else { return false };
        let claim_of = |fetch: &Fetch| {
            claims.iter().rev().find(|claim| claim.by == fetch.group && claim.at <= fetch.began)
        };
        // Who has waited for so long asks without it.
        let is_overdue = |fetch: &Fetch| fetch.began.since(fetch.asked) >= Duration::from_secs(7);
        if is_overdue(fetch) || is_overdue(other) {
            return true;
        }
        // From its look to its reading back: what was looked for and what was read back is not told.
        let slack = Duration::from_millis(2 * self.shape.cache_takes);
        let raced = |one: &Written, another: &Written| {
            one.by != another.by
                && one.looked_at <= another.at + slack
                && another.looked_at <= one.at + slack
        };
        // Or a third one's lease took the place of one of theirs, and was given back.
        let mine = [claim_of(fetch), claim_of(other)];
        mine.into_iter().flatten().any(|mine| claims.iter().any(|claim| raced(claim, mine)))
    }

    fn is_excused(&self, since: &Fetch, now: Time) -> bool {
        self.is_excused_in(since.centre, since, now)
    }

    /// The coordinator tells all data centres of a page that turned out uncacheable in one.
    fn is_excused_somewhere(&self, since: &Fetch, now: Time) -> bool {
        (0..self.shape.centres).any(|centre| self.is_excused_in(centre, since, now))
    }

    fn is_excused_in(&self, centre: usize, since: &Fetch, now: Time) -> bool {
        let excused = self.excused.borrow();
        let at = excused.get(&(centre, since.page));
        // A page that turned out uncacheable is not collapsed for two minutes.
        at.is_some_and(|at| *at + Duration::from_secs(130) > since.began && *at <= now)
    }

    pub fn fetched(&self, fetch: &Rc<Fetch>, outcome: &Result<Response<Body>, OriginError>) {
        self.active.borrow_mut().retain(|other| other.number != fetch.number);
        let is_kept = match outcome {
            Ok(response) if response.status.is_server_error() => true,
            Ok(_) if fetch.fills => !fetch.turned.get() && self.is_stored(fetch.page),
            // A visitor's own answer says that the page passes only where nothing was stored.
            Ok(_) if self.had_no_plain_answer(fetch.group) => false,
            Ok(_) => fetch.was_stored.get(),
            // A failure is shared by those who waited, and leaves no marker.
            Err(_) => true,
        };
        if !is_kept {
            self.excuse(fetch.centre, fetch.page);
        }
        if let Some(version) = &*fetch.version.borrow() {
            let purges = self.purges.borrow();
            let during = purges.iter().filter(|purge| {
                purge.received >= fetch.began && purge.concerns(fetch.page, version)
            });
            self.report.borrow_mut().purges_during_renders += during.count() as u64;
        }
    }

    /// Whether a data centre holds a page.
    fn holds(&self, centre: usize, page: usize) -> bool {
        let Ok(key) = CacheKey::parse(&self.site.url(page)) else { return false };
        self.caches[centre].holds_page(&key.slot(), self.executor.now())
    }

    // Purges.

    pub fn purging(&self, sim: &Sim, hard: bool, what: Vec<Selector>) -> Rc<Purged> {
        let purge = Rc::new(Purged {
            received: self.executor.now(),
            isolate: sim.isolate_id,
            hard,
            what,
            trace: sim.trace.clone(),
            answered: Cell::new(None),
            forgotten_at: None,
            shown_for: RefCell::new(vec![0; self.shape.centres]),
        });
        self.purges.borrow_mut().push(purge.clone());
        self.report.borrow_mut().purges += 1;
        purge
    }

    /// A purge that is said to be done has a durable record, stamped no earlier than it came.
    pub fn purged(&self, purge: &Purged, done: bool) {
        let now = self.executor.now();
        let written = purge.trace.kv_writes.borrow();
        let records = written.iter().filter(|key| key.starts_with("p/")).count();
        if records > purge.what.len() * ATTEMPTS {
            let how = format!("{records} writes for {:?}", purge.what);
            self.breaks("a purge writes one record a tag and attempt", how);
        }
        if !done {
            return;
        }
        purge.answered.set(Some(now));
        for selector in &purge.what {
            let key = self.record_key(*selector, purge.hard);
            if self.kv.durable_since(&key, purge.received, Duration::MAX).is_none() {
                let last = self.kv.last_landed(&key);
                let how =
                    format!("{selector:?} came at {:?}, its record: {last:?}", purge.received);
                self.breaks("a purge is durable before its 200", how);
            }
        }
    }

    fn record_key(&self, selector: Selector, hard: bool) -> String {
        let mode = if hard { PurgeMode::Hard } else { PurgeMode::Soft };
        mode.record_key(&self.tag(selector))
    }

    fn tag(&self, selector: Selector) -> Tag {
        match selector {
            Selector::Tag(tag) => Tag::origin(&names(&[tag])[0]).unwrap(),
            Selector::Url(page) => {
                let key = CacheKey::parse(&self.site.url(page)).unwrap();
                match key.query() {
                    Some(query) => Tag::query(HOST, key.path(), query),
                    None => Tag::path(HOST, key.path()),
                }
            }
            Selector::Section(section) => Tag::prefix(&format!("/s{section}")),
            Selector::Group(group) => Tag::group(HOST, &format!("g{group}")),
            Selector::Host => Tag::host(HOST),
            Selector::Everything => Tag::everything(),
        }
    }

    /// How long purges took until nothing was shown any more that they outdate.
    pub fn spread(&self) {
        let mut report = self.report.borrow_mut();
        let purges = self.purges.borrow();
        for purge in purges.iter().filter(|purge| purge.answered.get().is_some()) {
            report.until_seen.extend(purge.shown_for.borrow().iter());
        }
    }

    // What visitors see.

    pub fn answered(&self, seen: &Seen<'_>) {
        let now = self.executor.now();
        let said = seen.headers.get("cache-status").and_then(|value| value.to_str().ok());
        let said = Said(said.unwrap_or("").strip_prefix("edge-isr; ").unwrap_or(""));
        self.report.borrow_mut().count(said.0);
        // For one holder that is gone up to a lease, for the next up to another, and then for the
        // origin itself.
        let longest = self.config.lease_life() * 2 + self.config.origin_timeout * 2;
        if now.since(seen.asked) > longest {
            let how = format!("{:?} waited {:?}", seen.visiting, now.since(seen.asked));
            self.breaks("nobody waits longer than two leases", how);
        }
        if self.settled.get() && now.since(seen.asked) >= self.config.lease_life() {
            let how = format!("{:?} waited {:?}: {}", seen.visiting, now.since(seen.asked), said.0);
            self.breaks("in the end nobody waits for who is gone", how);
        }
        self.private_to_its_visitor(seen, &said);
        self.validated_at_each_use(seen, &said);
        self.failed_for_all(seen, &said);
        self.stale_is_not_fresh(seen, &said);
        let Some(fetch) = self.site.fetch_of(seen.headers) else { return };
        let Some(version) = fetch.version.borrow().clone() else { return };
        if said.is_from_storage() {
            self.fenced(seen, &said, &fetch, &version);
            self.goes_forward(seen, &fetch, &version);
            self.closed_without_kv(seen, &said, &fetch);
            self.stale_within_its_window(seen, &said, &fetch, &version);
        }
        self.costs(seen, &said, &version);
        if self.settled.get() {
            self.is_new_in_the_end(seen, &said, &fetch, &version);
        }
    }

    /// Every purge has long been read everywhere, everyone who asked the origin has had an answer.
    fn is_new_in_the_end(
        &self,
        seen: &Seen<'_>,
        said: &Said<'_>,
        fetch: &Fetch,
        version: &Version,
    ) {
        let current = self.site.current(fetch.page);
        let purges = self.purges.borrow();
        let by_editors = |purge: &&Rc<Purged>| purge.forgotten_at.is_none();
        let mut by_editors = purges.iter().rev().filter(by_editors);
        let last = by_editors.find(|purge| purge.concerns(fetch.page, version));
        let behind = last.is_some_and(|purge| fetch.made.get() < purge.received);
        // An origin's replica may have said so after the purge.
        if behind || (self.shape.replica_lag == 0 && version.number != current.number) {
            let how =
                format!("{:?}: {} shows {fetch:?}, current is {current:?}", seen.visiting, said.0);
            self.breaks("in the end everyone sees the newest", how);
        }
    }

    /// A request that comes while a purge of its page is under way, or just before or after.
    pub fn racing(&self, visiting: &Visiting) {
        let now = self.executor.now();
        let version = self.site.current(visiting.page);
        let purges = self.purges.borrow();
        let is_racing = purges.iter().rev().take(60).any(|purge| {
            purge.answered.get().is_none_or(|answered| now <= answered)
                && now.since(purge.received) < Duration::from_secs(30)
                && purge.concerns(visiting.page, &version)
        });
        drop(purges);
        if is_racing {
            self.report.borrow_mut().racing += 1;
        }
    }

    fn is_stored(&self, page: usize) -> bool {
        let shape = &self.shape.pages[page];
        let window = shape.stale_while_revalidate.max(shape.stale_if_error);
        shape.s_maxage > 0 || window > 0 || shape.has_etag
    }

    /// What the graph says of each page is what its newest version says.
    pub fn graph_is_right(&self) {
        let values = self.kv.values.borrow();
        for page in 0..self.shape.pages.len() {
            let key = CacheKey::parse(&self.site.url(page)).unwrap();
            let current = self.site.current(page);
            let has_etag = self.shape.pages[page].has_etag;
            let is_kept = !matches!(current.nature, Nature::Private | Nature::SetsCookie);
            // Such a URL waits for its second store, and without a validator there may be none; and
            // what is not stored any more is not looked at any more.
            if (key.query().is_some() && !has_etag) || !is_kept {
                continue;
            }
            let mut wanted: Vec<Tag> = match current.nature {
                Nature::Public if self.is_stored(page) => {
                    let named = current.tags.iter().map(|tag| Selector::Tag(*tag));
                    named.chain(current.group.map(Selector::Group)).map(|of| self.tag(of)).collect()
                }
                _ => Vec::new(),
            };
            wanted.sort();
            wanted.dedup();
            let all = (0..self.shape.tags).map(Selector::Tag);
            let all = all.chain((0..2).map(Selector::Group)).map(|of| self.tag(of));
            let name = key.page();
            let names_it = |tag: &Tag| {
                let prefix = format!("t/{}/", tag.key_segment());
                let of_tag = values.range(prefix.clone()..);
                let mut of_tag = of_tag.take_while(|(key, _)| key.starts_with(&prefix));
                of_tag.any(|(key, entry)| key.ends_with(&name) || entry.value.contains(&name))
            };
            let mut found: Vec<Tag> = all.filter(names_it).collect();
            found.sort();
            let entry = values.get(&format!("u/{}", key.page())).map(|entry| entry.value.clone());
            let entry: Option<edge_isr::graph::PageEntry> =
                entry.and_then(|text| serde_json::from_str(&text).ok());
            let mut listed = entry.map(|entry| entry.tags).unwrap_or_default();
            listed.sort();
            if found != wanted || listed != wanted {
                let how = format!(
                    "{}: wanted {wanted:?}, relations {found:?}, entry {listed:?}",
                    key.url()
                );
                let is_left = wanted.iter().all(|tag| found.contains(tag)) && listed == wanted;
                let was_lost =
                    !has_etag || self.site.was_turned_away(page) || self.shape.pages[page].varies;
                match is_left && (was_lost || self.report.borrow().evictions > 0) {
                    true => self.report.borrow_mut().relations_left += 1,
                    false => self.breaks("the graph is right in the end", how),
                }
            }
        }
    }

    fn fenced(&self, seen: &Seen<'_>, said: &Said<'_>, fetch: &Fetch, version: &Version) {
        let Some(looked_at) = seen.sim.trace.looked_at.get() else { return };
        let is_fresh = said.ttl() > 0;
        // KV could not be asked, and the origin failed as well, or has been asked just now.
        let failed_at = self.kv.failed_at.borrow().get(&seen.sim.centre).copied();
        let without_kv = failed_at.is_some_and(|at| looked_at < at + Duration::from_secs(15));
        let is_young = looked_at.since(fetch.began) < self.config.memory_window + self.apart();
        let stands_in = said.value("fwd-status").is_some() || said.has("collapsed");
        if without_kv && (stands_in || is_young) {
            return;
        }
        // What was asked for after the visitor had come is as good as an answer of their own.
        if said.has("collapsed") && fetch.began >= seen.asked {
            return;
        }
        // Who waited has what the origin said since, though its own cache made it before.
        let made = if said.has("collapsed") { fetch.began } else { fetch.made.get() };
        let purges = self.purges.borrow();
        for purge in purges.iter().rev() {
            if made >= purge.received || !(is_fresh || purge.hard) {
                continue;
            }
            if purge.forgotten_at.is_some_and(|at| looked_at >= at) {
                continue;
            }
            if !purge.concerns(fetch.page, version) {
                continue;
            }
            let shown_for = looked_at.since(purge.received).as_millis() as u64;
            purge.shown_for.borrow_mut()[seen.sim.centre] = shown_for;
            let known_at = self.known_since(purge, seen.sim, version, fetch.page);
            // Within a millisecond the purge may have come later.
            if known_at.is_some_and(|known_at| known_at < looked_at) {
                let how = format!(
                    "{} {:?} at {:?} (from {looked_at:?} on {known_at:?}), shown: {} of {fetch:?}",
                    if purge.hard { "hard" } else { "soft" },
                    purge.what,
                    purge.received,
                    said.0
                );
                self.breaks("no purge is lost", how);
            }
        }
    }

    /// From when on an isolate must know a purge that concerns a page.
    fn known_since(
        &self,
        purge: &Purged,
        sim: &Sim,
        version: &Version,
        page: usize,
    ) -> Option<Time> {
        let window = self.config.memory_window;
        let mut since: Option<Time> = None;
        let longest = self.config.skew / 2;
        for selector in &purge.what {
            if !selector.concerns(page, version) {
                continue;
            }
            let mut known = None;
            if purge.isolate == sim.isolate_id {
                known = purge.trace.body_read_at.get();
            } else if purge.answered.get().is_some() {
                let key = self.record_key(*selector, purge.hard);
                let durable = self.kv.durable_since(&key, purge.received, longest);
                let readable =
                    durable.and_then(|number| self.kv.readable(sim.centre, &key, number));
                known = readable.map(|readable| readable.since + window);
            }
            since = [since, known].into_iter().flatten().min();
        }
        since
    }

    /// A visitor of a data centre never gets what is older than what another got before.
    fn goes_forward(&self, seen: &Seen<'_>, fetch: &Rc<Fetch>, version: &Version) {
        // Where the clocks of a data centre differ, "later" is what they say; and a page that begins or
        // ceases to vary moves.
        if self.shape.clocks_apart || self.shape.pages[fetch.page].varies {
            return;
        }
        // What the origin's own cache said may have been made before or after.
        if self.shape.pages[fetch.page].behind != CacheBefore::Nothing {
            return;
        }
        let is_emptied = |(place, under_way): (&(usize, usize), &i64)| {
            *place == (seen.sim.centre, fetch.page) && *under_way > 0
        };
        if self.emptying.borrow().iter().any(is_emptied) {
            return;
        }
        let language = if version.varies { fetch.language.clone() } else { String::new() };
        let place = (seen.sim.centre, fetch.page, language);
        let mut served = self.served.borrow_mut();
        if let Some(before) = served.get(&place)
            && before.began > fetch.began
            && !self.was_lost_to_a_race(seen.sim.centre, before)
            && !self.has_run_out(before)
            && seen.sim.trace.looked_at.get() > self.shown_at.borrow().get(&place).copied()
        {
            let how = format!(
                "{before:?} was shown before {fetch:?}: {}",
                seen.headers["cache-status"].to_str().unwrap_or("")
            );
            self.breaks("a page never goes back", how);
        }
        if served.get(&place).is_none_or(|before| before.began <= fetch.began) {
            self.shown_at.borrow_mut().insert(place.clone(), self.executor.now());
            served.insert(place, fetch.clone());
        }
    }

    /// Nothing can be done any more with what was stored, so it is no longer kept.
    fn has_run_out(&self, fetch: &Fetch) -> bool {
        let page = &self.shape.pages[fetch.page];
        let window = page.stale_while_revalidate.max(page.stale_if_error).max(self.shape.purge_swr);
        let kept_for = Duration::from_secs(page.s_maxage + window);
        !page.has_etag && self.executor.now() >= fetch.began + kept_for
    }

    /// What was stored was lost to a request that had looked before it was there, and stored after.
    fn was_lost_to_a_race(&self, centre: usize, fetch: &Fetch) -> bool {
        let key = CacheKey::parse(&self.site.url(fetch.page)).unwrap();
        let written = self.caches[centre].written.borrow();
        let of_page = written.get(&key.slot());
        self.writes_of(centre, fetch).iter().any(|(_, at)| {
            let mut others = of_page.into_iter().flatten();
            others.any(|other| {
                other.looked_at <= *at && *at <= other.at && !other.is_of(fetch.number)
            })
        })
    }

    /// A page may have gone from a data centre.
    pub fn emptied(&self, centre: usize, page: usize) {
        self.served.borrow_mut().retain(|(of, emptied, _), _| (*of, *emptied) != (centre, page));
        self.report.borrow_mut().evictions += 1;
    }

    pub fn evicted(&self, centre: usize) {
        self.excuse_all(centre);
        self.served.borrow_mut().retain(|(of, _, _), _| *of != centre);
        self.report.borrow_mut().evictions += 1;
    }

    /// With KV unreadable for longer than the memory window, only what is younger than the window is
    /// shown, unless the origin fails as well.
    fn closed_without_kv(&self, seen: &Seen<'_>, said: &Said<'_>, fetch: &Fetch) {
        let Some(since) = self.unreadable_since.borrow()[seen.sim.centre] else { return };
        let Some(looked_at) = seen.sim.trace.looked_at.get() else { return };
        let window = self.config.memory_window;
        let stands_in = said.value("fwd-status").is_some();
        if stands_in || said.has("collapsed") || looked_at < since + window {
            return;
        }
        if looked_at.since(fetch.began) > window + self.apart() {
            let how = format!(
                "unreadable since {since:?}, looked at {looked_at:?}, shown: {} of {fetch:?}",
                said.0
            );
            self.breaks("without KV nothing old is shown", how);
        }
    }

    /// By how much the clocks of a data centre may differ.
    pub fn apart(&self) -> Duration {
        let apart = if self.shape.clocks_apart { self.shape.skew * 500 } else { 0 };
        Duration::from_millis(apart)
    }

    /// What a hit may cost: no write; its tags' records in one call, and once more what somebody else
    /// was reading and could not, or what waiting for them made too old.
    fn costs(&self, seen: &Seen<'_>, said: &Said<'_>, version: &Version) {
        let plain = said.value("detail").is_none() && said.value("fwd-status").is_none();
        if !said.has("hit") || !plain || seen.visiting.manner == Manner::Head {
            return;
        }
        let trace = &seen.sim.trace;
        let written = trace.kv_writes.borrow();
        if !written.is_empty() {
            self.breaks("a hit writes nothing", format!("{written:?}: {}", said.0));
        }
        let key = CacheKey::parse(&self.site.url(seen.visiting.page)).unwrap();
        let tags = (implicit(&key).len() + version.tags.len() + 1) as u64;
        let (calls, keys) = (trace.kv_reads.get(), trace.kv_keys_read.get());
        if keys > 4 * tags || calls > 4 {
            let how = format!("{calls} calls for {keys} keys, {tags} tags: {}", said.0);
            self.breaks("a hit reads each record twice at most", how);
        }
    }

    /// Revalidations of pages whose tags are as they were write nothing.
    pub fn writes_nothing(&self, round: impl FnOnce()) {
        let count = || self.kv.writes.get() + self.kv.deletes.get();
        let before = count();
        round();
        if count() > before {
            let how = format!("{} writes of pages that do not change", count() - before);
            self.breaks("unchanged tags cost no write", how);
        }
    }
}

impl Purged {
    pub fn concerns(&self, page: usize, version: &Version) -> bool {
        self.what.iter().any(|selector| selector.concerns(page, version))
    }
}

impl Selector {
    fn concerns(self, page: usize, version: &Version) -> bool {
        match self {
            Selector::Tag(tag) => version.tags.contains(&tag),
            Selector::Url(of) => of == page,
            Selector::Section(section) => page % 2 == section,
            Selector::Group(group) => version.group == Some(group),
            Selector::Host | Selector::Everything => true,
        }
    }

    /// What an editor purges who has changed a page.
    pub fn of(by: By, page: usize, before: &Version) -> Vec<Selector> {
        match by {
            By::Tags if !before.tags.is_empty() => {
                let mut tags = before.tags.clone();
                tags.sort_unstable();
                tags.dedup();
                tags.into_iter().map(Selector::Tag).collect()
            }
            By::Tags | By::Url => vec![Selector::Url(page)],
            By::Prefix => vec![Selector::Section(page % 2)],
            By::Host => vec![Selector::Host],
            By::Everything => vec![Selector::Everything],
        }
    }
}
