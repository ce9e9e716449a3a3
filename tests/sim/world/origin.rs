//! The simulated origin: pages with versions, which take their time.
//!
//! What a page says is fixed when its rendering begins, as in a real origin that reads its database
//! first: so a change and its purge can land while the old version is still on its way.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use edge_isr::platform::{OriginError, Request, Response};
use edge_isr::policy::time::Time;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::world::executor::Executor;
use crate::world::platform::{Answering, Body, Sim};

#[derive(Clone)]
pub struct Page {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub text: String,
    pub renders_in: u64,
    pub body_takes: u64,
    pub breaks_off: bool,
    pub unreachable: bool,
    /// Answers 304 where the condition holds.
    pub revalidates: bool,
    pub varies: Option<String>,
    /// Answers 304 to any condition.
    pub mistaken_304: bool,
    /// What is answered instead where a field of the request has a text in it.
    pub instead: Vec<(String, String, Page)>,
}

impl Page {
    pub fn new(text: &str) -> Page {
        Page {
            status: 200,
            headers: Vec::new(),
            text: text.to_owned(),
            renders_in: 10,
            body_takes: 0,
            breaks_off: false,
            unreachable: false,
            revalidates: false,
            varies: None,
            mistaken_304: false,
            instead: Vec::new(),
        }
    }

    pub fn with(mut self, name: &str, value: &str) -> Page {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Fresh for `seconds`, shown stale for `swr` more.
    pub fn fresh(self, seconds: u64, swr: u64) -> Page {
        self.with("cache-control", &format!("s-maxage={seconds}, stale-while-revalidate={swr}"))
    }

    pub fn tags(self, tags: &str) -> Page {
        self.with("cache-tag", tags)
    }

    pub fn renders_in(mut self, milliseconds: u64) -> Page {
        self.renders_in = milliseconds;
        self
    }

    pub fn etag(mut self, tag: &str) -> Page {
        self.revalidates = true;
        self.with("etag", tag)
    }

    pub fn status(mut self, status: u16) -> Page {
        self.status = status;
        self
    }

    /// Another page to requests in whose field `name` there is `text`.
    pub fn but_where(mut self, name: &str, text: &str, page: Page) -> Page {
        self.instead.push((name.to_owned(), text.to_owned(), page));
        self
    }

    /// What a request is answered with.
    fn answering(&self, request: &Request<Body>) -> &Page {
        let applies = |(name, text, _): &&(String, String, Page)| {
            let value = request.headers.get(name);
            value.is_some_and(|value| String::from_utf8_lossy(value.as_bytes()).contains(text))
        };
        self.instead.iter().find(applies).map_or(self, |(_, _, page)| page)
    }

    pub fn unreachable() -> Page {
        Page { unreachable: true, ..Page::new("") }
    }
}

pub struct Origin {
    executor: Rc<Executor>,
    pages: RefCell<BTreeMap<String, Page>>,
    pub requests: RefCell<Vec<Request<Body>>>,
    /// When each request came.
    pub came: RefCell<Vec<Time>>,
    under_way: RefCell<Vec<String>>,
    /// How many requests for one page were under way at once, at most.
    pub most_at_once: Cell<usize>,
}

impl Origin {
    pub fn new(executor: Rc<Executor>) -> Origin {
        Origin {
            executor,
            pages: RefCell::default(),
            requests: RefCell::default(),
            came: RefCell::default(),
            under_way: RefCell::default(),
            most_at_once: Cell::default(),
        }
    }

    pub fn set(&self, path: &str, page: Page) {
        self.pages.borrow_mut().insert(path.to_owned(), page);
    }

    /// How many requests there were for a path since this was last asked.
    pub fn take(&self, path: &str) -> usize {
        let mut requests = self.requests.borrow_mut();
        let before = requests.len();
        requests.retain(|request| path_of(&request.url) != path);
        before - requests.len()
    }

    fn begins(&self, path: &str) {
        let mut under_way = self.under_way.borrow_mut();
        under_way.push(path.to_owned());
        let at_once = under_way.iter().filter(|other| *other == path).count();
        self.most_at_once.set(self.most_at_once.get().max(at_once));
    }

    fn ends(&self, path: &str) {
        let mut under_way = self.under_way.borrow_mut();
        let at = under_way.iter().position(|other| other == path).expect("it began");
        under_way.remove(at);
    }

    async fn answer_within(
        &self,
        request: Request<Body>,
        limit: Duration,
    ) -> Result<Response<Body>, OriginError> {
        self.executor.turn().await;
        let path = path_of(&request.url);
        let page = self.pages.borrow().get(&path).cloned();
        let page = page.unwrap_or_else(|| Page::new("not found").status(404));
        let page = page.answering(&request);
        self.requests.borrow_mut().push(request.clone());
        self.came.borrow_mut().push(self.executor.now());
        let renders = Duration::from_millis(page.renders_in);
        self.begins(&path);
        self.executor.sleep(renders.min(limit)).await;
        self.ends(&path);
        if renders > limit {
            return Err(OriginError::TimedOut);
        }
        if page.unreachable {
            return Err(OriginError::Unreachable("connection refused".to_owned()));
        }
        Ok(page.response(&request))
    }
}

impl Answering for Origin {
    fn answer<'a>(
        &'a self,
        sim: &'a Sim,
        request: Request<Body>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Body>, OriginError>> + 'a>> {
        Box::pin(self.answer_within(request, sim.config.origin_timeout))
    }
}

impl Page {
    fn response(&self, request: &Request<Body>) -> Response<Body> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let name: HeaderName = name.parse().unwrap();
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        let asked = request.headers.get("if-none-match");
        let holds = self.revalidates && asked == headers.get("etag");
        if asked.is_some() && (holds || self.mistaken_304) {
            return Response::new(StatusCode::NOT_MODIFIED, headers, Body::default());
        }
        let chosen = self.varies.as_ref().and_then(|name| request.headers.get(name));
        let chosen = chosen.map_or("", |value| value.to_str().unwrap());
        let body = Body {
            text: format!("{}{chosen}", self.text),
            breaks_off: self.breaks_off,
            takes: self.body_takes,
        };
        Response::new(StatusCode::from_u16(self.status).unwrap(), headers, body)
    }
}

fn path_of(url: &str) -> String {
    url.strip_prefix("http://origin.test").unwrap_or(url).to_owned()
}
