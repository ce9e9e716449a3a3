//! Visitors of a history.

use std::rc::Rc;
use std::time::Duration;

use edge_isr::edge;
use edge_isr::page::visit::Visit;
use edge_isr::policy::key::CacheKey;
use http::{HeaderMap, HeaderValue, Method};

use crate::histories::guises::Guise;
use crate::histories::invariants::Seen;
use crate::histories::plan::{Manner, Visiting};
use crate::world::executor::Group;

use super::{Stage, language};

/// What a request may still do once its answer is there (Workers' `waitUntil`).
const AFTER_THE_ANSWER: Duration = Duration::from_secs(30);

impl Stage {
    pub(super) fn visit(self: &Rc<Self>, visiting: Visiting) {
        let sim = self.platform(visiting.centre, visiting.isolate);
        let method = if visiting.manner == Manner::Head { Method::HEAD } else { Method::GET };
        let visit = self.request(method, &self.url(&visiting), self.fields(&visiting));
        let group = sim.trace.group;
        self.invariants.history.report.borrow_mut().requests += 1;
        self.invariants.purges.racing(&visiting);
        let leaves_after = visiting.leaves_after;
        let stage = self.clone();
        self.executor.spawn(group + 1, async move {
            let asked = stage.executor.now();
            let response = edge::handle(sim.clone(), visit, None).await.into_response();
            let seen = Seen {
                visiting: &visiting,
                asked,
                sim: &sim,
                headers: &response.headers,
                text: &response.body.text,
            };
            stage.invariants.answered(&seen);
            stage.ends_after_the_answer(group);
        });
        if let Some(after) = leaves_after {
            let stage = self.clone();
            self.executor.spawn(0, async move {
                stage.executor.sleep(Duration::from_millis(after)).await;
                if stage.executor.is_running(group + 1) {
                    stage.executor.end(|of| of == group + 1);
                    stage.ends_after_the_answer(group);
                }
            });
        }
    }

    /// The runtime gives up what is still being done for a request.
    pub fn ends_after_the_answer(self: &Rc<Self>, group: Group) {
        let stage = self.clone();
        self.executor.spawn(0, async move {
            stage.executor.sleep(AFTER_THE_ANSWER).await;
            stage.executor.end(|of| of == group || of == group + 1);
            stage.invariants.single_flight.forget_active(|fetch| fetch.group == group);
        });
    }

    pub fn request(&self, method: Method, url: &str, fields: HeaderMap) -> Visit {
        let (url, config) = (url.to_owned(), self.config.clone());
        Visit::new(method, url.clone(), CacheKey::parse(&url).unwrap(), Rc::new(fields), config)
    }

    /// The URL that the visitor asks for: that of a newsletter's link, now and then.
    fn url(&self, visiting: &Visiting) -> String {
        let url = self.site.url(visiting.page);
        let bypasses = matches!(visiting.manner, Manner::Authorized | Manner::LoggedIn);
        if !self.shape.has_rules || bypasses || !visiting.user.is_multiple_of(3) {
            return url;
        }
        let separator = if url.contains('?') { '&' } else { '?' };
        format!("{url}{separator}utm_source=u{}", visiting.user)
    }

    fn fields(&self, visiting: &Visiting) -> HeaderMap {
        let user = visiting.user;
        let mut fields = HeaderMap::new();
        let mut say = |name: &'static str, value: &str| {
            fields.append(name, HeaderValue::from_str(value).unwrap());
        };
        let own = visiting.guise.fields(user);
        own.iter().for_each(|(name, value)| say(name, value));
        if visiting.guise != Guise::Bare || self.shape.pages[visiting.page].varies {
            say("accept-language", language(user));
        }
        match visiting.manner {
            Manner::Plain | Manner::Head => {}
            Manner::Conditional => say("if-none-match", "\"0-any-all\""),
            Manner::Range => say("range", "bytes=0-1"),
            Manner::Authorized => say("authorization", &format!("Basic u{user}")),
            Manner::LoggedIn => say("cookie", &format!("sessionid=u{user}")),
        }
        fields
    }
}
