//! What one request runs on.

mod cache;
mod durable_tier;
mod kv;
mod runtime;
mod trace;

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use edge_isr::config::Config;
use edge_isr::isolate::Isolate;
use edge_isr::platform::{OriginError, Request, Response};

use crate::world::coordinator::SimCoordinator;
use crate::world::executor::Executor;
use crate::world::journal::SimJournal;
use crate::world::kv::SimKv;
use crate::world::warmups::SimWarmups;

pub use cache::{SimCache, Written};
pub use trace::Trace;

/// Longer bodies are staged.
pub const HELD_MOST: usize = 1000;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Body {
    pub text: String,
    pub breaks_off: bool,
    /// Milliseconds until it has been read to its end.
    pub takes: u64,
}

impl Body {
    pub fn whole(text: &str) -> Body {
        Body { text: text.to_owned(), ..Body::default() }
    }
}

/// Answers in the origin's place.
pub trait Answering {
    fn answer<'a>(
        &'a self,
        sim: &'a Sim,
        request: Request<Body>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Body>, OriginError>> + 'a>>;
}

#[derive(Clone)]
pub struct Sim {
    pub executor: Rc<Executor>,
    pub centre: usize,
    pub isolate: Rc<Isolate>,
    /// Which isolate of all there ever were.
    pub isolate_id: u64,
    /// How far its clock is ahead, in milliseconds.
    pub ahead: i64,
    pub config: Rc<Config>,
    pub cache: Rc<SimCache>,
    pub kv: Rc<SimKv>,
    /// The durable tier, if it is bound.
    pub pages: Option<Rc<SimKv>>,
    pub origin: Rc<dyn Answering>,
    pub log: Rc<RefCell<Vec<String>>>,
    pub coordinator: Option<Rc<SimCoordinator>>,
    pub journal: Option<Rc<SimJournal>>,
    pub warmups: Option<Rc<SimWarmups>>,
    pub trace: Rc<Trace>,
}

impl Sim {
    /// From nothing to `most` milliseconds.
    pub fn up_to(&self, most: u64) -> Duration {
        Duration::from_millis(if most == 0 { 0 } else { self.executor.random() % (most + 1) })
    }

    async fn pass(&self, most: u64) {
        self.executor.turn().await;
        let duration = self.up_to(most);
        if !duration.is_zero() {
            self.executor.sleep(duration).await;
        }
    }
}
