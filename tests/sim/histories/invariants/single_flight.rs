//! Single flight: a page is filled by one request at a time, in an isolate, in a data centre, and with
//! a coordinator in the world.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use edge_isr::platform::{OriginError, Response};
use edge_isr::policy::time::Time;
use edge_isr::policy::timing::{LOOK_PAUSE_MOST, LOOKED_AGAIN_WITHIN};

use crate::histories::plan::Says;
use crate::histories::site::Fetch;
use crate::world::platform::{Body, Written};

use super::excuses::Excuses;
use super::history::History;

/// After its failure the coordinator is not asked for a while.
const RESTS_FOR: Duration = Duration::from_secs(65);
/// How long it takes at least to lose eight rounds to others' responses that are too old when they come:
/// two seconds each, but for the first, which may be nearly over when a request joins it.
const ROUNDS_TAKE: Duration = Duration::from_secs(14);
/// For how long a request waits for a lease of its data centre, at least.
const DATA_CENTRE_PATIENCE: Duration = Duration::from_secs(7);

pub struct SingleFlight {
    history: Rc<History>,
    /// Fills that are under way.
    active: RefCell<Vec<Rc<Fetch>>>,
    excuses: Excuses,
    /// Until when some isolate may do without the coordinator.
    uncoordinated_until: Cell<Time>,
    /// Until when some isolate may do without the journal.
    unjudged_until: Cell<Time>,
}

impl SingleFlight {
    pub fn new(history: Rc<History>) -> SingleFlight {
        SingleFlight {
            history,
            active: RefCell::default(),
            excuses: Excuses::default(),
            uncoordinated_until: Cell::default(),
            unjudged_until: Cell::default(),
        }
    }

    /// A page may be asked for again for a while: what is fetched may not be kept.
    pub fn excuse(&self, centre: usize, page: usize) {
        self.excuses.add(centre, page, self.history.now());
    }

    pub fn excuse_all(&self, centre: usize) {
        (0..self.history.shape.pages.len()).for_each(|page| self.excuse(centre, page));
    }

    /// What is done in an isolate that died will not end.
    pub fn forget_active(&self, is_gone: impl Fn(&Fetch) -> bool) {
        self.active.borrow_mut().retain(|fetch| !is_gone(fetch));
    }

    /// The coordinator, or a data centre's cache without which there are no leases, fails for so long,
    /// and is not asked for a while after that.
    pub fn uncoordinated(&self, lasts: Duration) {
        let until = self.history.now() + lasts + RESTS_FOR;
        self.uncoordinated_until.set(self.uncoordinated_until.get().max(until));
    }

    /// The journal fails for so long. With a short `PURGE_SEEN_WITHIN` and a slow origin, a response is
    /// then too old to be shown when it comes. So requests wait in vain, round for round. One that has
    /// lost all rounds asks beside the holder of the lease.
    pub fn unjudged(&self, lasts: Duration) {
        let rests_for = RESTS_FOR + self.history.config.purge_seen_within;
        let until = self.history.now() + lasts + rests_for;
        self.unjudged_until.set(self.unjudged_until.get().max(until));
    }

    pub fn fetching(&self, fetch: &Rc<Fetch>) {
        let history = &self.history;
        history.report.borrow_mut().origin_requests += 1;
        fetch.was_stored.set(history.holds(fetch.centre, fetch.page));
        let shape = &history.shape.pages[fetch.page];
        // What is validated at each use is asked for by each request.
        if !fetch.fills || shape.says == Says::NoCache {
            return;
        }
        let lease = history.config.lease_life();
        let mut active = self.active.borrow_mut();
        active.retain(|other| !other.ended.get() && fetch.began.since(other.began) < lease);
        let same = active.iter().filter(|other| other.page == fetch.page && !shape.varies);
        let (here, elsewhere): (Vec<_>, Vec<_>) =
            same.partition(|other| other.centre == fetch.centre);
        self.judge_here(fetch, &here);
        if history.shape.coordinator {
            elsewhere.iter().for_each(|other| self.judge_abroad(fetch, other));
        }
        active.push(fetch.clone());
    }

    fn judge_here(&self, fetch: &Fetch, others: &[&Rc<Fetch>]) {
        let is_excused = |other: &Fetch| self.excuses.holds(other.centre, other, fetch.began);
        let mut at_once = 1;
        for other in others.iter().filter(|other| !is_excused(other)) {
            at_once += 1;
            match self.excuse_of_second(fetch, other) {
                Some(excuse) => self.history.report.borrow_mut().count_second(excuse),
                None => self
                    .history
                    .breaks(single_flight(fetch, other), format!("{fetch:?} while {other:?}")),
            }
        }
        self.history.report.borrow_mut().count_at_once(at_once);
    }

    /// With a coordinator that answers there is one fill at a time in the world.
    fn judge_abroad(&self, fetch: &Fetch, other: &Fetch) {
        let history = &self.history;
        history.report.borrow_mut().at_once_abroad += 1;
        let was_without = other.began < self.uncoordinated_until.get();
        if was_without || self.is_overdue(fetch) || self.is_overdue(other) {
            return;
        }
        if history.may_be_stored(fetch.page) && !self.is_excused_somewhere(other, fetch.began) {
            history.breaks("single flight in the world", format!("{fetch:?} while {other:?}"));
        }
    }

    /// The coordinator tells all data centres of a page that turned out uncacheable in one.
    fn is_excused_somewhere(&self, since: &Fetch, now: Time) -> bool {
        (0..self.history.shape.centres).any(|centre| self.excuses.holds(centre, since, now))
    }

    /// A request that has waited for as long as a lease lives asks without the world's.
    fn is_overdue(&self, fetch: &Fetch) -> bool {
        waited(fetch) >= self.history.config.lease_life()
    }

    /// A request that has waited for a lease's life, and for one origin timeout more, takes over from
    /// the holder. A request that has waited for two leases' lives asks without a lease.
    fn has_waited_enough(&self, fetch: &Fetch) -> bool {
        let config = &self.history.config;
        let takes_over =
            config.lease_life() + LOOK_PAUSE_MOST + config.origin_timeout + LOOKED_AGAIN_WITHIN;
        waited(fetch) >= takes_over.min(config.lease_life() * 2)
    }

    /// Why a data centre fills a page a second time while `other` is under way, if it may.
    fn excuse_of_second(&self, fetch: &Fetch, other: &Fetch) -> Option<&'static str> {
        if other.isolate != fetch.isolate {
            return self.excuse_of_another_isolate(fetch, other);
        }
        // The queue may be longer than any request waits.
        let is_over = self.has_waited_enough(fetch) || self.has_waited_enough(other);
        if is_over {
            return Some("a request had waited enough");
        }
        let lost_rounds = |fetch: &Fetch| waited(fetch) >= ROUNDS_TAKE;
        let is_unjudged = fetch.began < self.unjudged_until.get();
        (is_unjudged && (lost_rounds(fetch) || lost_rounds(other)))
            .then_some("rounds were lost while the journal failed")
    }

    /// The race that is stated: each found no lease and read its own back before the other's was
    /// written.
    fn excuse_of_another_isolate(&self, fetch: &Fetch, other: &Fetch) -> Option<&'static str> {
        let lease = self.history.site.key(fetch.page).slot().beside("lease");
        let written = self.history.caches[fetch.centre].written.borrow();
        let claims = written.get(&lease)?;
        let claim_of = |fetch: &Fetch| {
            claims.iter().rev().find(|claim| claim.by == fetch.group && claim.at <= fetch.began)
        };
        // A request that has waited for so long asks without it.
        if [fetch, other].iter().any(|fetch| waited(fetch) >= DATA_CENTRE_PATIENCE) {
            return Some("another isolate is overdue");
        }
        // From its look to its reading back: what was looked for and what was read back is not told.
        let slack = Duration::from_millis(2 * self.history.shape.cache_takes);
        let raced = |one: &Written, another: &Written| {
            one.by != another.by
                && one.looked_at <= another.at + slack
                && another.looked_at <= one.at + slack
        };
        // Or a third request's lease took the place of one of theirs, and was given back.
        let mine = [claim_of(fetch), claim_of(other)];
        let has_raced = |mine: &Written| claims.iter().any(|claim| raced(claim, mine));
        mine.into_iter().flatten().any(has_raced).then_some("two isolates race")
    }

    pub fn fetched(&self, fetch: &Fetch, outcome: &Result<Response<Body>, OriginError>) {
        self.active.borrow_mut().retain(|other| other.number != fetch.number);
        if !self.is_kept(fetch, outcome) {
            self.excuse(fetch.centre, fetch.page);
        }
    }

    /// Whether a page stays collapsed after an answer to one of its requests.
    fn is_kept(&self, fetch: &Fetch, outcome: &Result<Response<Body>, OriginError>) -> bool {
        match outcome {
            Ok(response) if response.status.is_server_error() => true,
            Ok(_) if fetch.fills => !fetch.turned.get() && self.history.may_be_stored(fetch.page),
            // A visitor's own answer says that the page passes only where nothing was stored.
            Ok(_) if self.history.site.had_no_plain_answer(fetch.group) => false,
            Ok(_) => fetch.was_stored.get(),
            // A failure is shared by the requests that waited, and leaves no marker.
            Err(_) => true,
        }
    }
}

/// For how long a visitor had waited when the origin was asked.
fn waited(fetch: &Fetch) -> Duration {
    fetch.began.since(fetch.asked)
}

/// The invariant that two fills of a page in a data centre break.
fn single_flight(fetch: &Fetch, other: &Fetch) -> &'static str {
    if other.isolate == fetch.isolate {
        "single flight in an isolate"
    } else {
        "single flight in a data centre"
    }
}
