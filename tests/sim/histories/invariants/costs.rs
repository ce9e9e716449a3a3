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

    /// What a hit may cost: no write; its tags' records in one call, and once more what another
    /// request was reading and could not, or what waiting for them made too old.
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
        let key = self.history.site.key(seen.visiting.page);
        let tags = (implicit(&key).len() + version.tags.len() + 1) as u64;
        let (calls, keys) = (trace.kv_reads.get(), trace.kv_keys_read.get());
        if keys > 4 * tags || calls > 4 {
            let how = format!("{calls} calls for {keys} keys, {tags} tags: {}", said.0);
            self.history.breaks("a hit reads each record twice at most", how);
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
