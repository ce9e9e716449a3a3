//! The origin of a history: pages with versions, which takes its time and fails.
//!
//! Each answer says in `x-fetch` which request it answers, and a 304 says it anew: so whoever sees a
//! stored response can tell which request to the origin last vouched for it.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::time::Duration;

use edge_isr::platform::{OriginError, Request, Response};
use edge_isr::policy::time::Time;
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use super::plan::{HOST, Nature, NewVersion, Shape};
use super::watch::Watch;
use crate::executor::Executor;
use crate::platform::{Answering, Body, HELD_MOST, Sim};

pub struct Site {
    executor: Rc<Executor>,
    shape: Rc<Shape>,
    pages: Vec<RefCell<Vec<Version>>>,
    /// Until when each page fails.
    failing_until: Vec<Cell<Time>>,
    pub calm: Cell<bool>,
    pub fetches: RefCell<Vec<Rc<Fetch>>>,
    watch: RefCell<Weak<Watch>>,
}

#[derive(Clone, Debug)]
pub struct Version {
    pub number: usize,
    pub since: Time,
    pub tags: Vec<usize>,
    pub nature: Nature,
    pub varies: bool,
}

/// One request to the origin.
#[derive(Debug)]
pub struct Fetch {
    pub number: usize,
    pub page: usize,
    /// When the visitor came for whom it is.
    pub asked: Time,
    pub began: Time,
    pub centre: usize,
    pub isolate: u64,
    pub group: u64,
    pub language: String,
    /// A request that fills the cache, and no visitor's own.
    pub fills: bool,
    pub ended: Cell<bool>,
    /// What it showed, once it did.
    pub version: RefCell<Option<Version>>,
}

impl Site {
    pub fn new(executor: Rc<Executor>, shape: Rc<Shape>) -> Rc<Site> {
        let first = |page: usize| Version {
            number: 0,
            since: Time(0),
            tags: vec![page % shape.tags],
            nature: Nature::Public,
            varies: false,
        };
        let pages = (0..shape.pages.len()).map(|page| RefCell::new(vec![first(page)])).collect();
        Rc::new(Site {
            pages,
            failing_until: shape.pages.iter().map(|_| Cell::new(Time(0))).collect(),
            executor,
            shape,
            calm: Cell::new(false),
            fetches: RefCell::default(),
            watch: RefCell::default(),
        })
    }

    pub fn watched_by(&self, watch: &Rc<Watch>) {
        *self.watch.borrow_mut() = Rc::downgrade(watch);
    }

    pub fn url(&self, page: usize) -> String {
        format!("https://{HOST}{}", self.shape.pages[page].path)
    }

    pub fn edit(&self, page: usize, new: &NewVersion) {
        let mut versions = self.pages[page].borrow_mut();
        let NewVersion { tags, nature, varies } = new.clone();
        let (number, since) = (versions.len(), self.executor.now());
        versions.push(Version { number, since, tags, nature, varies });
    }

    pub fn current(&self, page: usize) -> Version {
        self.pages[page].borrow().last().unwrap().clone()
    }

    pub fn versions(&self) -> usize {
        self.pages.iter().map(|versions| versions.borrow().len()).sum()
    }

    /// Whether there was a version of it that is not stored.
    pub fn was_private(&self, page: usize) -> bool {
        let is_private =
            |version: &Version| matches!(version.nature, Nature::Private | Nature::SetsCookie);
        self.pages[page].borrow().iter().any(is_private)
    }

    fn as_of(&self, page: usize, at: Time) -> Version {
        let versions = self.pages[page].borrow();
        let found = versions.iter().rev().find(|version| version.since <= at);
        found.unwrap_or(&versions[0]).clone()
    }

    pub fn fail(&self, page: usize, until: Time) {
        self.failing_until[page].set(until);
    }

    pub fn fetch_of(&self, headers: &HeaderMap) -> Option<Rc<Fetch>> {
        let number: usize = headers.get("x-fetch")?.to_str().ok()?.parse().ok()?;
        self.fetches.borrow().get(number).cloned()
    }

    async fn respond(
        &self,
        sim: &Sim,
        request: Request<Body>,
    ) -> Result<Response<Body>, OriginError> {
        let page = self.page_of(&request.url);
        let fetch = self.begin(sim, &request, page);
        let outcome = self.render(sim, &request, &fetch).await;
        fetch.ended.set(true);
        if let Some(watch) = self.watch.borrow().upgrade() {
            watch.fetched(&fetch, &outcome);
        }
        outcome
    }

    fn page_of(&self, url: &str) -> usize {
        let path = url.strip_prefix("http://origin.test").expect("the origin is asked");
        self.shape.pages.iter().position(|page| page.path == path).expect("a page of the site")
    }

    fn begin(&self, sim: &Sim, request: &Request<Body>, page: usize) -> Rc<Fetch> {
        let mut fetches = self.fetches.borrow_mut();
        let mut own = ["authorization", "cookie", "range"].iter();
        let own = own.any(|name| request.headers.contains_key(*name));
        let fills = request.method == Method::GET && !own;
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
            ended: Cell::new(false),
            version: RefCell::default(),
        });
        fetches.push(fetch.clone());
        drop(fetches);
        if let Some(watch) = self.watch.borrow().upgrade() {
            watch.fetching(&fetch);
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
        if fault == Some(Fault::Status) {
            let status = StatusCode::SERVICE_UNAVAILABLE;
            return Ok(Response { status, headers: HeaderMap::new(), body: Body::whole("sorry") });
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

    fn answer(
        &self,
        sim: &Sim,
        request: &Request<Body>,
        fetch: &Fetch,
        version: &Version,
        breaks_off: bool,
    ) -> Response<Body> {
        let shape = &self.shape.pages[fetch.page];
        let mut headers = HeaderMap::new();
        let mut say = |name: &'static str, value: String| {
            headers.append(name, HeaderValue::from_str(&value).unwrap());
        };
        say("x-fetch", fetch.number.to_string());
        let control = format!(
            "s-maxage={}, stale-while-revalidate={}, stale-if-error={}",
            shape.s_maxage, shape.stale_while_revalidate, shape.stale_if_error
        );
        let user = text(&request.headers, "x-user");
        let mut whose = "all".to_owned();
        match version.nature {
            Nature::Private => say("cache-control", "private, max-age=600".to_owned()),
            _ => say("cache-control", control),
        }
        if version.nature == Nature::SetsCookie {
            say("set-cookie", format!("seen={user}"));
        }
        let is_known =
            ["authorization", "cookie"].iter().any(|name| request.headers.contains_key(*name));
        if is_known || matches!(version.nature, Nature::Private | Nature::SetsCookie) {
            whose = user;
        }
        let language = if version.varies { fetch.language.as_str() } else { "any" };
        if version.varies {
            say("vary", "accept-language".to_owned());
        }
        let tag = format!("\"{}-{language}-{whose}\"", version.number);
        let holds = shape.has_etag && text(&request.headers, "if-none-match") == tag;
        if shape.has_etag {
            say("etag", tag);
        }
        if !holds || shape.says_tags_in_304 {
            say("cache-tag", names(&version.tags).join(","));
        }
        if holds {
            return Response { status: StatusCode::NOT_MODIFIED, headers, body: Body::default() };
        }
        let mut body =
            Body::whole(&format!("page {} {} {language} {whose} ", fetch.page, version.number));
        if shape.is_large {
            body.text.push_str(&"x".repeat(HELD_MOST));
        }
        body.breaks_off = breaks_off;
        body.takes = sim.up_to(self.shape.renders_in / 4).as_millis() as u64;
        let status = match version.nature {
            Nature::Gone => StatusCode::NOT_FOUND,
            _ => StatusCode::OK,
        };
        Response { status, headers, body }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    Unreachable,
    Status,
    Hangs,
    BreaksOff,
}

pub fn names(tags: &[usize]) -> Vec<String> {
    tags.iter().map(|tag| format!("t{tag}")).collect()
}

fn text(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
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
