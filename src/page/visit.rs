//! A visitor's request as the flows carry it.

use std::cell::OnceCell;
use std::future::Future;
use std::rc::Rc;

use http::Method;
use http::header::{self, HeaderMap, HeaderName};

use crate::config::Config;
use crate::fields::cache_control::joined;
use crate::fields::request::RequestFields;
use crate::fields::request_directives::RequestDirectives;
use crate::fields::vary::{Encoding, Selecting, Selectors};
use crate::journal::append::Sender;
use crate::page::keyed_fields::KeyedFields;
use crate::page::request_log::RequestLog;
use crate::page::server_timing::ServerTiming;
use crate::platform::Platform;
use crate::policy::cookies;
use crate::policy::key::CacheKey;
use crate::policy::key::part::{self, counts_cookie};
use crate::policy::refresh::plain::{self, Allowed};
use crate::warmup::warming::Warming;

/// A visitor's request without its body.
///
/// A clone is cheap, so a background task takes its own.
#[derive(Clone)]
pub struct Visit {
    /// The visitor's method.
    pub method: Method,
    /// The URL with its dot segments resolved, or that of the key once rules have made one. Own
    /// requests keep this spelling; plain requests use the key's.
    pub url: String,
    /// The key that the page is looked up and stored by. A lookup may replace it with a key that
    /// several URLs share.
    pub key: CacheKey,
    /// The visitor's header fields. Each is read from the runtime only when it is needed.
    pub fields: Rc<dyn RequestFields>,
    /// The settings, as they were when the request came.
    pub config: Rc<Config>,
    /// The record of how long each step took. It is kept only if the request or a setting wants it.
    pub server_timing: Option<Rc<ServerTiming>>,
    /// What is logged of the request, if `LOG` asks for it.
    pub log: Option<Rc<RequestLog>>,
    /// The record of a warmup: no visitor has sent the request.
    pub warming: Option<Rc<Warming>>,
    read: Rc<ReadFields>,
}

/// The fields that have been read already, because each read is a call into JavaScript.
#[derive(Default)]
struct ReadFields {
    cookies: OnceCell<Option<String>>,
    encoding: OnceCell<Encoding>,
}

impl Visit {
    /// Makes a visit of a request. The key is narrowed to the site that `Origin` names, where there
    /// is one.
    pub fn new(
        method: Method,
        url: String,
        key: CacheKey,
        fields: Rc<dyn RequestFields>,
        config: Rc<Config>,
    ) -> Visit {
        let key = key.for_origin(fields.value("origin"));
        let read = Rc::default();
        let (server_timing, log, warming) = (None, None, None);
        Visit { method, url, key, fields, config, server_timing, log, warming, read }
    }

    /// The sender of the request: a warmup was asked for with a token.
    pub fn sender(&self) -> Sender {
        if self.warming.is_some() { Sender::Token } else { Sender::Visitor }
    }

    /// Gives the visit the key of the rules. The origin is sent the URL of that key and its parts:
    /// what the key leaves out must not shape the response.
    pub fn keyed_by_rules(self) -> Visit {
        match self.config.rules().key_for(&self.key, &*self.fields) {
            // broken: uncounted-sent
            Some(key) if key.parts().is_empty() => Visit { url: key.url(), key, ..self },
            Some(key) => {
                let fields = Rc::new(KeyedFields::new(self.fields, key.parts()));
                Visit { url: key.url(), key, fields, read: Rc::default(), ..self }
            }
            None => self,
        }
    }

    /// The content coding that the visitor can decode.
    fn encoding(&self) -> Encoding {
        let read = || Encoding::of(self.fields.accepted_encoding().as_deref());
        *self.read.encoding.get_or_init(read)
    }

    /// Tells whether the visitor wants the header fields alone.
    pub fn is_head(&self) -> bool {
        self.method == Method::HEAD
    }

    /// Awaits a step, and records its duration if the request is being timed.
    ///
    /// A hit is not timed by default, because each reading of the clock is a call into JavaScript.
    pub async fn timed<P: Platform, T>(
        &self,
        platform: &P,
        name: &'static str,
        step: impl Future<Output = T>,
    ) -> T {
        let Some(server_timing) = &self.server_timing else { return step.await };
        let began = platform.now();
        let done = step.await;
        server_timing.step(name, platform.now().since(began));
        done
    }

    /// The visitor's cookies that may mean something to the origin: those that are neither in
    /// `IGNORE_COOKIES` nor in the key, nor ignored by a rule.
    pub fn cookies(&self) -> Option<&str> {
        let read = || self.telling(&self.fields.value("cookie")?);
        self.read.cookies.get_or_init(read).as_deref()
    }

    /// A `Cookie` field without the cookies that are ignored or stand in the key.
    fn telling(&self, field: &str) -> Option<String> {
        let (ignored, parts) = (&self.config.ignore_cookies, self.key.parts());
        let rules = self.config.rules();
        cookies::telling(field, &|name| {
            ignored.matches(name)
                || counts_cookie(parts, name)
                || rules.ignore_cookie(&self.key, name)
        })
    }

    /// The visitor's values of the fields that a response varies by. Compare them with those of a
    /// stored variant.
    pub fn selecting<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Selecting {
        let mut names = names.into_iter().peekable();
        // Most pages vary by no field. A hit on such a page reads none.
        if names.peek().is_none() {
            return Selecting::new();
        }
        self.selectors(&*self.fields, self.cookies()).selecting(names)
    }

    /// The values that a request to the origin had in the fields that its response varies by.
    ///
    /// The response is stored under them. `fields` is what the request carried of the visitor's.
    pub fn selecting_in<'a>(
        &self,
        fields: &HeaderMap,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Selecting {
        let cookies = joined(fields, &header::COOKIE).and_then(|field| self.telling(&field));
        self.selectors(fields, cookies.as_deref()).selecting(names)
    }

    /// Puts together all that normalises the selecting fields, for [`Visit::selecting`] and
    /// [`Visit::selecting_in`] alike.
    fn selectors<'a>(
        &'a self,
        request: &'a dyn RequestFields,
        cookies: Option<&'a str>,
    ) -> Selectors<'a> {
        Selectors {
            request,
            languages: self.config.languages,
            encoding: self.encoding(),
            cookies,
            secret: self.config.cache_secret(),
        }
    }

    /// The visitor's fields in an own request for the page: all but those that the edge decides
    /// about.
    pub fn carried(&self) -> HeaderMap {
        plain::carried(&*self.fields, self.encoding())
    }

    /// The visitor's fields in a plain request for a page that varies by `names`.
    ///
    /// The response to it may be stored for all visitors, so the settings limit what it carries.
    pub fn plain_fields(&self, names: &[HeaderName]) -> HeaderMap {
        let mut names = names.to_vec();
        if self.key.foreign_origin().is_some() {
            names.push(header::ORIGIN);
        }
        let allowed = Allowed {
            forward: &self.config.plain.forward_headers,
            authorization: self.config.share_authorized,
            cookies: self.cookies().filter(|_| self.config.variants.by_cookie),
            encoding: self.encoding(),
            languages: self.config.languages,
        };
        let mut fields = plain::plain_fields(&*self.fields, &names, allowed);
        // broken: key-not-sent
        part::put(self.key.parts(), &mut fields);
        fields
    }

    /// The fields of a plain request that are not the same for each visitor with the key.
    pub fn beyond_key(&self, carried: &HeaderMap) -> HeaderMap {
        let mut others = carried.clone();
        let cookies = joined(carried, &header::COOKIE).and_then(|field| self.telling(&field));
        for name in part::put(self.key.parts(), &mut HeaderMap::new()) {
            if name != header::COOKIE || cookies.is_none() {
                others.remove(name);
            }
        }
        others
    }

    /// The fields that an own request would add to a plain one that carries `plain`. If there are
    /// none, both are the same request.
    pub fn added_to(&self, plain: &HeaderMap) -> Vec<HeaderName> {
        plain::added(&self.carried(), plain, self.cookies())
    }

    /// The visitor's own `Cache-Control`, if there is any.
    pub fn directives(&self) -> Option<RequestDirectives> {
        self.fields.value("cache-control").map(|value| RequestDirectives::parse(&value))
    }

    /// Tells whether the visitor spells the URL as plain requests do.
    pub fn is_spelt_canonically(&self) -> bool {
        self.path_and_query() == self.key.path_and_query()
    }

    /// The path and the query of [`Visit::url`].
    pub fn path_and_query(&self) -> &str {
        let after_scheme = self.url.find("://").map_or(0, |at| at + 3);
        let path =
            self.url[after_scheme..].find('/').map_or(self.url.len(), |at| after_scheme + at);
        self.url[path..].split('#').next().unwrap_or("")
    }
}
