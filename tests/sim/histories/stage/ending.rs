//! The end of a history: nothing goes wrong any more.

use std::rc::Rc;
use std::time::Duration;

use crate::histories::guises::Guise;
use crate::histories::plan::{Manner, Visiting};

use super::Stage;

impl Stage {
    /// Everything is well from now on: sooner or later every visitor sees the newest of everything.
    pub(super) fn settle_down(self: &Rc<Self>) {
        self.site.calm.set(true);
        self.is_settling.set(true);
        self.kv.failing.set(0);
        self.kv.slow_writes.set(0);
        self.wait(60);
        let mut waited = 0;
        while self.owed.get() > 0 && waited < 1_500 {
            self.wait(10);
            waited += 10;
        }
        if self.owed.get() > 0 {
            let how = format!("{} are still being sent again", self.owed.get());
            self.invariants.history.breaks("every purge is done in the end", how);
        }
        // The object publishes the journal, and again where a write had no answer.
        let publishes = if self.shape.journal.is_some() { 600 } else { 0 };
        let spread =
            publishes + self.shape.kv_lag / 1000 + self.shape.kv_ttl / 1000 + self.shape.window;
        self.wait(spread + self.config.lease_life().as_secs() + 130);
        self.invariants.journal.all_are_published();
        if self.shape.journal.is_some() {
            // The object replies to the first request since a deploy before it has looked in KV.
            self.round(0);
            self.wait(self.shape.seen_within + 30);
        }
        self.round(0);
        self.wait(30);
        self.invariants.history.settled.set(true);
        self.round(0);
        // A small budget takes longer.
        let rounds = if self.shape.graph_writes < 10 { 20 } else { 8 };
        (0..rounds).for_each(|_| self.late_round());
        self.invariants.costs.writes_nothing(|| self.late_round());
        if !self.is_broken() {
            self.invariants.graph.judge();
        }
    }

    /// Everything has become stale, and is revalidated.
    fn late_round(self: &Rc<Self>) {
        self.wait(4_000);
        // The graph's budget is one of each minute.
        self.round(61);
        self.wait(30);
        self.round(0);
        self.wait(60);
    }

    /// One visitor for each page in each data centre.
    fn round(self: &Rc<Self>, seconds: u64) {
        for page in 0..self.shape.pages.len() {
            for centre in 0..self.shape.centres {
                for user in 0..if self.shape.pages[page].varies { 2 } else { 1 } {
                    let (manner, guise) = (Manner::Plain, Guise::Browser);
                    self.visit(Visiting {
                        centre,
                        isolate: 0,
                        page,
                        user,
                        manner,
                        guise,
                        leaves_after: None,
                    });
                    self.executor.run_until(self.executor.now() + Duration::from_millis(10));
                }
                // Two data centres at the very same moment would refuse each other KV's one write a
                // second, every time.
                self.wait(seconds / 12);
            }
            self.wait(seconds);
        }
    }

    fn wait(&self, seconds: u64) {
        self.executor.run_until(self.executor.now() + Duration::from_secs(seconds));
    }
}
