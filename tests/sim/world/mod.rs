//! The simulated world: data centres with isolates, one KV, one origin, one clock.

pub mod coordinator;
pub mod counter;
pub mod executor;
pub mod journal;
pub mod kv;
pub mod origin;
pub mod platform;
pub mod warmups;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use edge_isr::config::Config;
use edge_isr::edge;
use edge_isr::isolate::Isolate;
use edge_isr::page::visit::Visit;
use edge_isr::policy::key::CacheKey;
use edge_isr::policy::time::Time;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::world::coordinator::SimCoordinator;
use crate::world::executor::{Executor, Group};
use crate::world::journal::SimJournal;
use crate::world::kv::SimKv;
use crate::world::origin::Origin;
use crate::world::platform::{Answering, Body, Sim, SimCache, Trace};
use crate::world::warmups::SimWarmups;

/// 2026-01-01T00:00:00Z.
pub const START: Time = Time(1_767_225_600_000);
pub const TOKEN: &str = "the-token-that-purges";

pub struct World {
    pub executor: Rc<Executor>,
    pub origin: Rc<Origin>,
    pub kv: Rc<SimKv>,
    /// The durable tier, if it is bound.
    pub pages: Option<Rc<SimKv>>,
    centres: Vec<Rc<SimCache>>,
    isolates: RefCell<BTreeMap<(usize, usize), Rc<Isolate>>>,
    config: Rc<Config>,
    pub log: Rc<RefCell<Vec<String>>>,
    /// What ends with a request that is started now, as its visitor's and as what it deferred.
    pub groups: Cell<(Group, Group)>,
    /// None, unless a test sets one.
    pub coordinator: Option<Rc<SimCoordinator>>,
    /// None, unless a test sets one.
    pub journal: Option<Rc<SimJournal>>,
    /// None, unless a test sets one.
    pub warmups: Option<Rc<SimWarmups>>,
    /// Milliseconds by which the clocks of all isolates with this number are ahead.
    pub ahead: RefCell<BTreeMap<usize, i64>>,
    /// What each request did.
    pub traces: RefCell<Vec<Rc<Trace>>>,
    /// What answers in the origin's place, if a test sets it.
    pub answering: Option<Rc<dyn Answering>>,
}

/// An answer as a visitor sees it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    pub at: Time,
}

impl Seen {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn cache(&self) -> &str {
        self.header("cache-status").strip_prefix("edge-isr; ").unwrap_or("")
    }
}

/// An answer that may be under way.
#[derive(Clone, Default)]
pub struct Pending(Rc<RefCell<Option<Seen>>>);

impl Pending {
    pub fn is_there(&self) -> bool {
        self.0.borrow().is_some()
    }

    pub fn seen(&self) -> Seen {
        self.0.borrow().clone().expect("no answer yet")
    }
}

fn config(settings: &[(&str, &str)]) -> Rc<Config> {
    let base = [("ORIGIN", "http://origin.test"), ("PURGE_TOKENS", TOKEN)];
    let settings: BTreeMap<&str, &str> = base.iter().chain(settings).copied().collect();
    let value = |name: &str| settings.get(name).filter(|value| !value.is_empty());
    Rc::new(Config::read(&|name| value(name).map(|value| value.to_string())).unwrap())
}

/// Which isolate of which data centre is asked.
#[derive(Clone, Copy, Default)]
pub struct At {
    pub centre: usize,
    pub isolate: usize,
}

impl World {
    pub fn new(seed: u64) -> World {
        World::with(seed, &[])
    }

    /// A world with settings of its own.
    pub fn with(seed: u64, settings: &[(&str, &str)]) -> World {
        let executor = Executor::new(seed, START);
        World {
            origin: Rc::new(Origin::new(executor.clone())),
            kv: Rc::new(SimKv::default()),
            pages: None,
            centres: (0..2).map(|_| Rc::default()).collect(),
            isolates: RefCell::default(),
            config: config(settings),
            log: Rc::default(),
            groups: Cell::default(),
            coordinator: None,
            journal: None,
            warmups: None,
            ahead: RefCell::default(),
            traces: RefCell::default(),
            answering: None,
            executor,
        }
    }

    /// Deploys the Worker with these settings: isolates begin anew, the cache and KV stay.
    pub fn deploy(&mut self, settings: &[(&str, &str)]) {
        self.config = config(settings);
        self.isolates.borrow_mut().clear();
    }

    /// What a request in this isolate runs on.
    pub fn platform(&self, at: At) -> Sim {
        let isolate =
            self.isolates.borrow_mut().entry((at.centre, at.isolate)).or_default().clone();
        let trace = Trace::new(self.groups.get().1, self.executor.now());
        self.traces.borrow_mut().push(trace.clone());
        Sim {
            executor: self.executor.clone(),
            centre: at.centre,
            isolate,
            isolate_id: 0,
            ahead: self.ahead.borrow().get(&at.isolate).copied().unwrap_or(0),
            config: self.config.clone(),
            cache: self.centres[at.centre].clone(),
            kv: self.kv.clone(),
            pages: self.pages.clone(),
            origin: self.answering.clone().unwrap_or_else(|| self.origin.clone()),
            log: self.log.clone(),
            trace,
            coordinator: self.coordinator.clone(),
            journal: self.journal.clone(),
            warmups: self.warmups.clone(),
        }
    }

    pub fn cache(&self, centre: usize) -> &SimCache {
        &self.centres[centre]
    }

    /// Starts a request.
    pub fn ask(
        &self,
        at: At,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> Pending {
        let mut fields = HeaderMap::new();
        for (name, value) in headers {
            fields
                .append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
        }
        self.ask_with(at, method, path, fields, body)
    }

    /// Starts a request with any fields.
    pub fn ask_with(
        &self,
        at: At,
        method: Method,
        path: &str,
        fields: HeaderMap,
        body: Option<&str>,
    ) -> Pending {
        let url = format!("https://site.test{path}");
        let key = CacheKey::parse(&url).unwrap();
        let visit = Visit::new(method, url, key, Rc::new(fields), self.config.clone());
        let (platform, pending) = (self.platform(at), Pending::default());
        let (slot, executor) = (pending.clone(), self.executor.clone());
        let body = body.map(Body::whole);
        self.executor.spawn(self.groups.get().0, async move {
            let response = edge::handle(platform, visit, body).await.into_response();
            let seen = Seen {
                status: response.status.as_u16(),
                headers: response.headers,
                text: response.body.text,
                at: executor.now(),
            };
            *slot.0.borrow_mut() = Some(seen);
        });
        pending
    }

    pub fn start(&self, path: &str) -> Pending {
        self.ask(At::default(), Method::GET, path, &[], None)
    }

    /// Runs until nothing happens any more within `limit`.
    pub fn run(&self, limit: Duration) {
        self.executor.run_until(self.executor.now() + limit);
    }

    pub fn wait(&self, milliseconds: u64) {
        self.run(Duration::from_millis(milliseconds));
    }

    /// A visitor asks and gets the answer; work behind it goes on for a moment.
    pub fn get(&self, path: &str) -> Seen {
        self.get_at(At::default(), path)
    }

    pub fn get_at(&self, at: At, path: &str) -> Seen {
        self.finish(self.ask(at, Method::GET, path, &[], None))
    }

    pub fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Seen {
        self.finish(self.ask(At::default(), Method::GET, path, headers, None))
    }

    pub fn finish(&self, pending: Pending) -> Seen {
        self.wait(0);
        let mut waited = 0;
        while !pending.is_there() {
            assert!(waited < 120_000, "no answer within two minutes");
            self.wait(5);
            waited += 5;
        }
        let seen = pending.seen();
        self.wait(0);
        seen
    }

    pub fn purge(&self, mode: &str, tags: &[&str]) -> Seen {
        self.purge_at(At::default(), mode, tags)
    }

    pub fn purge_at(&self, at: At, mode: &str, tags: &[&str]) -> Seen {
        let body = serde_json::json!({ "tags": tags, "mode": mode }).to_string();
        self.control(at, &body)
    }

    pub fn control(&self, at: At, body: &str) -> Seen {
        self.finish(self.start_control(at, body))
    }

    pub fn start_control(&self, at: At, body: &str) -> Pending {
        let token = format!("Bearer {TOKEN}");
        let headers = [("authorization", token.as_str())];
        self.ask(at, Method::POST, "/edge-isr/purge", &headers, Some(body))
    }

    /// What `GET status` says.
    pub fn status(&self, query: &str) -> serde_json::Value {
        let token = format!("Bearer {TOKEN}");
        let path = format!("/edge-isr/status?{query}");
        let seen = self.get_with(&path, &[("authorization", &token)]);
        serde_json::from_str(&seen.text).unwrap()
    }

    pub fn urls_of_tag(&self, tag: &str) -> Vec<String> {
        self.status(&format!("tag={tag}"))["urls"]
            .as_array()
            .unwrap()
            .iter()
            .map(|url| url.as_str().unwrap().to_owned())
            .collect()
    }
}
