//! Waits: how long a visitor waits at most.

use std::rc::Rc;

use super::answer::{Said, Seen};
use super::history::History;

pub struct Waits {
    history: Rc<History>,
}

impl Waits {
    pub fn new(history: Rc<History>) -> Waits {
        Waits { history }
    }

    pub fn judge(&self, seen: &Seen<'_>, said: &Said<'_>) {
        let (history, waited) = (&self.history, self.history.now().since(seen.asked));
        let lease = history.config.lease_life();
        // For a holder that is gone up to a lease, for the next up to another, and then for the origin
        // itself.
        let longest = lease * 2 + history.config.origin_timeout * 2;
        if waited > longest {
            let how = format!("{:?} waited {waited:?}", seen.visiting);
            history.breaks("a request waits for two leases and two origin timeouts at most", how);
        }
        if history.settled.get() && waited >= lease {
            let how = format!("{:?} waited {waited:?}: {}", seen.visiting, said.0);
            history.breaks("in the end no request waits for a lost holder", how);
        }
    }
}
