//! A request to the origin, from its beginning to its answer.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use edge_isr::platform::{OriginError, Request, Response};
use edge_isr::policy::time::Time;
use http::{HeaderMap, Method, StatusCode};

use crate::histories::guises::named;
use crate::world::platform::{Answering, Body, Sim};

use super::{Fetch, Site, text};

impl Site {
    async fn respond(
        &self,
        sim: &Sim,
        request: Request<Body>,
    ) -> Result<Response<Body>, OriginError> {
        if request.method == Method::POST {
            return Ok(self.posted(sim, &request).await);
        }
        let page = self.page_of(&request.url);
        let fetch = self.begin(sim, &request, page);
        let outcome = self.render(sim, &request, &fetch).await;
        fetch.ended.set(true);
        fetch.ended_at.set(Some(self.executor.now()));
        let failed = |response: &Response<Body>| {
            response.status.is_server_error() || response.body.breaks_off
        };
        fetch.failed.set(outcome.as_ref().map_or(true, failed));
        if let Some(invariants) = self.invariants.borrow().upgrade() {
            invariants.fetched(&fetch, &outcome);
        }
        outcome
    }

    fn begin(&self, sim: &Sim, request: &Request<Body>, page: usize) -> Rc<Fetch> {
        let mut fetches = self.fetches.borrow_mut();
        let fills = is_plain(request);
        let fetch = Rc::new(Fetch {
            number: fetches.len(),
            page,
            asked: sim.trace.began,
            began: self.executor.now(),
            centre: sim.centre,
            isolate: sim.isolate_id,
            group: sim.trace.group,
            language: text(&request.headers, "accept-language"),
            fills,
            was_stored: Cell::default(),
            named: named(&request.headers),
            ended: Cell::new(false),
            ended_at: Cell::new(None),
            made: Cell::new(self.executor.now()),
            failed: Cell::new(false),
            turned: Cell::new(false),
            version: RefCell::default(),
        });
        fetches.push(fetch.clone());
        drop(fetches);
        if let Some(invariants) = self.invariants.borrow().upgrade() {
            invariants.fetching(&fetch);
        }
        fetch
    }

    async fn render(
        &self,
        sim: &Sim,
        request: &Request<Body>,
        fetch: &Fetch,
    ) -> Result<Response<Body>, OriginError> {
        let (executor, shape) = (&self.executor, &self.shape);
        executor.turn().await;
        let fault = self.fault(fetch.page);
        if fault == Some(Fault::Unreachable) {
            executor.sleep(sim.up_to(50)).await;
            return Err(OriginError::Unreachable("connection refused".to_owned()));
        }
        executor.sleep(sim.up_to(30)).await;
        let behind = if self.calm.get() { Duration::ZERO } else { sim.up_to(shape.replica_lag) };
        let version = self.as_of(fetch.page, Time(executor.now().0 - behind.as_millis() as i64));
        let limit = sim.config.origin_timeout;
        if fault == Some(Fault::Hangs) {
            executor.sleep(limit).await;
            return Err(OriginError::TimedOut);
        }
        executor.sleep(sim.up_to(shape.renders_in).min(limit / 2)).await;
        *fetch.version.borrow_mut() = Some(version.clone());
        if fetch.fills && !self.calm.get() && executor.now() < self.refuses_edge_until.get() {
            fetch.turned.set(true);
            let body = Body::whole("no robots");
            return Ok(Response::new(StatusCode::FORBIDDEN, HeaderMap::new(), body));
        }
        if fault == Some(Fault::Status) {
            let status = StatusCode::SERVICE_UNAVAILABLE;
            return Ok(Response::new(status, HeaderMap::new(), Body::whole("sorry")));
        }
        Ok(self.answer(sim, request, fetch, &version, fault == Some(Fault::BreaksOff)))
    }

    fn fault(&self, page: usize) -> Option<Fault> {
        let by_time = self.executor.now() < self.failing_until[page].get();
        let by_chance = self.executor.random() % 1000 < self.shape.origin_failing;
        let faults = [Fault::Unreachable, Fault::Status, Fault::Hangs, Fault::BreaksOff];
        let fault = faults[self.executor.random() as usize % 4];
        (!self.calm.get() && (by_time || by_chance)).then_some(fault)
    }
}

/// Whether a request is the edge's own, and says nothing of a visitor.
fn is_plain(request: &Request<Body>) -> bool {
    text(&request.headers, "user-agent").starts_with("edge-isr/")
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    Unreachable,
    Status,
    Hangs,
    BreaksOff,
}

impl Answering for Site {
    fn answer<'a>(
        &'a self,
        sim: &'a Sim,
        request: Request<Body>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Body>, OriginError>> + 'a>> {
        Box::pin(self.respond(sim, request))
    }
}
