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

use super::guises::{Influence, OwnPage, Refused, named};
use super::plan::{HOST, Nature, NewVersion, Says, Shape};
use super::shared_cache::{CacheBefore, SharedCache};
use super::watch::Watch;
use crate::world::executor::Executor;
use crate::world::platform::{Answering, Body, HELD_MOST, Sim};

pub struct Site {
    pub executor: Rc<Executor>,
    shape: Rc<Shape>,
    pages: Vec<RefCell<Vec<Version>>>,
    /// Until when each page fails.
    failing_until: Vec<Cell<Time>>,
    /// Until when plain requests are refused.
    pub refuses_edge_until: Cell<Time>,
    before: Vec<SharedCache>,
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
    /// The cache group that it is in.
    pub group: Option<usize>,
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
    /// It is a plain request: the edge's own.
    pub fills: bool,
    /// Its data centre held the page when it began.
    pub was_stored: Cell<bool>,
    /// The visitor that it names.
    pub named: Option<String>,
    pub ended: Cell<bool>,
    pub ended_at: Cell<Option<Time>>,
    /// When what it was answered with was made.
    pub made: Cell<Time>,
    /// The origin failed.
    pub failed: Cell<bool>,
    /// Its answer is not for all.
    pub turned: Cell<bool>,
    /// What it showed, once it did.
    pub version: RefCell<Option<Version>>,
}

impl Site {
    pub fn new(executor: Rc<Executor>, shape: Rc<Shape>) -> Rc<Site> {
        let first = |page: usize| Version {
            group: group(&shape, page),
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
            refuses_edge_until: Cell::new(Time(0)),
            before: shape.pages.iter().map(|_| SharedCache::default()).collect(),
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
        let group = group(&self.shape, page);
        versions.push(Version { number, since, tags, nature, varies, group });
    }

    pub fn current(&self, page: usize) -> Version {
        self.pages[page].borrow().last().unwrap().clone()
    }

    pub fn versions(&self) -> usize {
        self.pages.iter().map(|versions| versions.borrow().len()).sum()
    }

    /// Whether a plain answer was not for all, so that what was stored went.
    pub fn was_turned_away(&self, page: usize) -> bool {
        let fetches = self.fetches.borrow();
        fetches.iter().any(|fetch| fetch.page == page && fetch.fills && fetch.turned.get())
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
        if let Some(watch) = self.watch.borrow().upgrade() {
            watch.fetched(&fetch, &outcome);
        }
        outcome
    }

    /// The cache group that a page is in.
    pub fn group(&self, page: usize) -> Option<usize> {
        group(&self.shape, page)
    }

    pub fn page_of(&self, url: &str) -> usize {
        let path = url.strip_prefix("http://origin.test").expect("the origin is asked");
        self.shape.pages.iter().position(|page| page.path == path).expect("a page of the site")
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
        if fetch.fills && !self.calm.get() && executor.now() < self.refuses_edge_until.get() {
            fetch.turned.set(true);
            let body = Body::whole("no robots");
            return Ok(Response { status: StatusCode::FORBIDDEN, headers: HeaderMap::new(), body });
        }
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

    /// What is shown of a page, and what is said of it.
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
        let influence = shape.shaped.influence(&request.headers);
        let is_private = matches!(version.nature, Nature::Private | Nature::SetsCookie);
        let whose = match (&fetch.named, influence) {
            (Some(user), influence) if is_private || influence != Influence::Nothing => user,
            (None, _) if is_private => "plain",
            _ => "all",
        };
        fetch.turned.set(is_private);
        let may_come_before = whose == "all" && !is_private && !version.varies && !self.calm.get();
        let mut version = version.clone();
        if may_come_before && shape.behind != CacheBefore::Nothing {
            let now = self.executor.now();
            let held = self.before[fetch.page].answer(shape.behind, version, now);
            fetch.made.set(held.made.min(fetch.began));
            held.says.into_iter().for_each(|(name, value)| say(name, value));
            version = held.version;
            *fetch.version.borrow_mut() = Some(version.clone());
        }
        say("x-fetch", fetch.number.to_string());
        say("x-whose", whose.to_owned());
        let control = match influence {
            _ if version.nature == Nature::Private => Some("private, max-age=600".to_owned()),
            Influence::Own(OwnPage::Private) => Some("private".to_owned()),
            Influence::Own(OwnPage::NoCache) => Some("no-cache".to_owned()),
            Influence::Own(OwnPage::Silent) => None,
            _ => Some(self.control(fetch.page)),
        };
        control.into_iter().for_each(|control| say("cache-control", control));
        let sets_cookie = influence == Influence::Refused(Refused::SetsCookie);
        if version.nature == Nature::SetsCookie || sets_cookie {
            say("set-cookie", format!("seen={whose}"));
        }
        let language = if version.varies { fetch.language.as_str() } else { "any" };
        if version.varies {
            say("vary", "accept-language".to_owned());
        }
        let in_tag = if shape.shaped.same_etag && !is_private { "all" } else { whose };
        let tag = format!("\"{}-{language}-{in_tag}\"", version.number);
        let holds = shape.has_etag && text(&request.headers, "if-none-match") == tag;
        if shape.has_etag {
            say("etag", tag);
        }
        if !holds || shape.says_tags_in_304 {
            say("cache-tag", names(&version.tags).join(","));
            version
                .group
                .into_iter()
                .for_each(|group| say("cache-groups", format!("\"g{group}\"")));
        }
        let status = match influence {
            Influence::Refused(refused) => refused_with(refused, &mut say),
            _ if version.nature == Nature::Gone => StatusCode::NOT_FOUND,
            _ => StatusCode::OK,
        };
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
        Response { status, headers, body }
    }

    /// What a page for all says of its lifetime.
    fn control(&self, page: usize) -> String {
        let shape = &self.shape.pages[page];
        let lifetime = match shape.says {
            Says::SMaxage => format!("s-maxage={}", shape.s_maxage),
            Says::MaxAge => format!("max-age={}", shape.s_maxage),
            Says::NoCache => return "no-cache".to_owned(),
        };
        let (while_revalidating, on_error) = (shape.stale_while_revalidate, shape.stale_if_error);
        format!(
            "{lifetime}, stale-while-revalidate={while_revalidating}, stale-if-error={on_error}"
        )
    }
}

/// The status of a refusal, and the fields that go with it.
fn refused_with(refused: Refused, say: &mut impl FnMut(&'static str, String)) -> StatusCode {
    match refused {
        Refused::Forbidden => StatusCode::FORBIDDEN,
        Refused::Unauthorized => StatusCode::UNAUTHORIZED,
        Refused::Elsewhere => {
            say("location", "/login".to_owned());
            StatusCode::FOUND
        }
        Refused::SetsCookie => StatusCode::OK,
        Refused::Fails => StatusCode::INTERNAL_SERVER_ERROR,
        Refused::NotFound => StatusCode::NOT_FOUND,
    }
}

fn group(shape: &Shape, page: usize) -> Option<usize> {
    shape.pages[page].has_group.then_some(page % 2)
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
