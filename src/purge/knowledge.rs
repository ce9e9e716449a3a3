//! What this isolate knows of purges at a moment. It is noted before a request to the origin is
//! sent: the response shows all that was known by then.

use crate::journal::Known;
use crate::platform::Platform;
use crate::purge::memory::{LearnCount, PurgeMemory};

/// What an isolate knows of purges at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Knowledge {
    /// The number of purge records that the isolate had learned.
    pub records: LearnCount,
    /// The number to which its copy of the journal was complete.
    pub journal: Option<Known>,
}

impl Knowledge {
    /// Returns what this isolate knows now. Call it before a request is sent to the origin.
    pub fn now<P: Platform>(platform: &P) -> Knowledge {
        let isolate = platform.isolate();
        Knowledge {
            records: isolate.purges.with(PurgeMemory::learn_count),
            journal: isolate.journal.with(|journal| journal.known()),
        }
    }
}
