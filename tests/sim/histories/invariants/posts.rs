//! A visitor's unsafe request: it may empty pages, and its isolate shows them no more.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use edge_isr::policy::time::Time;

use crate::histories::plan::Posting;
use crate::histories::shared_cache::CacheBefore;
use crate::world::platform::Sim;

use super::Invariants;
use super::purges::Purged;
use super::selector::Selector;

/// For how long an isolate keeps what it noted, at least.
const REMEMBERED_FOR: Duration = Duration::from_secs(100);
/// From the beginning of an origin request to the end of what stores its answer.
const FILL_TAKES_MOST: Duration = Duration::from_secs(60);

impl Invariants {
    /// Begins, or ends, a time in which a page may be emptied.
    pub fn empties(&self, posting: &Posting, more: i64) {
        for page in [posting.page, posting.names] {
            self.order.empties(posting.centre, page, more);
        }
    }

    /// The origin took an unsafe request: its isolate must not show again what it changed.
    pub fn posted(&self, sim: &Sim, posting: &Posting, came: Time) {
        let (history, now) = (&self.history, self.history.now());
        let mut what: Vec<Selector> =
            history.site.group(posting.page).map(Selector::Group).into_iter().collect();
        for page in [posting.page, posting.names] {
            if !self.may_be_stored_yet(sim, page, came) {
                what.push(Selector::Url(page));
            }
        }
        history.report.borrow_mut().posts += 1;
        sim.trace.body_read_at.set(Some(now));
        self.purges.all.borrow_mut().push(Rc::new(Purged {
            received: came,
            isolate: sim.isolate_id,
            hard: true,
            what,
            trace: sim.trace.clone(),
            answered: Cell::new(None),
            forgotten_at: Some(now + REMEMBERED_FOR),
            is_by_journal: false,
            number: Cell::default(),
            may_be_lost: Cell::default(),
            is_lost: Cell::default(),
            shown_for: RefCell::new(vec![0; history.caches.len()]),
        }));
    }

    /// Whether what was made before may be stored yet: another isolate of the data centre, which has
    /// not heard of the POST, asked for it, or the origin's own cache answers with it. (A page with
    /// variants is not one slot.)
    fn may_be_stored_yet(&self, sim: &Sim, page: usize, came: Time) -> bool {
        let fetches = self.history.site.fetches.borrow();
        let is_recent = |began: Time| began + FILL_TAKES_MOST >= came && began <= came;
        let mut of_page = fetches.iter().filter(|fetch| {
            fetch.page == page && fetch.centre == sim.centre && is_recent(fetch.began)
        });
        let shape = &self.history.shape.pages[page];
        let is_excepted = shape.varies || shape.behind != CacheBefore::Nothing;
        is_excepted || of_page.any(|fetch| fetch.isolate != sim.isolate_id)
    }
}
