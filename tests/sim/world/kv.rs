//! KV as it is: eventually consistent, seen from each data centre at its own time.
//!
//! Calm by default: every write is seen everywhere at once, nothing is refused. A history turns on
//! delays, what a data centre keeps of its own reads, and faults.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use edge_isr::json;
use edge_isr::platform::kv::{KvEntry, KvPage};
use edge_isr::platform::kv_error::KvError;
use edge_isr::policy::fence::PurgeRecord;
use edge_isr::policy::time::Time;

use crate::world::counter::Counter;

#[derive(Default)]
pub struct SimKv {
    /// What the last write of each key left.
    pub values: RefCell<BTreeMap<String, KvEntry>>,
    /// Every write, where a data centre may still see the write before.
    log: RefCell<HashMap<String, Vec<Landed>>>,
    /// What a data centre last read of a key.
    kept: RefCell<HashMap<(usize, String), Kept>>,
    landed: Cell<u64>,

    /// Until a write is seen elsewhere, at most, in milliseconds.
    pub lag: Cell<u64>,
    /// For how long a data centre relies on what it read, absent keys too.
    pub cache_ttl: Cell<Duration>,
    /// One write a second for each key.
    pub paced: Cell<bool>,
    /// Data centres in which reads and lists fail, as a set of bits.
    pub unreadable: Cell<u64>,
    pub writes_refused: Cell<bool>,
    /// Of a thousand operations so many fail; of those that write, half are done all the same.
    pub failing: Cell<u64>,
    pub read_takes: Cell<u64>,
    /// A read of a page in the durable tier takes so long at least.
    pub page_takes: Cell<Duration>,
    /// Of a thousand writes so many take seconds.
    pub slow_writes: Cell<u64>,

    /// When a read last failed in each data centre.
    pub failed_at: RefCell<BTreeMap<usize, Time>>,

    pub reads_fail: Cell<bool>,
    /// A read leaves the value of its last key out.
    pub reads_too_few: Cell<bool>,
    /// Operations that never end, and what their keys begin with.
    hanging: RefCell<Vec<(Operation, &'static str)>>,
    /// So many writes fail from now on.
    pub writes_fail: Cell<u64>,
    pub write_takes: Cell<u64>,
    pub failure: RefCell<String>,
    pub reads: Counter,
    pub keys_read: Cell<u64>,
    pub writes: Counter,
    pub deletes: Counter,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Read,
    Write,
    Delete,
    List,
}

/// A write that has taken place.
#[derive(Clone, Debug)]
pub struct Landed {
    pub number: u64,
    pub at: Time,
    /// When each data centre sees it; the last one stands for all further ones.
    seen: Vec<Time>,
    /// By how much its writer's clock is ahead, in milliseconds.
    ahead: i64,
    entry: Option<KvEntry>,
}

struct Kept {
    number: u64,
    value: Option<String>,
    at: Time,
    /// Until when the data centre relied on what it had read before this.
    before_until: Time,
}

/// What a data centre sees of a key that has been written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readable {
    /// From when on every read there shows this write or a later one.
    pub since: Time,
}

impl SimKv {
    /// One read of a key from a data centre.
    pub fn read(&self, centre: usize, key: &str, now: Time) -> Option<String> {
        let ttl = self.cache_ttl.get();
        if ttl.is_zero() && self.lag.get() == 0 {
            return self.values.borrow().get(key).map(|entry| entry.value.clone());
        }
        let mut kept = self.kept.borrow_mut();
        let place = (centre, key.to_owned());
        let before = kept.get(&place);
        if let Some(before) = before.filter(|before| now < before.at + ttl) {
            return before.value.clone();
        }
        let (number, value) = self.seen(centre, key, now);
        let before_until = before.map_or(Time(0), |before| before.at + ttl);
        kept.insert(place, Kept { number, value: value.clone(), at: now, before_until });
        value
    }

    fn seen(&self, centre: usize, key: &str, now: Time) -> (u64, Option<String>) {
        let log = self.log.borrow();
        let writes = log.get(key).into_iter().flatten().rev();
        let seen = writes.into_iter().find(|landed| landed.is_seen(centre, now));
        seen.map_or((0, None), |landed| {
            (landed.number, landed.entry.as_ref().map(|entry| entry.value.clone()))
        })
    }

    /// A write takes place; `delay` draws how long until a data centre sees it.
    pub fn land(
        &self,
        key: &str,
        entry: Option<KvEntry>,
        now: Time,
        ahead: i64,
        delay: impl FnMut() -> u64,
    ) {
        self.landed.set(self.landed.get() + 1);
        match &entry {
            Some(entry) => self.values.borrow_mut().insert(key.to_owned(), entry.clone()),
            None => self.values.borrow_mut().remove(key),
        };
        if self.lag.get() == 0 && self.cache_ttl.get().is_zero() && !self.paced.get() {
            return;
        }
        let mut delay = delay;
        let seen = (0..8).map(|_| now + Duration::from_millis(delay())).collect();
        let landed = Landed { number: self.landed.get(), at: now, seen, ahead, entry };
        self.log.borrow_mut().entry(key.to_owned()).or_default().push(landed);
    }

    /// The last write of a key that has taken place.
    pub fn last_landed(&self, key: &str) -> Option<Landed> {
        self.log.borrow().get(key)?.last().cloned()
    }

    /// The first write of a purge record by `key` that is stamped no earlier than `came`, and after
    /// which no earlier stamp was written too late to be allowed for (`longest`).
    pub fn durable_since(&self, key: &str, came: Time, longest: Duration) -> Option<u64> {
        let log = self.log.borrow();
        let mut durable = None;
        for landed in log.get(key)? {
            let Some(stamp) = landed.stamp() else { continue };
            match stamp >= came {
                true => durable = durable.or(Some(landed.number)),
                false if landed.at.since(stamp) > longest => durable = None,
                false => {}
            }
        }
        durable
    }

    /// The first write of a published journal with the number `last`, after which no write without it
    /// has taken place.
    pub fn published_since(&self, key: &str, last: u64) -> Option<u64> {
        self.holds_since(key, |value| {
            let word = value.get(32..48).and_then(|word| u64::from_str_radix(word, 16).ok());
            word.is_some_and(|word| word >= last)
        })
    }

    /// The first write of a list with `name`, after which no write without it has taken place.
    pub fn listed_since(&self, key: &str, name: &str) -> Option<u64> {
        self.holds_since(key, |value| value.split(' ').any(|other| other == name))
    }

    fn holds_since(&self, key: &str, is_in: impl Fn(&str) -> bool) -> Option<u64> {
        let log = self.log.borrow();
        let mut since = None;
        for landed in log.get(key)? {
            let holds = landed.entry.as_ref().is_some_and(|entry| is_in(&entry.value));
            since = if holds { since.or(Some(landed.number)) } else { None };
        }
        since
    }

    /// Whether a write of `key` now would be one too many this second.
    pub fn is_too_soon(&self, key: &str, now: Time) -> bool {
        let last = self.last_landed(key);
        self.paced.get() && last.is_some_and(|last| now.since(last.at) < Duration::from_secs(1))
    }

    /// From when on a data centre's reads show the write `number` of `key` or a later one.
    pub fn readable(&self, centre: usize, key: &str, number: u64) -> Option<Readable> {
        let log = self.log.borrow();
        let from_here = log.get(key)?.iter().filter(|landed| landed.number >= number);
        let seen = from_here.map(|landed| landed.seen_at(centre)).min()?;
        let kept = self.kept.borrow();
        let since = match kept.get(&(centre, key.to_owned())) {
            Some(kept) if kept.number >= number => seen.max(kept.before_until),
            Some(kept) => seen.max(kept.at + self.cache_ttl.get()),
            None => seen,
        };
        Some(Readable { since })
    }

    pub fn list(
        &self,
        centre: usize,
        prefix: &str,
        after: Option<&str>,
        most: usize,
        now: Time,
    ) -> KvPage {
        let values = self.values.borrow();
        let lagging = self.lag.get() > 0;
        let is_seen = |key: &str| {
            let log = self.log.borrow();
            let last = log.get(key).and_then(|landed| landed.last());
            !lagging || last.is_none_or(|last| last.is_seen(centre, now))
        };
        let mut keys: Vec<(String, Option<String>)> = values
            .range(prefix.to_owned()..)
            .take_while(|(key, _)| key.starts_with(prefix))
            .filter(|(key, _)| after.is_none_or(|after| key.as_str() > after))
            .filter(|(key, _)| is_seen(key))
            .map(|(key, entry)| (key.clone(), entry.metadata.clone()))
            .take(most + 1)
            .collect();
        let more = keys.len() > most;
        keys.truncate(most);
        let cursor = more.then(|| keys.last().unwrap().0.clone());
        KvPage { keys, cursor }
    }

    /// What is refused before anything is written.
    pub fn may_write(&self) -> Result<(), KvError> {
        if self.writes_refused.get() {
            return Err(KvError::classified("KV PUT failed: 500"));
        }
        let failing = self.writes_fail.get();
        if failing == 0 {
            return Ok(());
        }
        self.writes_fail.set(failing - 1);
        Err(KvError::classified(&self.failure.borrow()))
    }

    /// Operations on keys with this prefix never end from now on.
    pub fn hang(&self, operation: Operation, prefix: &'static str) {
        self.hanging.borrow_mut().push((operation, prefix));
    }

    /// Operations that begin from now on end.
    pub fn recover(&self) {
        self.hanging.borrow_mut().clear();
    }

    pub fn hangs(&self, operation: Operation, key: &str) -> bool {
        let hanging = self.hanging.borrow();
        hanging.iter().any(|(hangs, prefix)| *hangs == operation && key.starts_with(prefix))
    }

    pub fn is_unreadable(&self, centre: usize) -> bool {
        self.reads_fail.get() || self.unreadable.get() & (1 << centre) != 0
    }

    pub fn keys(&self, prefix: &str) -> Vec<String> {
        self.values.borrow().keys().filter(|key| key.starts_with(prefix)).cloned().collect()
    }
}

impl Landed {
    fn seen_at(&self, centre: usize) -> Time {
        self.seen[centre.min(self.seen.len() - 1)]
    }

    fn is_seen(&self, centre: usize, now: Time) -> bool {
        self.seen_at(centre) <= now
    }

    /// What its purge record is stamped with, on a clock that is right.
    fn stamp(&self) -> Option<Time> {
        let record: PurgeRecord = json::read(&self.entry.as_ref()?.value)?;
        Some(Time(record.at.0 - self.ahead))
    }
}
