//! What the response to a request to the origin means for the page.

use http::StatusCode;
use http::header::{ACCEPT_ENCODING, HeaderMap};

use crate::fields::conditional;
use crate::fields::vary::Vary;
use crate::policy::freshness::Lifetimes;
use crate::policy::storing::{Refusal, Storing};

/// What to do with the answer to a plain request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlainAnswer {
    /// It takes the page's place.
    Store(Lifetimes),
    /// The origin failed, or has no time now. What is stored stays, and may stand in.
    Failed,
    /// Nothing is stored, and the origin refuses this request: perhaps it answers a visitor's own.
    /// If not, what is then to be done with this answer.
    Refused(AfterRefusal),
    /// It is not for all: what is stored goes, and the page passes for a while.
    Pass(Refusal),
    /// It concerns one visitor, and says nothing of the page: what is stored stays, and each waiting
    /// request asks for itself.
    KeepToVisitor,
}

/// What a refusal means that the visitor's own request was answered with too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterRefusal {
    Store(Lifetimes),
    /// It is the origin's failure, and those who wait share it.
    Failed,
    /// It says nothing of the page: each asks for themselves.
    EachForThemselves,
}

/// What plain requests have to do with visitors' credentials (`SHARE_AUTHORIZED`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// None are ever carried.
    NotShared,
    /// This request carried none; others may.
    Absent,
    Carried,
}

/// What a plain answer other than a 304 means. `vouched`: something is stored that may be shown, or
/// vouch for the page.
pub fn plain_answer(
    status: StatusCode,
    vouched: bool,
    credentials: Credentials,
    storing: Storing,
) -> PlainAnswer {
    if concerns_credentials(status, credentials, &storing) {
        return PlainAnswer::KeepToVisitor;
    }
    let is_failure = status.is_server_error() || is_of_the_moment(status);
    if vouched {
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
        Storing::Refuse(_) if is_refusal => PlainAnswer::Refused(AfterRefusal::EachForThemselves),
        Storing::Refuse(refusal) => PlainAnswer::Pass(refusal),
    }
}

/// Whether a response concerns the credentials of one visitor: they are asked for, or what they brought
/// back is not to be stored.
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

/// What it means that no response came to a plain request: it may be the edge alone that the origin
/// does not answer.
pub fn no_answer(vouched: bool) -> PlainAnswer {
    if vouched { PlainAnswer::Failed } else { PlainAnswer::Refused(AfterRefusal::Failed) }
}

/// What a 304 means for the stored response that the origin was asked to compare with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotModified {
    /// The stored response still holds: freshen it (RFC 9111 §4.3.4).
    VouchesForStored,
    /// It speaks of something else: ask again, and have nothing compared. What is stored may still
    /// stand in.
    VouchesForAnother,
}

pub fn not_modified(not_modified: &HeaderMap, stored: &HeaderMap) -> NotModified {
    if conditional::selects(not_modified, stored) && varies_no_more(not_modified, stored) {
        NotModified::VouchesForStored
    } else {
        NotModified::VouchesForAnother
    }
}

/// Whether a 304 names no field in `Vary` that the stored response does not name; a body's coding
/// selects in any case.
fn varies_no_more(not_modified: &HeaderMap, stored: &HeaderMap) -> bool {
    match (Vary::of(not_modified), Vary::of(stored)) {
        (Vary::Fields(now), Vary::Fields(before)) => {
            now.iter().all(|name| *name == ACCEPT_ENCODING || before.contains(name))
        }
        (now, before) => now == before,
    }
}

/// Whether the origin serves a visitor's own request, after it refused the plain one.
pub fn serves_own(status: StatusCode) -> bool {
    status.is_success() || status.is_redirection()
}

/// What the answer to a visitor's own request, which is theirs alone, tells of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnAnswer {
    /// Such a page may be shared: a plain request is worth it.
    Promising,
    /// It tells nothing: another visitor may fare better.
    TellsNothing,
    Pass(Refusal),
}

pub fn own_answer(status: StatusCode, storing: Storing) -> OwnAnswer {
    let is_refusal = status.is_server_error()
        || is_of_the_moment(status)
        || is_forbidden(status)
        || blames_the_request(status);
    match storing {
        _ if is_refusal => OwnAnswer::TellsNothing,
        Storing::Store(_) => OwnAnswer::Promising,
        Storing::Refuse(refusal) => OwnAnswer::Pass(refusal),
    }
}

/// What an own request's sender knows besides its response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnRequest {
    /// What has been stored meanwhile, if anything, is not for its visitor.
    pub not_for_them: bool,
    pub has_lease: bool,
    /// Other requests wait for the lease to end.
    pub is_awaited: bool,
    /// A plain request may follow.
    pub follow: bool,
}

/// What is done after the visitor's own request, whose response was sent to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterOwn {
    /// The page passes for a while: no request waits for another.
    Pass(Refusal),
    /// Send a plain request, which the response promises something.
    Follow,
    /// Send a plain request for those that wait: one visitor's failure is not for them.
    FollowForWaiting,
    /// Nothing was learned: waiting requests look again.
    Abandon,
    /// Nothing will be stored now: waiting requests ask for themselves.
    EachForThemselves,
    /// The page passed before, and no request waits.
    Nothing,
}

pub fn after_own(tells: OwnAnswer, own: OwnRequest) -> AfterOwn {
    match tells {
        // That what is stored is not for this visitor says nothing of the page.
        _ if own.not_for_them => AfterOwn::Abandon,
        OwnAnswer::Pass(_) if !own.has_lease => AfterOwn::Nothing,
        OwnAnswer::Pass(refusal) => AfterOwn::Pass(refusal),
        OwnAnswer::Promising if own.follow => AfterOwn::Follow,
        OwnAnswer::Promising => AfterOwn::EachForThemselves,
        OwnAnswer::TellsNothing if own.is_awaited => AfterOwn::FollowForWaiting,
        OwnAnswer::TellsNothing => AfterOwn::Abandon,
    }
}

fn is_forbidden(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
}

/// The origin may be well the next time (RFC 9110 §15.5.9, RFC 8470, RFC 6585 §4).
fn is_of_the_moment(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 425 | 429)
}

/// The origin finds fault with this request, and says nothing of the page (RFC 9110 §15.5, RFC 6585).
fn blames_the_request(status: StatusCode) -> bool {
    matches!(status.as_u16(), 400 | 405 | 406 | 407 | 411..=417 | 421 | 426 | 428 | 431)
}
