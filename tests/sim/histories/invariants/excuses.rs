//! Pages of a data centre that may be asked for again for a while: what was fetched may not be kept.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use edge_isr::policy::time::Time;

use crate::histories::site::Fetch;

/// A page that turned out uncacheable is not collapsed for two minutes.
const EXCUSED_FOR: Duration = Duration::from_secs(130);

/// When something last kept a page from being stored in a data centre.
#[derive(Default)]
pub struct Excuses(RefCell<BTreeMap<(usize, usize), Time>>);

impl Excuses {
    pub fn add(&self, centre: usize, page: usize, now: Time) {
        self.0.borrow_mut().insert((centre, page), now);
    }

    /// Whether a page may have been asked for again in a data centre while `since` was under way.
    pub fn holds(&self, centre: usize, since: &Fetch, now: Time) -> bool {
        let excused = self.0.borrow();
        let at = excused.get(&(centre, since.page));
        at.is_some_and(|at| *at + EXCUSED_FOR > since.began && *at <= now)
    }
}
