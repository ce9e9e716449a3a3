//! The response to a hit, in the form in which it costs least.
//!
//! Most of its header fields are the same for all visitors. They are worked out once, and not copied.

use std::rc::Rc;

use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, StatusCode};

use crate::fields::cache_status::{CACHE_STATUS, CacheStatus};
use crate::fields::conditional;
use crate::isolate::metadata::{Derived, SharedFields};
use crate::page::answer;
use crate::page::visit::Visit;
use crate::platform::{Platform, Response};
use crate::policy::stored::StoredResponse;

/// The response to any request of a visitor.
#[derive(Debug)]
pub enum Answer<B> {
    /// A response with all its header fields.
    Whole(Response<B>),
    /// A hit, whose header fields are in two parts.
    Hit(Hit<B>),
}

/// The response to a hit. It has both the `shared` header fields and the `added` ones.
#[derive(Debug)]
pub struct Hit<B> {
    /// The status.
    pub status: StatusCode,
    /// The header fields that all hits of the same stored response have.
    pub shared: Rc<SharedFields>,
    /// The header fields of this response alone. The origin may have sent lines of the same names, which
    /// are among the shared ones: a cache of its own writes `Cache-Status` too.
    pub added: HeaderMap,
    /// The body.
    pub body: B,
}

impl<B> Answer<B> {
    /// Returns the response with all its header fields. A hit's are copied for this.
    pub fn into_response(self) -> Response<B> {
        match self {
            Answer::Whole(response) => response,
            Answer::Hit(hit) => hit.into_response(),
        }
    }

    /// Returns the status.
    pub fn status(&self) -> StatusCode {
        match self {
            Answer::Whole(response) => response.status,
            Answer::Hit(hit) => hit.status,
        }
    }

    /// Returns what this edge said in `Cache-Status`: the last line, because an origin may have a cache
    /// of its own.
    pub fn cache_status(&self) -> Option<&str> {
        let headers = match self {
            Answer::Whole(response) => &response.headers,
            Answer::Hit(hit) => &hit.added,
        };
        headers.get_all(CACHE_STATUS).iter().next_back()?.to_str().ok()
    }
}

impl<B> Hit<B> {
    /// Returns the response with all its header fields, which are copied for this.
    pub fn into_response(self) -> Response<B> {
        let mut headers = self.shared.headers.clone();
        for (name, value) in &self.added {
            headers.append(name, value.clone());
        }
        Response::new(self.status, headers, self.body)
    }
}

impl<B> From<Response<B>> for Answer<B> {
    fn from(response: Response<B>) -> Self {
        Answer::Whole(response)
    }
}

/// Makes the answer of a hit from the stored response.
pub fn hit<P: Platform>(
    platform: &P,
    visit: &Visit,
    response: &StoredResponse,
    derived: &Derived,
    body: P::Body,
    status: CacheStatus,
) -> Answer<P::Body> {
    let shared = derived.shared_fields.get_or_init(|| {
        let mut headers = response.headers.clone();
        headers.remove(header::AGE);
        answer::for_visitor(platform, visit, response.status, response.browser_ttl, &mut headers);
        Rc::new(headers.into())
    });
    let fields = &*visit.fields;
    // A 304 lacks some of the shared fields.
    if conditional::is_not_modified(&visit.method, fields, response.status, &shared.headers) {
        return answer::stored(platform, visit, response, body, status).into();
    }
    let mut added = HeaderMap::new();
    added.insert(header::AGE, HeaderValue::from(response.age_for_visitor(platform.now())));
    answer::say(visit, status, &mut added);
    let body = if visit.method == Method::HEAD { platform.empty_body() } else { body };
    Answer::Hit(Hit { status: response.status, shared: shared.clone(), added, body })
}
