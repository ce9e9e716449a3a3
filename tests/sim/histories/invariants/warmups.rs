//! No page from before a purge counts as warm for the job of that purge.

use std::rc::Rc;

use edge_isr::policy::stored::Stored;
use edge_isr::warmup::ask::End;

use super::history::History;
use super::purges::Purges;

pub struct Warmups {
    history: Rc<History>,
    purges: Rc<Purges>,
}

impl Warmups {
    pub fn new(history: Rc<History>, purges: Rc<Purges>) -> Warmups {
        Warmups { history, purges }
    }

    /// The Worker has looked at a page or fetched it, for the job of a purge with this number.
    pub fn judge(&self, centre: usize, page: usize, knows: u64, end: End) {
        self.history.report.borrow_mut().count_warmup(end.as_str());
        // Of a page that varies, another variant may be the first.
        let varies = self.history.shape.pages[page].varies;
        if varies || !matches!(end, End::Fresh | End::Stored | End::Unchanged) {
            return;
        }
        let (history, site) = (&self.history, &self.history.site);
        let held = history.caches[centre].held(&site.key(page).slot(), history.now());
        let stored = held.and_then(|(metadata, _)| Stored::of_text(&metadata));
        let Some(Stored::Response(stored)) = stored else { return };
        let Some(fetch) = site.fetch_of(&stored.headers) else { return };
        let Some(version) = fetch.version.borrow().clone() else { return };
        let purges = self.purges.all.borrow();
        let known = |number: u64| number > 0 && number <= knows;
        let despite = purges.iter().find(|purge| {
            purge.number.get().is_some_and(|number| known(number.0))
                && !purge.is_lost.get()
                && fetch.made.get() < purge.received
                && purge.concerns(page, &version)
        });
        if let Some(purge) = despite {
            let how =
                format!("{end:?} despite {:?} at {:?}: {fetch:?}", purge.what, purge.received);
            history.breaks("no page from before its purge is warm", how);
        }
    }
}
