//! The meaning of an origin's response for the page.

use http::StatusCode;
use http::header::{ACCEPT_ENCODING, HeaderMap};

use crate::fields::conditional;
use crate::fields::vary::Vary;
use crate::policy::freshness::Lifetimes;
use crate::policy::storing::{Refusal, Storing};

/// The action after the response to a plain request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlainAnswer {
    /// The response replaces the stored one.
    Store(Lifetimes),
    /// The origin failed, or blames the request. The stored response stays, and may stand in.
    Failed,
    /// Nothing is stored, and the origin refuses the plain request: the visitor's own may succeed.
    /// If it fails too, the value tells what to do with this response.
    Refused(AfterRefusal),
    /// The response is not for all: the stored one is removed, and the page passes for a while.
    Pass(Refusal),
    /// The response concerns one visitor and says nothing of the page. The stored one stays, and
    /// each waiting request goes to the origin itself.
    KeepToVisitor,
}

/// The action if the origin refuses the visitor's own request too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterRefusal {
    /// The refusal is stored with these lifetimes.
    Store(Lifetimes),
    /// The origin failed, and the waiting requests share the failure.
    Failed,
    /// The refusal says nothing of the page: each waiting request goes to the origin itself.
    EachAsksTheOrigin,
}

/// The credentials of visitors in plain requests (`SHARE_AUTHORIZED`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// Plain requests never carry credentials.
    NotShared,
    /// This request carried none; others may.
    Absent,
    /// This request carried a visitor's credentials.
    Carried,
}

/// Decides about a plain request's response other than a 304. `has_stored` is set if a stored
/// response may still be shown or revalidated.
pub fn plain_answer(
    status: StatusCode,
    has_stored: bool,
    credentials: Credentials,
    storing: Storing,
) -> PlainAnswer {
    if concerns_credentials(status, credentials, &storing) {
        return PlainAnswer::KeepToVisitor;
    }
    let is_failure = is_failure(status);
    if has_stored {
        return match storing {
            _ if is_failure || blames_the_request(status) => PlainAnswer::Failed,
            Storing::Refuse(_) if is_forbidden(status) => PlainAnswer::Pass(Refusal::PlainRefused),
            Storing::Store(_) if is_forbidden(status) => PlainAnswer::Pass(Refusal::PlainRefused),
            Storing::Store(lifetimes) => PlainAnswer::Store(lifetimes),
            Storing::Refuse(refusal) => PlainAnswer::Pass(refusal),
        };
    }
    let is_refusal = is_failure || is_forbidden(status) || blames_the_request(status);
    match storing {
        Storing::Store(lifetimes) if is_refusal => {
            PlainAnswer::Refused(AfterRefusal::Store(lifetimes))
        }
        Storing::Store(lifetimes) => PlainAnswer::Store(lifetimes),
        Storing::Refuse(_) if is_failure => PlainAnswer::Refused(AfterRefusal::Failed),
        Storing::Refuse(_) if is_refusal => PlainAnswer::Refused(AfterRefusal::EachAsksTheOrigin),
        Storing::Refuse(refusal) => PlainAnswer::Pass(refusal),
    }
}

/// Tells whether a response concerns one visitor's credentials. The origin requires them, or its
/// response to them is not to be stored.
fn concerns_credentials(status: StatusCode, credentials: Credentials, storing: &Storing) -> bool {
    match credentials {
        Credentials::NotShared => false,
        Credentials::Absent => status == StatusCode::UNAUTHORIZED,
        Credentials::Carried => {
            let is_stored = matches!(storing, Storing::Store(_)) && status.is_success();
            !is_stored && !status.is_server_error()
        }
    }
}

/// Decides about a plain request that got no response. Perhaps the origin ignores only requests
/// without a visitor's fields.
pub fn no_answer(has_stored: bool) -> PlainAnswer {
    if has_stored { PlainAnswer::Failed } else { PlainAnswer::Refused(AfterRefusal::Failed) }
}

/// The meaning of a 304 for the stored response whose validators were sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotModified {
    /// The stored response is still valid: freshen it (RFC 9111 §4.3.4).
    VouchesForStored,
    /// The 304 is about another response: repeat the request without conditions. The stored
    /// response may still stand in.
    VouchesForAnother,
}

/// Decides whether a 304 confirms the stored response.
pub fn not_modified(not_modified: &HeaderMap, stored: &HeaderMap) -> NotModified {
    if conditional::selects(not_modified, stored) && varies_no_more(not_modified, stored) {
        NotModified::VouchesForStored
    } else {
        NotModified::VouchesForAnother
    }
}

/// Tells whether a 304 names no field in `Vary` that the stored response does not name.
/// `Accept-Encoding` is exempt: the content coding selects in any case.
fn varies_no_more(not_modified: &HeaderMap, stored: &HeaderMap) -> bool {
    match (Vary::of(not_modified), Vary::of(stored)) {
        (Vary::Fields(now), Vary::Fields(before)) => {
            now.iter().all(|name| *name == ACCEPT_ENCODING || before.contains(name))
        }
        (now, before) => now == before,
    }
}

/// Tells whether the origin serves a visitor's own request, after it refused the plain one.
pub fn serves_own(status: StatusCode) -> bool {
    status.is_success() || status.is_redirection()
}

/// The meaning for the page of the response to a visitor's own request, which is not shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnAnswer {
    /// Such a page may be shared: a plain request is worthwhile.
    Promising,
    /// The response says nothing of the page: another visitor may get a better one.
    TellsNothing,
    /// The page is not for all, for this reason.
    Pass(Refusal),
}

/// Decides what the response to a visitor's own request tells of the page.
pub fn own_answer(status: StatusCode, storing: Storing) -> OwnAnswer {
    let is_refusal = is_failure(status) || is_forbidden(status) || blames_the_request(status);
    match storing {
        _ if is_refusal => OwnAnswer::TellsNothing,
        Storing::Store(_) => OwnAnswer::Promising,
        Storing::Refuse(refusal) => OwnAnswer::Pass(refusal),
    }
}

/// The circumstances of an own request besides its response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnRequest {
    /// Set if no response for all may serve this visitor.
    pub not_for_visitor: bool,
    /// Set if the request holds the lease of its slot.
    pub has_lease: bool,
    /// Set if other requests wait for the lease to end.
    pub is_awaited: bool,
    /// Set if a plain request may follow.
    pub follow: bool,
}

/// The action after a visitor's own request, whose response was sent already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterOwn {
    /// The page passes for a while: no request waits for another.
    Pass(Refusal),
    /// Send a plain request: the response promises that the page may be shared.
    Follow,
    /// Send a plain request for the waiting ones: one visitor's failure is not for them.
    FollowForWaiting,
    /// Nothing was learned: waiting requests look again.
    Abandon,
    /// Nothing will be stored now: each waiting request goes to the origin itself.
    EachAsksTheOrigin,
    /// The page passed before, and no request waits.
    Nothing,
}

/// Decides the action after an own request; `tells` is what its response says of the page.
pub fn after_own(tells: OwnAnswer, own: OwnRequest) -> AfterOwn {
    match tells {
        // A stored response that is not for this visitor says nothing of the page.
        _ if own.not_for_visitor => AfterOwn::Abandon,
        OwnAnswer::Pass(_) if !own.has_lease => AfterOwn::Nothing,
        OwnAnswer::Pass(refusal) => AfterOwn::Pass(refusal),
        OwnAnswer::Promising if own.follow => AfterOwn::Follow,
        OwnAnswer::Promising => AfterOwn::EachAsksTheOrigin,
        OwnAnswer::TellsNothing if own.is_awaited => AfterOwn::FollowForWaiting,
        OwnAnswer::TellsNothing => AfterOwn::Abandon,
    }
}

fn is_forbidden(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
}

/// Tells whether a status is a failure of the origin, and not its word on the request or the page.
pub fn is_failure(status: StatusCode) -> bool {
    status.is_server_error() || is_of_the_moment(status)
}

/// Tells whether the origin may succeed the next time (RFC 9110 §15.5.9, RFC 8470, RFC 6585 §4).
fn is_of_the_moment(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 425 | 429)
}

/// Tells whether the origin blames the request and says nothing of the page (RFC 9110 §15.5, RFC
/// 6585).
fn blames_the_request(status: StatusCode) -> bool {
    matches!(status.as_u16(), 400 | 405 | 406 | 407 | 411..=417 | 421 | 426 | 428 | 431)
}
