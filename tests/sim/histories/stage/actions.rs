//! Each action of a plan, at its time.

use std::rc::Rc;
use std::time::Duration;

use crate::histories::plan::{Action, What};

use super::Stage;

impl Stage {
    pub(super) fn begin(self: Rc<Self>, action: Action) {
        let executor = self.executor.clone();
        self.executor.clone().spawn(0, async move {
            executor.sleep(Duration::from_millis(action.at)).await;
            self.act(action.what).await;
        });
    }

    async fn act(self: Rc<Self>, what: What) {
        match what {
            What::Visit(visiting) => self.visit(visiting),
            What::Edit(edit) => self.edit(edit).await,
            What::Post(posting) => self.post(posting),
            What::Burst { tag, count, hard } => self.burst(tag, count, hard),
            What::IsolateDies { centre, isolate } => self.isolate_dies(centre, isolate),
            What::RequestsDie { centre, isolate } => self.requests_die(centre, isolate),
            What::Evict { centre, of_ten } => self.evict(centre, of_ten),
            What::KvUnreadable { centre, lasts } => self.kv_unreadable(centre, lasts).await,
            What::KvRefusesWrites { lasts } => {
                self.kv.writes_refused.set(true);
                self.executor.sleep(Duration::from_millis(lasts)).await;
                self.kv.writes_refused.set(false);
            }
            What::Warm { centre, isolate, page } => self.warm(centre, isolate, page).await,
            What::OriginFails { page, lasts } => {
                self.site.fail(page, self.executor.now() + Duration::from_millis(lasts));
            }
            What::CacheRefuses { centre, lasts, silently } => {
                self.cache_refuses(centre, lasts, silently).await;
            }
            What::EdgeRefused { lasts } => {
                let until = self.executor.now() + Duration::from_millis(lasts);
                self.site.refuses_edge_until.set(until);
            }
            What::Object(fault) => self.object_fault(fault).await,
            What::Flood { count, hard } => self.flood(count, hard),
            What::Unbound { lasts } => self.unbound(lasts).await,
            What::OtherPurges => self.other_purges().await,
            What::CoordinatorFails { lasts } => self.coordinator_fails(lasts).await,
        }
    }
}
