//! Visitors' unsafe requests: their answers name another page and a group, and what was asked for
//! before them is not shown again by the isolate that took them (RFC 9111 §4.4).

use std::rc::Rc;

use http::{HeaderMap, HeaderValue, Method, StatusCode};

use edge_isr::edge;

use super::Stage;
use crate::histories::guises::Guise;
use crate::histories::plan::Posting;

use crate::world::platform::Body;

impl Stage {
    pub fn post(self: &Rc<Self>, posting: Posting) {
        let sim = self.platform(posting.centre, posting.isolate);
        let mut fields = HeaderMap::new();
        for (name, value) in Guise::Browser.fields(posting.user) {
            fields.insert(name, HeaderValue::from_str(&value).unwrap());
        }
        let names = self.site.path(posting.names);
        let wish = format!("{} {names}", if posting.fails { 500 } else { 303 });
        fields.insert("x-wish", HeaderValue::from_str(&wish).unwrap());
        let visit = self.request(Method::POST, &self.site.url(posting.page), fields);
        let (group, stage) = (sim.trace.group, self.clone());
        let came = self.executor.now();
        self.invariants.privacy.sent_unsafe(group);
        self.executor.spawn(group + 1, async move {
            stage.invariants.empties(&posting, 1);
            let body = Some(Body::whole("x=1"));
            let answer = edge::handle(sim.clone(), visit, body).await;
            stage.invariants.empties(&posting, -1);
            if answer.status() == StatusCode::SEE_OTHER {
                stage.invariants.posted(&sim, &posting, came);
            }
            stage.ends_after_the_answer(group);
        });
    }
}
