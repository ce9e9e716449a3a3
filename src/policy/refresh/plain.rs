//! Plain requests: their fields, and the other requests that are as good as one.
//!
//! **Only the response to a plain request is shared.** A request with a visitor's cookie, language
//! or other field brings back a response for that visitor. If it were stored, every visitor would
//! get it. So a *plain request* carries three things: the cache key, the fields that the page is
//! known to vary by, and the edge's own fields. They are a list of what is allowed, not of what is
//! forbidden.
//!
//! An *own request* carries the visitor's fields, and its response is for that visitor alone,
//! unless it is as good as plain. Then the response's own `Vary` names every visitor's field that
//! the request carried. Cookies never count: too many origins name `Cookie` and mean one of twenty.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use crate::fields::forwarding;
use crate::fields::forwarding::may_be_forwarded;
use crate::fields::request::RequestFields;
use crate::fields::vary::{Encoding, Languages, Vary, selecting_text};

/// The visitors' fields that every plain request carries (`FORWARD_HEADERS`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ForwardHeaders {
    /// The named fields.
    These(Vec<HeaderName>),
    /// All fields, for test suites with an origin on the same machine.
    All,
}

/// The visitor's fields that a plain request may carry besides those that select.
#[derive(Clone, Copy)]
pub struct Allowed<'a> {
    /// The fields of `FORWARD_HEADERS`.
    pub forward: &'a ForwardHeaders,
    /// Set if responses to `Authorization` are shared where they allow it (RFC 9111 §3.5).
    pub authorization: bool,
    /// The cookies that select a variant, if such variants are stored.
    pub cookies: Option<&'a str>,
    /// The class of content codings that the request accepts.
    pub encoding: Encoding,
    /// The treatment of `Accept-Language`.
    pub languages: Languages,
}

/// Returns the visitor's fields in a plain request for a page that varies by `selected_by`.
pub fn plain_fields(
    visitor: &dyn RequestFields,
    selected_by: &[HeaderName],
    allowed: Allowed<'_>,
) -> HeaderMap {
    let mut headers = match allowed.forward {
        ForwardHeaders::All => carried(visitor, allowed.encoding),
        ForwardHeaders::These(names) => {
            let authorization = allowed.authorization.then_some(&header::AUTHORIZATION);
            let text = |name: &str| visitor.value(name).filter(|value| value.is_ascii());
            let mut headers = of_names(names.iter().chain(authorization), text);
            let text = |name: &str| selecting_text(name, visitor, allowed.languages);
            headers.extend(of_names(selected_by.iter(), text));
            headers
        }
    };
    if let ForwardHeaders::These(_) = allowed.forward {
        headers.remove(header::COOKIE);
        let cookies = allowed.cookies.filter(|_| selected_by.contains(&header::COOKIE));
        if let Some(cookies) = cookies.and_then(|cookies| HeaderValue::from_str(cookies).ok()) {
            headers.insert(header::COOKIE, cookies);
        }
    }
    let encoding = HeaderValue::from_static(allowed.encoding.as_str());
    headers.insert(header::ACCEPT_ENCODING, encoding);
    headers
}

fn of_names<'n>(
    names: impl Iterator<Item = &'n HeaderName>,
    text: impl Fn(&str) -> Option<String>,
) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for name in names.filter(|name| may_be_forwarded(name)) {
        if let Some(value) = text(name.as_str()).and_then(|text| HeaderValue::from_str(&text).ok())
        {
            headers.insert(name, value);
        }
    }
    headers
}

/// Returns the visitor's fields in an own request, without those that the edge decides about.
/// `Cache-Control` is left out because it is for caches, and this cache has heeded it or not.
pub fn carried(visitor: &dyn RequestFields, encoding: Encoding) -> HeaderMap {
    let mut headers = visitor.all();
    forwarding::drop_connection_fields(&mut headers);
    forwarding::drop_overrides(&mut headers, &http::Method::GET);
    forwarding::drop_conditions(&mut headers);
    for name in [header::HOST, header::CACHE_CONTROL, header::PRAGMA] {
        headers.remove(name);
    }
    headers.remove(forwarding::DEBUG);
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(encoding.as_str()));
    headers
}

/// Returns the fields that a request carries beyond a plain one. Without any, it *is* the plain
/// one. `cookies` holds the visitor's cookies that may mean something; others count as absent.
pub fn added(carried: &HeaderMap, plain: &HeaderMap, cookies: Option<&str>) -> Vec<HeaderName> {
    let says_the_same = |name: &HeaderName| {
        let none = *name == header::COOKIE && cookies.is_none();
        let text = |fields: &HeaderMap| selecting_text(name.as_str(), fields, Languages::AsSpelt);
        none || text(carried).is_some_and(|said| text(plain) == Some(said))
    };
    carried.keys().filter(|name| !says_the_same(name)).cloned().collect()
}

/// Returns the names of the fields that a plain request carries and another one does not, or with
/// another value: `Cookie` may hold cookies of the key, and others besides.
pub fn names_of_changed(plain: &HeaderMap, other: &HeaderMap) -> Vec<HeaderName> {
    // broken: changed-by-name
    plain.keys().filter(|name| plain.get(*name) != other.get(*name)).cloned().collect()
}

/// Tells whether a request with these added fields still counts as plain: the platform adds them,
/// not the visitor. (If the origin refuses the plain request, the visitor's own one is sent with
/// them.)
pub fn adds_nothing(added: &[HeaderName]) -> bool {
    added.iter().all(|name| name.as_str().starts_with("cf-") || name == "cdn-loop")
}

/// Tells whether a plain request carried a visitor's field that others need not send. `carried`
/// holds its fields. `is_of_site` is set for scripts of another site, which all send the same
/// `Origin`.
pub fn carries_what_selects(
    carried: &HeaderMap,
    forward: &ForwardHeaders,
    is_of_site: bool,
) -> bool {
    let ForwardHeaders::These(forwarded) = forward else { return false };
    let is_general =
        |name: &HeaderName| *name == header::ACCEPT_ENCODING || forwarded.contains(name);
    !is_of_site && carried.keys().any(|name| !is_general(name))
}

/// Tells whether the response to an own request may be as good as one to a plain request.
/// `not_for_visitor` is set if the stored response is not for the visitor. `is_canonical` is set if
/// the URL is spelt as in a plain request.
pub fn may_be_as_good(carried: &HeaderMap, not_for_visitor: bool, is_canonical: bool) -> bool {
    // Cookies that count as absent were sent to the origin all the same.
    !not_for_visitor && is_canonical && !carried.contains_key(header::COOKIE)
}

/// Tells whether the response to a request with the fields `added` is for all that its `Vary`
/// selects. A field too long to compare selects nothing.
pub fn is_as_good_as_plain(
    added: &[HeaderName],
    visitor: &dyn RequestFields,
    answer: &HeaderMap,
) -> bool {
    let Vary::Fields(names) = Vary::of(answer) else { return added.is_empty() };
    let selects = |name: &HeaderName| {
        *name != header::COOKIE && names.contains(name) && !visitor.is_incomparable(name.as_str())
    };
    // broken: own-answer-stored
    added.iter().all(selects)
}
