//! Costs: what a hit reads and writes in KV, and what a revalidation writes.

use std::rc::Rc;

use edge_isr::policy::tag::implicit;

use crate::histories::plan::Manner;
use crate::histories::site::Version;

use super::answer::{Said, Seen};
use super::history::History;

pub struct Costs {
    history: Rc<History>,
}

impl Costs {
    pub fn new(history: Rc<History>) -> Costs {
        Costs { history }
    }

    /// What a hit may cost: no write; its tags' records, and once more what another request was
    /// reading and could not, or what waiting for them made too old.
    pub fn judge(&self, seen: &Seen<'_>, said: &Said<'_>, version: &Version) {
        let plain = said.value("detail").is_none() && said.value("fwd-status").is_none();
        if !said.has("hit") || !plain || seen.visiting.manner == Manner::Head {
            return;
        }
        let trace = &seen.sim.trace;
        let written = trace.kv_writes.borrow();
        if !written.is_empty() {
            self.history.breaks("a hit writes nothing", format!("{written:?}: {}", said.0));
        }
        let read = trace.kv_reads.borrow();
        let how = || format!("{read:?}: {}", said.0);
        // The published journals are read beside the lookup, and by two waits where KV fails.
        let most = |key: &str| if key.starts_with("j") { 3 } else { 2 };
        if read.iter().any(|(key, times)| *times > most(key)) {
            self.history.breaks("a hit reads each key twice at most", how());
        }
        let key = self.history.site.key(seen.visiting.page);
        let records = 2 * (implicit(&key).len() + version.tags.len() + 1);
        if read.keys().filter(|key| key.starts_with("p/")).count() > records {
            self.history.breaks("a hit reads the records of its tags alone", how());
        }
    }

    /// Revalidations of pages whose tags are as they were write nothing.
    pub fn writes_nothing(&self, round: impl FnOnce()) {
        let kv = &self.history.kv;
        let count = || kv.writes.get() + kv.deletes.get();
        let before = count();
        round();
        if count() > before {
            let how = format!("{} writes of pages that do not change", count() - before);
            self.history.breaks("unchanged tags cost no write", how);
        }
    }
}
