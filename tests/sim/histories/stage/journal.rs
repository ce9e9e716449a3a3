//! The journal's object of a history: its binding, what goes wrong with it, and who else writes.

use std::rc::Rc;
use std::time::Duration;

use edge_isr::edge;
use edge_isr::journal::TagDigest;
use edge_isr::journal::object::Terms;
use edge_isr::journal::object::quota::AccountPlan;
use edge_isr::journal::object::room::Room;
use edge_isr::policy::tag::Tag;
use http::{HeaderMap, HeaderValue, Method};
use serde_json::json;

use crate::histories::plan::{HOST, JournalShape, ObjectFault, Shape};
use crate::world::journal::{GROUPS, SimJournal};
use crate::world::platform::{Body, Sim};

use super::{Stage, TOKEN};

/// A deploy takes this long, and no purge is sent meanwhile. KV takes two minutes at most to show a
/// purge record everywhere: the journal's object cannot know of one that it is not shown. So the
/// last purge of the version before has spread when the next version begins.
const DEPLOY_TAKES: Duration = Duration::from_secs(180);
/// The longest wait for a write to KV that the object is evicted in.
const WRITE_COMES_WITHIN: u64 = 130_000;

/// The objects of a history: this environment's, and another one's.
pub fn objects(shape: &Shape, sim: impl Fn() -> Sim) -> Vec<Rc<SimJournal>> {
    let Some(journal) = &shape.journal else { return Vec::new() };
    let ids = ["object", "other"].into_iter().take(if journal.has_other { 2 } else { 1 });
    let made = ids.enumerate().map(|(number, id)| {
        let object = SimJournal::on(sim(), id, GROUPS + ((number as u64) << 40));
        object.takes.set(journal.takes);
        object.stored().ahead.set(journal.ahead);
        object.stored().terms.set(terms(journal));
        object
    });
    made.collect()
}

fn terms(journal: &JournalShape) -> Terms {
    let plan = if journal.is_paid { AccountPlan::Paid } else { AccountPlan::Free };
    let room = Room { rows_most: 20, ..Room::default() };
    let room = journal.room.map_or(room, |most| Room { most, visitors_most: most / 2, ..room });
    Terms { plan, room }
}

impl Stage {
    pub(super) fn object(&self) -> Option<&Rc<SimJournal>> {
        self.objects.first()
    }

    /// Binds the journal when its time comes.
    pub(super) fn bind(self: &Rc<Self>) {
        let Some(journal) = &self.shape.journal else { return };
        let from = Duration::from_millis(journal.bound_from);
        if from.is_zero() {
            self.is_bound.set(true);
            return self.begins();
        }
        let stage = self.clone();
        self.owed.set(self.owed.get() + 1);
        self.executor.spawn(0, async move {
            stage.executor.sleep(from.saturating_sub(DEPLOY_TAKES)).await;
            stage.deploy(true).await;
            stage.owed.set(stage.owed.get() - 1);
        });
    }

    /// The binding is taken away, and given back.
    pub(super) async fn unbound(self: &Rc<Self>, lasts: u64) {
        if !self.is_bound.get() || self.is_deploying.get() {
            return;
        }
        self.owed.set(self.owed.get() + 1);
        // A journal that was never published is not one that a Worker without the binding could find.
        while !self.kv.values.borrow().contains_key("j") && !self.is_settling.get() {
            self.executor.sleep(Duration::from_secs(1)).await;
        }
        if self.is_settling.get() {
            return self.owed.set(self.owed.get() - 1);
        }
        self.deploy(false).await;
        self.executor.sleep(Duration::from_millis(lasts)).await;
        self.deploy(true).await;
        self.owed.set(self.owed.get() - 1);
    }

    /// Another version takes the place of this one: in new isolates, and the object starts anew.
    async fn deploy(self: &Rc<Self>, is_bound: bool) {
        self.is_deploying.set(true);
        self.executor.sleep(DEPLOY_TAKES).await;
        self.is_bound.set(is_bound);
        for centre in 0..self.shape.centres {
            for isolate in 0..self.shape.isolates {
                let born = self.born(centre, isolate);
                self.isolates.borrow_mut()[centre][isolate] = born;
            }
        }
        if let Some(object) = self.object().filter(|_| is_bound) {
            object.evict();
            self.invariants.journal.starts_anew();
            self.begins();
        }
        self.is_deploying.set(false);
    }

    /// Waits until no deploy is under way.
    pub(super) async fn deployed(&self) {
        while self.is_deploying.get() {
            self.executor.sleep(Duration::from_secs(1)).await;
        }
    }

    /// The object has no rows: its first start reads KV, and takes longer than requests wait.
    fn begins(self: &Rc<Self>) {
        let stage = self.clone();
        self.executor.spawn(0, async move {
            let trouble = stage.invariants.journal.trouble_begins();
            let object = stage.object().unwrap().clone();
            while !object.rows().contains_key("head") {
                stage.executor.sleep(Duration::from_millis(100)).await;
            }
            stage.invariants.journal.trouble_ends(trouble);
        });
    }

    pub(super) async fn object_fault(self: &Rc<Self>, fault: ObjectFault) {
        let Some(object) = self.object().cloned() else { return };
        let stored = object.stored();
        let takes = self.shape.journal.as_ref().map_or(0, |journal| journal.takes);
        match fault {
            ObjectFault::Evicted => self.evict_object(),
            ObjectFault::EvictedInWrite => {
                for _ in 0..WRITE_COMES_WITHIN / 50 {
                    if object.rows().get("put").is_some_and(|put| !put.ends_with(" ended")) {
                        return self.evict_object();
                    }
                    self.executor.sleep(Duration::from_millis(50)).await;
                }
            }
            ObjectFault::Restored { back } => {
                let rows = object.rows();
                self.executor.sleep(Duration::from_millis(back)).await;
                if rows.contains_key("head") && !self.is_settling.get() {
                    self.invariants.journal.is_restored_to(&rows);
                    self.evict_object();
                    object.restore(rows);
                    self.invariants.journal.starts_anew();
                }
            }
            ObjectFault::Emptied => {
                self.invariants.journal.loses_all_but(&Default::default());
                self.evict_object();
                object.empty();
                self.begins();
            }
            ObjectFault::Fails { lasts } => {
                self.for_a_while(lasts, |is| {
                    object.fails.set(is);
                    object.failing_since.set(is.then(|| self.executor.now()));
                })
                .await;
            }
            ObjectFault::Hangs { lasts } => {
                self.for_a_while(lasts, |is| object.hangs.set(is)).await;
            }
            ObjectFault::Slow { takes: slow, lasts } => {
                let set = |is| object.takes.set(if is { slow } else { takes });
                self.for_a_while(lasts, set).await;
            }
            ObjectFault::LosesReplies { count } => {
                let trouble = self.invariants.journal.trouble_begins();
                object.loses.set(count);
                while object.loses.get() > 0 && !self.is_settling.get() {
                    self.executor.sleep(Duration::from_millis(100)).await;
                }
                object.loses.take();
                self.invariants.journal.trouble_ends(trouble);
            }
            ObjectFault::RowsFail { lasts } => {
                self.for_a_while(lasts, |is| stored.rows_fail.set(is)).await;
                // What it looked for in KV it could not write, or it could not start.
                stored.first_asked.take();
            }
        }
    }

    fn evict_object(&self) {
        let trouble = self.invariants.journal.trouble_begins();
        self.invariants.journal.is_evicted();
        self.object().unwrap().evict();
        self.invariants.journal.trouble_ends(trouble);
    }

    async fn for_a_while(&self, lasts: u64, set: impl Fn(bool)) {
        let trouble = self.invariants.journal.trouble_begins();
        self.invariants.single_flight.unjudged(Duration::from_millis(lasts));
        set(true);
        self.executor.sleep(Duration::from_millis(lasts)).await;
        set(false);
        self.invariants.journal.trouble_ends(trouble);
    }

    pub(super) fn flood(self: &Rc<Self>, count: usize, hard: bool) {
        if !self.is_bound.get() || self.is_deploying.get() {
            return;
        }
        let random = |most: usize| self.executor.random() as usize % most;
        let sim = self.platform(random(self.shape.centres), random(self.shape.isolates));
        let tags: Vec<String> = (0..count).map(|number| format!("x{number}")).collect();
        let mode = if hard { "hard" } else { "soft" };
        let body = json!({ "tags": tags, "mode": mode }).to_string();
        let mut fields = HeaderMap::new();
        let token = format!("Bearer {TOKEN}");
        fields.insert("authorization", HeaderValue::from_str(&token).unwrap());
        let visit = self.request(Method::POST, &format!("https://{HOST}/edge-isr/purge"), fields);
        let (group, stage) = (sim.trace.group, self.clone());
        self.executor.spawn(group + 1, async move {
            edge::handle(sim, visit, Some(Body::whole(&body))).await;
            stage.ends_after_the_answer(group);
        });
    }

    pub(super) async fn other_purges(&self) {
        let Some(other) = self.objects.get(1) else { return };
        let tag = TagDigest::of(&Tag::everything());
        let request = format!("append 0 0 {:x} hard token {:x}", self.executor.random(), tag.0);
        // Nothing depends on the reply.
        let _ = other.clone().answer(request).await;
    }
}
