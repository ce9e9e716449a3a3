//! The invariants of a history: a struct for each group, and `Invariants`, which the stage and the site
//! tell what happens.

mod answer;
mod attempts;
mod costs;
mod ending;
mod excuses;
mod fence;
mod graph;
mod history;
mod journal;
mod order;
mod outages;
mod posts;
mod privacy;
mod purges;
mod selector;
mod single_flight;
mod stale_window;
mod waits;
mod warmups;

use std::rc::Rc;

use edge_isr::platform::{OriginError, Response};

use super::site::Fetch;
use crate::world::platform::Body;

pub use answer::Seen;
pub use history::{Broken, History};
pub use selector::Selector;

use answer::Shown;
use costs::Costs;
use ending::Ending;
use fence::Fence;
use graph::Graph;
use journal::Journal;
use order::Order;
use outages::Outages;
use privacy::Privacy;
use purges::{Purged, Purges};
use single_flight::SingleFlight;
use stale_window::StaleWindow;
use waits::Waits;
use warmups::Warmups;

pub struct Invariants {
    pub history: Rc<History>,
    pub purges: Rc<Purges>,
    pub single_flight: SingleFlight,
    pub privacy: Privacy,
    pub outages: Outages,
    pub graph: Graph,
    pub costs: Costs,
    pub journal: Rc<Journal>,
    fence: Fence,
    order: Order,
    stale_window: StaleWindow,
    waits: Waits,
    ending: Ending,
    pub warmups: Warmups,
}

impl Invariants {
    pub fn new(history: History) -> Rc<Invariants> {
        let history = Rc::new(history);
        let purges = Rc::new(Purges::new(history.clone()));
        let journal = Rc::new(Journal::new(history.clone(), purges.clone()));
        Rc::new(Invariants {
            single_flight: SingleFlight::new(history.clone()),
            privacy: Privacy::new(history.clone()),
            outages: Outages::new(history.clone(), journal.clone()),
            graph: Graph::new(history.clone()),
            costs: Costs::new(history.clone()),
            fence: Fence::new(history.clone(), purges.clone(), journal.clone()),
            order: Order::new(history.clone()),
            stale_window: StaleWindow::new(history.clone(), purges.clone()),
            waits: Waits::new(history.clone()),
            ending: Ending::new(history.clone(), purges.clone()),
            warmups: Warmups::new(history.clone(), purges.clone()),
            purges,
            journal,
            history,
        })
    }

    /// A request to the origin begins.
    pub fn fetching(&self, fetch: &Rc<Fetch>) {
        self.single_flight.fetching(fetch);
    }

    /// A request to the origin has ended.
    pub fn fetched(&self, fetch: &Fetch, outcome: &Result<Response<Body>, OriginError>) {
        self.single_flight.fetched(fetch, outcome);
        self.purges.rendered(fetch);
    }

    /// A purge has ended; `receipt` if it is said to be done.
    pub fn purged(&self, purge: &Purged, receipt: Option<&String>) {
        self.purges.purged(purge, receipt.is_some());
        if let Some(receipt) = receipt.filter(|_| purge.is_by_journal) {
            let receipt: serde_json::Value = serde_json::from_str(receipt).unwrap();
            let request = receipt["id"].as_str().and_then(|id| u128::from_str_radix(id, 16).ok());
            self.journal.purged(purge, request.expect("a receipt has an id"));
        }
    }

    /// Pages may have gone from a data centre.
    pub fn evicted(&self, centre: usize) {
        self.single_flight.excuse_all(centre);
        self.order.evicted(centre);
    }

    /// A visitor has an answer.
    pub fn answered(&self, seen: &Seen<'_>) {
        let said = seen.said();
        self.history.report.borrow_mut().count(said.0);
        self.journal.answered(seen.sim);
        self.waits.judge(seen, &said);
        self.privacy.judge(seen, &said);
        let Some(fetch) = self.history.site.fetch_of(seen.headers) else { return };
        let Some(version) = fetch.version.borrow().clone() else { return };
        let shown = Shown { seen, said: &said, fetch: &fetch, version: &version };
        if said.is_from_storage() {
            self.fence.judge(&shown);
            self.order.judge(&shown);
            self.stale_window.judge(&shown);
            self.outages.judge(&shown);
        }
        self.costs.judge(seen, &said, &version);
        if self.history.settled.get() {
            self.ending.judge(&shown);
        }
    }
}
