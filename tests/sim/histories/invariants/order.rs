//! Order: a visitor of a data centre never gets what is older than what another got before.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use edge_isr::policy::time::Time;

use crate::histories::shared_cache::CacheBefore;
use crate::histories::site::Fetch;

use super::answer::Shown;
use super::history::History;

/// From a lookup to the failure of the origin.
const ORIGIN_TAKES_MOST: Duration = Duration::from_secs(30);

/// A page of a data centre, in a language.
type Place = (usize, usize, String);

pub struct Order {
    history: Rc<History>,
    /// The latest beginning of an origin request that vouched for what a data centre served.
    served: RefCell<BTreeMap<Place, Rc<Fetch>>>,
    shown_at: RefCell<BTreeMap<Place, Time>>,
    /// When pages last went from a data centre.
    evicted_at: RefCell<BTreeMap<usize, Time>>,
    /// How many unsafe requests are under way that may empty a page of a data centre.
    emptying: RefCell<BTreeMap<(usize, usize), i64>>,
}

impl Order {
    pub fn new(history: Rc<History>) -> Order {
        Order {
            history,
            served: RefCell::default(),
            shown_at: RefCell::default(),
            evicted_at: RefCell::default(),
            emptying: RefCell::default(),
        }
    }

    /// Begins, or ends, a time in which a page may go from a data centre.
    pub fn empties(&self, centre: usize, page: usize, more: i64) {
        *self.emptying.borrow_mut().entry((centre, page)).or_default() += more;
        self.served.borrow_mut().retain(|(of, emptied, _), _| (*of, *emptied) != (centre, page));
        self.history.report.borrow_mut().evictions += 1;
    }

    /// Pages may have gone from a data centre.
    pub fn evicted(&self, centre: usize) {
        self.served.borrow_mut().retain(|(of, _, _), _| *of != centre);
        self.evicted_at.borrow_mut().insert(centre, self.history.now());
        self.history.report.borrow_mut().evictions += 1;
    }

    pub fn judge(&self, shown: &Shown<'_>) {
        if self.is_excepted(shown) {
            return;
        }
        let (fetch, centre) = (shown.fetch, shown.seen.sim.centre);
        let language = if shown.version.varies { fetch.language.clone() } else { String::new() };
        let place = (centre, fetch.page, language);
        let mut served = self.served.borrow_mut();
        if let Some(before) = served.get(&place)
            && before.began > fetch.began
            && !self.was_lost_to_a_race(centre, before)
            && !self.has_run_out(before)
            && !self.is_within_clocks(before, fetch)
            && shown.seen.sim.trace.looked_at.get() > self.shown_at.borrow().get(&place).copied()
        {
            let how = format!(
                "{before:?} was shown before {fetch:?}: {}",
                shown.seen.headers["cache-status"].to_str().unwrap_or("")
            );
            self.history.breaks("a page never goes back", how);
        }
        // What was looked up before an eviction is gone: the durable tier may show something earlier.
        // A page that stands in was looked up before the origin failed.
        let stands_in = shown.said.value("fwd-status").is_some();
        let took = if stands_in { ORIGIN_TAKES_MOST } else { Duration::ZERO };
        let evicted_at = self.evicted_at.borrow().get(&centre).map(|at| *at + took);
        let looked_at = shown.seen.sim.trace.looked_at.get();
        if evicted_at.is_some_and(|at| looked_at.is_some_and(|looked_at| looked_at <= at)) {
            return;
        }
        if served.get(&place).is_none_or(|before| before.began <= fetch.began) {
            self.shown_at.borrow_mut().insert(place.clone(), self.history.now());
            served.insert(place, fetch.clone());
        }
    }

    fn is_excepted(&self, shown: &Shown<'_>) -> bool {
        let (centre, page) = (shown.seen.sim.centre, shown.fetch.page);
        let shape = &self.history.shape.pages[page];
        // Where the clocks of a data centre differ, "later" is what they say; and a page that begins or
        // ceases to vary moves.
        if self.history.shape.clocks_apart || shape.varies {
            return true;
        }
        // What the origin's own cache said may have been made before or after.
        if shape.behind != CacheBefore::Nothing {
            return true;
        }
        self.emptying.borrow().get(&(centre, page)).is_some_and(|under_way| *under_way > 0)
    }

    /// Whether the clocks of two data centres say otherwise: what came through the durable tier is later by
    /// the clock of the data centre that fetched it.
    fn is_within_clocks(&self, before: &Fetch, fetch: &Fetch) -> bool {
        let skew = Duration::from_secs(self.history.shape.skew);
        before.centre != fetch.centre && before.began.since(fetch.began) <= skew
    }

    /// Whether nothing can be done any more with what was stored, so that it is no longer kept.
    fn has_run_out(&self, fetch: &Fetch) -> bool {
        let page = &self.history.shape.pages[fetch.page];
        let purge_swr = self.history.shape.purge_swr;
        let window = page.stale_while_revalidate.max(page.stale_if_error).max(purge_swr);
        let kept_for = Duration::from_secs(page.s_maxage + window);
        !page.has_etag && self.history.now() >= fetch.began + kept_for
    }

    /// Whether what was stored was lost to a request that had looked before it was there, and stored
    /// after.
    fn was_lost_to_a_race(&self, centre: usize, fetch: &Fetch) -> bool {
        let written = self.history.caches[centre].written.borrow();
        let of_page = written.get(&self.history.site.key(fetch.page).slot());
        self.history.writes_of(centre, fetch).iter().any(|(_, at)| {
            let mut others = of_page.into_iter().flatten();
            others.any(|other| {
                other.looked_at <= *at && *at <= other.at && !other.is_of(fetch.number)
            })
        })
    }
}
