//! What the origin shows of a page, and what it says of it.

use edge_isr::platform::{Request, Response};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::histories::guises::{Influence, OwnPage, Refused};
use crate::histories::plan::{Nature, PageShape, Says, Shape};
use crate::histories::shared_cache::CacheBefore;
use crate::world::platform::{Body, HELD_MOST, Sim};

use super::{Fetch, Site, Version, names, text};

impl Site {
    pub(super) fn answer(
        &self,
        sim: &Sim,
        request: &Request<Body>,
        fetch: &Fetch,
        version: &Version,
        breaks_off: bool,
    ) -> Response<Body> {
        let mut draft = Draft::of(&self.shape, request, fetch, version.clone());
        fetch.turned.set(draft.is_private);
        self.ask_the_cache_before(&mut draft);
        draft.say("x-fetch", fetch.number.to_string());
        draft.say("x-whose", draft.whose.to_owned());
        draft.say_control();
        draft.say_cookie();
        draft.say_vary();
        let holds = draft.say_validator(request);
        draft.say_tags(holds);
        let status = draft.status();
        if holds {
            let (status, headers) = (StatusCode::NOT_MODIFIED, draft.headers);
            return Response::new(status, headers, Body::default());
        }
        let mut body = draft.body();
        body.breaks_off = breaks_off;
        body.takes = sim.up_to(self.shape.renders_in / 4).as_millis() as u64;
        Response::new(status, draft.headers, body)
    }

    /// The origin's own cache may answer with a version that it made before.
    fn ask_the_cache_before(&self, draft: &mut Draft<'_>) {
        let (shape, fetch) = (draft.shape, draft.fetch);
        let may_come_before =
            draft.whose == "all" && !draft.is_private && !draft.version.varies && !self.calm.get();
        if !may_come_before || shape.behind == CacheBefore::Nothing {
            return;
        }
        let (now, version) = (self.executor.now(), draft.version.clone());
        let held = self.before[fetch.page].answer(shape.behind, version, fetch.began, now);
        fetch.made.set(held.made.min(fetch.began));
        held.says.into_iter().for_each(|(name, value)| draft.say(name, value));
        draft.version = held.version;
        *fetch.version.borrow_mut() = Some(draft.version.clone());
    }
}

/// An answer that is being made.
struct Draft<'a> {
    shape: &'a PageShape,
    has_rules: bool,
    fetch: &'a Fetch,
    influence: Influence,
    is_private: bool,
    /// `all`, the visitor whose fields shaped it, or `plain`: not for all, though no visitor is named.
    whose: &'a str,
    version: Version,
    headers: HeaderMap,
}

impl<'a> Draft<'a> {
    fn of(
        world: &'a Shape,
        request: &Request<Body>,
        fetch: &'a Fetch,
        version: Version,
    ) -> Draft<'a> {
        let (shape, has_rules) = (&world.pages[fetch.page], world.has_rules);
        let influence = shape.shaped.influence(&request.headers);
        let is_private = matches!(version.nature, Nature::Private | Nature::SetsCookie);
        let whose = match (&fetch.named, influence) {
            (Some(user), influence) if is_private || influence != Influence::Nothing => user,
            (None, _) if is_private => "plain",
            _ => "all",
        };
        let headers = HeaderMap::new();
        Draft { shape, has_rules, fetch, influence, is_private, whose, version, headers }
    }

    fn say(&mut self, name: &'static str, value: String) {
        self.headers.append(name, HeaderValue::from_str(&value).unwrap());
    }

    fn say_control(&mut self) {
        let control = match self.influence {
            _ if self.version.nature == Nature::Private => "private, max-age=600".to_owned(),
            Influence::Own(OwnPage::Private) => "private".to_owned(),
            Influence::Own(OwnPage::NoCache) => "no-cache".to_owned(),
            Influence::Own(OwnPage::Silent) => return,
            _ if self.has_rules && self.shape.says != Says::NoCache => return,
            _ => control_for_all(self.shape),
        };
        self.say("cache-control", control);
    }

    fn say_cookie(&mut self) {
        let is_refusal = self.influence == Influence::Refused(Refused::SetsCookie);
        if self.version.nature == Nature::SetsCookie || is_refusal {
            self.say("set-cookie", format!("seen={}", self.whose));
        }
    }

    fn say_vary(&mut self) {
        if self.version.varies {
            self.say("vary", "accept-language".to_owned());
        }
    }

    fn language(&self) -> &'a str {
        if self.version.varies { &self.fetch.language } else { "any" }
    }

    /// Says the validator, if the page has one, and whether the visitor has this very version.
    fn say_validator(&mut self, request: &Request<Body>) -> bool {
        if !self.shape.has_etag {
            return false;
        }
        let is_the_same = self.shape.shaped.same_etag && !self.is_private;
        let whose = if is_the_same { "all" } else { self.whose };
        let tag = format!("\"{}-{}-{whose}\"", self.version.number, self.language());
        let holds = text(&request.headers, "if-none-match") == tag;
        self.say("etag", tag);
        holds
    }

    fn say_tags(&mut self, holds: bool) {
        if holds && !self.shape.says_tags_in_304 {
            return;
        }
        self.say("cache-tag", names(&self.version.tags).join(","));
        if let Some(group) = self.version.group {
            self.say("cache-groups", format!("\"g{group}\""));
        }
    }

    fn status(&mut self) -> StatusCode {
        match self.influence {
            Influence::Refused(refused) => self.refused_with(refused),
            _ if self.version.nature == Nature::Gone => StatusCode::NOT_FOUND,
            _ => StatusCode::OK,
        }
    }

    /// The status of a refusal, and the fields that go with it.
    fn refused_with(&mut self, refused: Refused) -> StatusCode {
        match refused {
            Refused::Forbidden => StatusCode::FORBIDDEN,
            Refused::Unauthorized => StatusCode::UNAUTHORIZED,
            Refused::Elsewhere => {
                self.say("location", "/login".to_owned());
                StatusCode::FOUND
            }
            Refused::SetsCookie => StatusCode::OK,
            Refused::Fails => StatusCode::INTERNAL_SERVER_ERROR,
            Refused::NotFound => StatusCode::NOT_FOUND,
        }
    }

    fn body(&self) -> Body {
        let (page, number) = (self.fetch.page, self.version.number);
        let mut body =
            Body::whole(&format!("page {page} {number} {} {} ", self.language(), self.whose));
        if self.shape.is_large {
            body.text.push_str(&"x".repeat(HELD_MOST));
        }
        body
    }
}

/// What a page for all says of its lifetime.
fn control_for_all(shape: &PageShape) -> String {
    let lifetime = match shape.says {
        Says::SMaxage => format!("s-maxage={}", shape.s_maxage),
        Says::MaxAge => format!("max-age={}", shape.s_maxage),
        Says::NoCache => return "no-cache".to_owned(),
    };
    let (while_revalidating, on_error) = (shape.stale_while_revalidate, shape.stale_if_error);
    format!("{lifetime}, stale-while-revalidate={while_revalidating}, stale-if-error={on_error}")
}
