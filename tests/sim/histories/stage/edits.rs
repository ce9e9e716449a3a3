//! Editors of a history, and their purges.

use std::rc::Rc;
use std::time::Duration;

use edge_isr::edge;
use http::{HeaderMap, HeaderValue, Method};
use serde_json::json;

use crate::histories::invariants::Selector;
use crate::histories::plan::{Edit, HOST, Nature};
use crate::histories::site::names;
use crate::world::platform::Body;

use super::{Stage, TOKEN};

impl Stage {
    pub(super) async fn edit(self: &Rc<Self>, edit: Edit) {
        let before = self.site.current(edit.page);
        self.site.edit(edit.page, &edit.version);
        if edit.version.nature != Nature::Public {
            (0..self.shape.centres)
                .for_each(|centre| self.invariants.single_flight.excuse(centre, edit.page));
        }
        self.owed.set(self.owed.get() + 1);
        self.executor.sleep(Duration::from_millis(edit.purge_after)).await;
        let what = Selector::of(edit.by, edit.page, &before);
        self.purge_until_done(edit.centre, edit.isolate, what, edit.hard).await;
        self.owed.set(self.owed.get() - 1);
    }

    /// As an outbox does: what was not done is sent again.
    async fn purge_until_done(
        self: &Rc<Self>,
        centre: usize,
        isolate: usize,
        what: Vec<Selector>,
        hard: bool,
    ) {
        self.deployed().await;
        while !self.clone().purge(centre, isolate, what.clone(), hard).await {
            self.executor.sleep(Duration::from_millis(2_000)).await;
            self.deployed().await;
        }
    }

    async fn purge(
        self: Rc<Self>,
        centre: usize,
        isolate: usize,
        what: Vec<Selector>,
        hard: bool,
    ) -> bool {
        let sim = self.platform(centre, isolate);
        let body = Body::whole(&self.selection(&what, hard));
        let mut fields = HeaderMap::new();
        let token = format!("Bearer {TOKEN}");
        fields.insert("authorization", HeaderValue::from_str(&token).unwrap());
        let url = format!("https://{HOST}/edge-isr/purge");
        let visit = self.request(Method::POST, &url, fields);
        let purge = self.invariants.purges.purging(&sim, hard, what);
        let (sender, answer) = futures::channel::oneshot::channel();
        let group = sim.trace.group;
        let (stage, ours) = (self.clone(), purge.clone());
        self.executor.spawn(group + 1, async move {
            let response = edge::handle(sim, visit, Some(body)).await.into_response();
            let done = response.status.as_u16() == 200;
            stage.invariants.purged(&ours, done.then_some(&response.body.text));
            stage.ends_after_the_answer(group);
            let _ = sender.send(done);
        });
        // An isolate that died says nothing.
        let patience = self.executor.sleep(Duration::from_secs(60));
        futures::pin_mut!(patience);
        match futures::future::select(answer, patience).await {
            futures::future::Either::Left((done, _)) => done.unwrap_or(false),
            futures::future::Either::Right(_) => false,
        }
    }

    fn selection(&self, what: &[Selector], hard: bool) -> String {
        let (mut tags, mut urls, mut prefixes, mut hosts) = (vec![], vec![], vec![], vec![]);
        let mut everything = false;
        for selector in what {
            match *selector {
                Selector::Tag(tag) => tags.extend(names(&[tag])),
                Selector::Url(page) => urls.push(self.site.url(page)),
                Selector::Section(section) => prefixes.push(format!("/s{section}")),
                Selector::Group(_) => unreachable!("editors purge no groups"),
                Selector::Host => hosts.push(HOST),
                Selector::Everything => everything = true,
            }
        }
        let mode = if hard { "hard" } else { "soft" };
        json!({ "tags": tags, "urls": urls, "prefixes": prefixes, "hosts": hosts,
            "everything": everything, "mode": mode })
        .to_string()
    }

    pub(super) fn burst(self: &Rc<Self>, tag: usize, count: usize, hard: bool) {
        for _ in 0..count {
            let stage = self.clone();
            self.owed.set(self.owed.get() + 1);
            self.executor.spawn(0, async move {
                let at = stage.executor.random() % 1000;
                stage.executor.sleep(Duration::from_millis(at)).await;
                let centre = stage.executor.random() as usize % stage.shape.centres;
                let isolate = stage.executor.random() as usize % stage.shape.isolates;
                let what = vec![Selector::Tag(tag)];
                stage.purge_until_done(centre, isolate, what, hard).await;
                stage.owed.set(stage.owed.get() - 1);
            });
        }
    }
}
