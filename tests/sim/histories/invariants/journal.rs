//! The purge journal: when an isolate must know a purge, and what it never forgets.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use edge_isr::journal::block::Block;
use edge_isr::journal::memory::JournalMemory;
use edge_isr::journal::object::entries::Entries;
use edge_isr::journal::object::room::Room;
use edge_isr::journal::{Known, Number, TagDigest};
use edge_isr::policy::fence::PurgeMode;
use edge_isr::policy::time::Time;
use edge_isr::policy::timing::{JOURNAL_LOOKS_FOR, PUBLISHED_JOURNALS_KNOWN_FOR};

use crate::world::journal::{Rows, SimJournal};
use crate::world::platform::Sim;

use super::history::History;
use super::purges::{Purged, Purges};

/// After a failure of the object an isolate does without it for so long, beside `PURGE_SEEN_WITHIN`:
/// a purge waits five seconds for its reply, and the object is then left alone for ten.
const RESTS_FOR: Duration = Duration::from_secs(25);
/// An object that starts looks in KV within this time of its first reply.
const LOOKS_WITHIN: Duration = Duration::from_secs(10);
const NEVER: Time = Time(i64::MAX / 4);

pub struct Journal {
    history: Rc<History>,
    purges: Rc<Purges>,
    /// Times in which the object may give an isolate no reply, or a late one.
    troubles: RefCell<Vec<(Time, Option<Time>)>>,
    /// The object may lack what KV shows until it has looked there.
    is_unsure: Cell<bool>,
    /// Whether a restored object ever came back to the journal before its own.
    came_back: Cell<bool>,
    /// When it last started anew.
    started_anew_at: Cell<Time>,
    /// What each isolate knew last.
    known: RefCell<BTreeMap<u64, Known>>,
}

impl Journal {
    pub fn new(history: Rc<History>, purges: Rc<Purges>) -> Journal {
        Journal {
            history,
            purges,
            troubles: RefCell::default(),
            is_unsure: Cell::default(),
            came_back: Cell::default(),
            started_anew_at: Cell::default(),
            known: RefCell::default(),
        }
    }

    fn object(&self) -> Option<&Rc<SimJournal>> {
        self.history.object.as_ref()
    }

    /// Begins a time of trouble. Returns its name for [`Journal::trouble_ends`].
    pub fn trouble_begins(&self) -> usize {
        self.troubles.borrow_mut().push((self.history.now(), None));
        self.troubles.borrow().len() - 1
    }

    pub fn trouble_ends(&self, trouble: usize) {
        self.troubles.borrow_mut()[trouble].1 = Some(self.history.now());
    }

    /// The object was restored, or purges were made without it: it starts, and looks in KV.
    pub fn starts_anew(&self) {
        self.is_unsure.set(true);
        self.started_anew_at.set(self.history.now());
    }

    /// The object is gone from memory, perhaps before it has looked in KV.
    pub fn is_evicted(&self) {
        self.is_unsure.set(self.is_unsure.get() && self.history.now() <= self.has_looked_at());
    }

    /// When an object that started anew has seen what KV shows.
    fn has_looked_at(&self) -> Time {
        let first_asked = self.object().and_then(|object| object.stored().first_asked.get());
        // A look that fails is made again a minute later, or with the next publication.
        let again = if self.history.shape.kv_failing > 0 { 2 } else { 0 };
        first_asked.map_or(NEVER, |at| at + LOOKS_WITHIN + JOURNAL_LOOKS_FOR * again)
    }

    /// The object has lost its rows but for those of an earlier moment. A purge that was neither
    /// among them nor published where the object reads KV is lost by design.
    pub fn loses_all_but(&self, rows: &Rows) {
        let kept = last_of(rows);
        for purge in self.purges.all.borrow().iter().filter(|purge| purge.is_by_journal) {
            match purge.number.get() {
                None => purge.may_be_lost.set(true),
                Some(number) if number > kept && !self.is_published(number) => {
                    purge.is_lost.set(true);
                }
                Some(_) => {}
            }
        }
    }

    /// The object gets the rows of an earlier moment back.
    pub fn is_restored_to(&self, rows: &Rows) {
        let now = self.object().map(|object| object.rows());
        let journal = |rows: &Rows| {
            let entries = Entries::restored(rows.clone(), Room::default());
            entries.map(|entries| entries.head().id)
        };
        self.came_back.set(self.came_back.get() || now.as_ref().and_then(journal) != journal(rows));
        self.loses_all_but(rows);
    }

    fn is_published(&self, number: Number) -> bool {
        let at_object = self.history.shape.centres;
        self.published_since(at_object, number).is_some_and(|since| since <= self.history.now())
    }

    /// From when on each read of KV in a data centre shows a journal with a number.
    fn published_since(&self, centre: usize, number: Number) -> Option<Time> {
        let key = format!("j/{}", self.object()?.id());
        let landed = self.history.kv.published_since(&key, number.0)?;
        Some(self.history.kv.readable(centre, &key, landed)?.since)
    }

    /// From when on each read of KV in a data centre lists the object.
    fn listed_since(&self, centre: usize) -> Option<Time> {
        let landed = self.history.kv.listed_since("j", &self.object()?.id())?;
        Some(self.history.kv.readable(centre, "j", landed)?.since)
    }

    /// A purge that is said to be done is in the object's rows.
    pub fn purged(&self, purge: &Purged, request: u128) {
        let Some(object) = self.object() else { return };
        let rows = object.rows();
        let begins = format!("{request:x} ");
        let of_it = rows.range("e/".to_owned()..).rev();
        let mut of_it =
            of_it.filter(|(key, row)| key.starts_with("e/") && row.starts_with(&begins));
        let number = of_it.next().and_then(|(key, _)| number_of(key));
        purge.number.set(Some(number.unwrap_or_else(|| last_of(&rows))));
        if number.is_some() {
            return;
        }
        if purge.may_be_lost.get() {
            return purge.is_lost.set(true);
        }
        let all = Entries::restored(rows, Room::default()).map(|entries| entries.all());
        if !all.is_some_and(|all| self.has_later(purge, &all)) {
            let how = format!("{:?} came at {:?}", purge.what, purge.received);
            self.history.breaks("a purge is durable before its 200", how);
        }
    }

    /// Whether a purge or later ones of all its tags are among all entries, or it was dropped.
    fn has_later(&self, purge: &Purged, all: &Block) -> bool {
        let (object, site) = (self.object().unwrap(), &self.history.site);
        let came = Number((purge.received.0 + object.stored().ahead.get()) as u64);
        let dropped = all.head().dropped;
        let (mode, dropped) = if purge.hard {
            (PurgeMode::Hard, dropped.hard)
        } else {
            (PurgeMode::Soft, dropped.soft)
        };
        dropped >= came
            || purge.what.iter().all(|selector| {
                let mut of = all.of(TagDigest::of(&selector.tag(site)));
                of.any(|(other, kept)| other == mode && kept.number >= came)
            })
    }

    /// From when on an isolate must know a purge that was done through the journal.
    pub fn known_since(&self, purge: &Purged, sim: &Sim, looked_at: Time) -> Option<Time> {
        let (history, answered) = (&self.history, purge.answered.get()?);
        if purge.is_lost.get() {
            return None;
        }
        let number = purge.number.get()?;
        let published = || self.published_since(sim.centre, number);
        if sim.journal.is_none() {
            let since = published()?.max(self.listed_since(sim.centre)?);
            return Some(since + history.config.memory_window.max(PUBLISHED_JOURNALS_KNOWN_FOR));
        }
        let seen_within = history.config.purge_seen_within + history.apart();
        let due = (answered + seen_within).max(self.sure_since(purge));
        if self.is_in_trouble(looked_at) {
            Some(due.max(published()? + seen_within))
        } else {
            Some(due)
        }
    }

    /// From when on each copy of an object that started anew has what KV showed it.
    /// A purge that it has numbered since it has itself.
    pub fn sure_since(&self, purge: &Purged) -> Time {
        let seen_within = self.history.config.purge_seen_within + self.history.apart();
        if purge.received > self.started_anew_at.get() {
            // An isolate of the other version took it: of the one before the deploy, or after it.
            let is_of_other_version = !purge.is_by_journal && !self.reads_records();
            let looked_for = purge.received + JOURNAL_LOOKS_FOR + seen_within;
            return if is_of_other_version { looked_for } else { Time(0) };
        }
        if self.is_unsure.get() { self.has_looked_at() + seen_within } else { Time(0) }
    }

    /// Whether isolates with the binding read records, because the site had some before its journal.
    fn reads_records(&self) -> bool {
        let rows = self.object().map(|object| object.rows()).unwrap_or_default();
        let entries = Entries::restored(rows, Room::default());
        entries.is_some_and(|entries| self.history.now() < entries.head().with_records_until)
    }

    /// Whether a request that has looked at a moment, and is answered now, may have done without the
    /// object.
    pub fn is_in_trouble(&self, looked_at: Time) -> bool {
        let slack = RESTS_FOR + self.history.config.purge_seen_within + self.history.apart();
        let troubles = self.troubles.borrow();
        troubles.iter().any(|(from, until)| {
            *from <= self.history.now() && until.is_none_or(|until| looked_at <= until + slack)
        })
    }

    /// Since when the object gives no isolate a reply.
    pub fn failing_since(&self) -> Option<Time> {
        self.history.object.as_ref().and_then(|object| object.failing_since.get())
    }

    /// Numbers of a journal never go back in an isolate, unless it comes back to the journal by way
    /// of another: it then knows less of it.
    pub fn answered(&self, sim: &Sim) {
        let Some(now) = sim.isolate.journal.with(JournalMemory::known) else { return };
        let before = self.known.borrow_mut().insert(sim.isolate_id, now);
        let goes_back = |before: Known| before.journal == now.journal && before.number > now.number;
        if !self.came_back.get() && before.is_some_and(goes_back) {
            let how = format!("{before:?}, then {now:?}");
            self.history.breaks("the number that an isolate knows never goes back", how);
        }
    }

    /// In the end each purge is published.
    pub fn all_are_published(&self) {
        let purges = self.purges.all.borrow();
        let key = self.object().map(|object| format!("j/{}", object.id())).unwrap_or_default();
        let values = self.history.kv.values.borrow();
        let all = values.get(&key).and_then(|entry| Block::of_text(&entry.value));
        let holds = |purge: &Purged| all.as_ref().is_some_and(|all| self.has_later(purge, all));
        let done = purges.iter().filter(|purge| purge.answered.get().is_some());
        for purge in done.filter(|purge| purge.is_by_journal && !purge.is_lost.get()) {
            let Some(number) = purge.number.get() else { continue };
            if !self.is_published(number) || !holds(purge) {
                let how = format!("{:?}, which came at {:?}", purge.what, purge.received);
                self.history.breaks("in the end KV shows each purge of the journal", how);
            }
        }
    }
}

fn number_of(key: &str) -> Option<Number> {
    Some(Number(u64::from_str_radix(key.strip_prefix("e/")?, 16).ok()?))
}

/// The newest number in rows.
fn last_of(rows: &Rows) -> Number {
    let restored = Entries::restored(rows.clone(), Room::default());
    restored.map_or(Number(0), |entries| entries.head().last)
}
