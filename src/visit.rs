//! What a visitor asked for, as the flows carry it.

use std::future::Future;
use std::rc::Rc;

use http::Method;

use crate::platform::Platform;
use crate::policy::asked::Asked;
use crate::policy::fields::RequestFields;
use crate::policy::key::CacheKey;
use crate::policy::vary::{Languages, Selecting, selecting};
use crate::trace::Trace;

/// A visitor's request without its body.
#[derive(Clone)]
pub struct Visit {
    pub method: Method,
    /// The URL as it came: the origin is asked for just this spelling.
    pub url: String,
    pub key: CacheKey,
    pub fields: Rc<dyn RequestFields>,
    pub languages: Languages,
    /// Where its time goes, if somebody wants to know.
    pub trace: Option<Rc<Trace>>,
}

impl Visit {
    pub fn is_head(&self) -> bool {
        self.method == Method::HEAD
    }

    /// Awaits a step, and notes what it took if somebody wants to know: the clock costs a call into
    /// JavaScript, which a hit can do without.
    pub async fn timed<P: Platform, T>(
        &self,
        platform: &P,
        name: &'static str,
        step: impl Future<Output = T>,
    ) -> T {
        let Some(trace) = &self.trace else { return step.await };
        let began = platform.now();
        let done = step.await;
        trace.step(name, platform.now().since(began));
        done
    }

    /// What it says in the fields that a response varies by.
    pub fn selecting<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Selecting {
        selecting(names, &*self.fields, self.languages)
    }

    /// The visitor's own `Cache-Control`, if there is any.
    pub fn asked(&self) -> Option<Asked> {
        self.fields.value("cache-control").map(|value| Asked::parse(&value))
    }

    /// Path and query as they came.
    pub fn path_and_query(&self) -> &str {
        let after_scheme = self.url.find("://").map_or(0, |at| at + 3);
        let path =
            self.url[after_scheme..].find('/').map_or(self.url.len(), |at| after_scheme + at);
        self.url[path..].split('#').next().unwrap_or("")
    }
}
