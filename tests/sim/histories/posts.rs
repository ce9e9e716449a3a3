//! Visitors' unsafe requests: their answers name another page and a group, and what was asked for
//! before them is not shown again by the isolate that took them (RFC 9111 §4.4).

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, StatusCode};

use edge_isr::edge;
use edge_isr::platform::{Request, Response};
use edge_isr::policy::time::Time;

use super::guises::{Guise, named};
use super::plan::HOST;
use super::shared_cache::CacheBefore;
use super::site::Site;
use super::stage::Stage;
use super::watch::{Purged, Selector, Watch};
use crate::world::platform::{Body, Sim};

/// For how long an isolate keeps what it noted, at least.
const REMEMBERED_FOR: Duration = Duration::from_secs(100);
/// From the beginning of an origin request to the end of what stores its answer.
const FILL_TAKES_MOST: Duration = Duration::from_secs(60);

#[derive(Clone, Debug)]
pub struct Posting {
    pub centre: usize,
    pub isolate: usize,
    pub page: usize,
    pub user: u64,
    /// The page that `Location` names.
    pub names: usize,
    pub fails: bool,
}

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
        self.watch.unsafe_requests.borrow_mut().insert(group);
        self.executor.spawn(group + 1, async move {
            stage.watch.empties(&posting, 1);
            let body = Some(Body::whole("x=1"));
            let response = edge::handle(sim.clone(), visit, body).await;
            stage.watch.empties(&posting, -1);
            if response.status == StatusCode::SEE_OTHER {
                stage.watch.posted(&sim, &posting, came);
            }
            stage.ends_after_the_answer(group);
        });
    }
}

impl Site {
    /// The answer to a POST: what it wishes for.
    pub async fn posted(&self, sim: &Sim, request: &Request<Body>) -> Response<Body> {
        self.executor.sleep(sim.up_to(300)).await;
        let wish = request.headers.get("x-wish").and_then(|value| value.to_str().ok());
        let (status, location) = wish.and_then(|wish| wish.split_once(' ')).expect("a wish");
        let status: StatusCode = status.parse().expect("a status");
        let mut headers = HeaderMap::new();
        let mut say = |name: &'static str, value: &str| {
            headers.insert(name, HeaderValue::from_str(value).unwrap());
        };
        say("location", &format!("http://origin.test{location}"));
        say("x-whose", &named(&request.headers).unwrap_or_default());
        let group = self.group(self.page_of(&request.url));
        if let Some(group) = group {
            say("cache-group-invalidation", &format!("\"g{group}\""));
        }
        Response { status, headers, body: Body::default() }
    }
}

impl Watch {
    /// Begins, or ends, a time in which a page may be emptied.
    fn empties(&self, posting: &Posting, more: i64) {
        for page in [posting.page, posting.names] {
            let place = (posting.centre, page);
            *self.emptying.borrow_mut().entry(place).or_default() += more;
            self.emptied(posting.centre, page);
        }
    }

    /// What the isolate must not show again.
    fn posted(&self, sim: &Sim, posting: &Posting, came: Time) {
        let now = self.executor.now();
        let mut what: Vec<Selector> =
            self.site.group(posting.page).map(Selector::Group).into_iter().collect();
        for page in [posting.page, posting.names] {
            if !self.may_be_stored_yet(sim, page, came) {
                what.push(Selector::Url(page));
            }
        }
        self.report.borrow_mut().posts += 1;
        sim.trace.body_read_at.set(Some(now));
        self.purges.borrow_mut().push(Rc::new(Purged {
            received: came,
            isolate: sim.isolate_id,
            hard: true,
            what,
            trace: sim.trace.clone(),
            answered: Cell::new(None),
            forgotten_at: Some(now + REMEMBERED_FOR),
            shown_for: RefCell::new(vec![0; self.caches.len()]),
        }));
    }

    /// Whether what was made before may be stored yet: another isolate of the data centre, which has
    /// not heard of the POST, asked for it, or the origin's own cache answers with it. (A page with
    /// variants is not one slot.)
    fn may_be_stored_yet(&self, sim: &Sim, page: usize, came: Time) -> bool {
        let fetches = self.site.fetches.borrow();
        let is_recent = |began: Time| began + FILL_TAKES_MOST >= came && began <= came;
        let mut of_page = fetches.iter().filter(|fetch| {
            fetch.page == page && fetch.centre == sim.centre && is_recent(fetch.began)
        });
        let shape = &self.shape.pages[page];
        let is_excepted = shape.varies || shape.behind != CacheBefore::Nothing;
        is_excepted || of_page.any(|fetch| fetch.isolate != sim.isolate_id)
    }
}

/// The URL of a page without the host.
impl Site {
    fn path(&self, page: usize) -> String {
        self.url(page).trim_start_matches(&format!("https://{HOST}")).to_owned()
    }
}
