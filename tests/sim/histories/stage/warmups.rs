//! Warmups of a history: what their object asks of the Worker.

use std::rc::Rc;

use edge_isr::warmup::ask::{Ask, End, Reply, Task};
use edge_isr::warmup::page;
use futures::channel::oneshot;

use crate::histories::plan::HOST;

use super::Stage;

impl Stage {
    /// Looks at a page, and fetches it if it is not fresh.
    pub(super) async fn warm(self: &Rc<Self>, centre: usize, isolate: usize, page: usize) {
        let knows = self.invariants.purges.newest_done();
        for task in [Task::Look, Task::Fetch] {
            // The object of warmups has the journal's binding.
            if !self.is_bound.get() {
                return;
            }
            let of = self.site.url(page);
            let ask = Ask { task, of, host: HOST.to_owned(), knows: knows.0, cursor: None };
            // An isolate that died says nothing.
            let Ok(reply) = self.asked(centre, isolate, page, ask).await else { return };
            if reply.end != End::Stale {
                return;
            }
        }
    }

    fn asked(
        self: &Rc<Self>,
        centre: usize,
        isolate: usize,
        page: usize,
        ask: Ask,
    ) -> oneshot::Receiver<Reply> {
        let sim = self.platform(centre, isolate);
        let (group, stage, config) = (sim.trace.group, self.clone(), self.config.clone());
        let (sender, reply) = oneshot::channel();
        self.invariants.history.report.borrow_mut().requests += 1;
        self.executor.spawn(group + 1, async move {
            let knows = ask.knows;
            let reply = page::answer(sim, config, ask).await;
            stage.invariants.warmups.judge(centre, page, knows, reply.end);
            stage.ends_after_the_answer(group);
            // The history may be over.
            let _ = sender.send(reply);
        });
        reply
    }
}
