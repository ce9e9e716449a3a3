//! What the answer to a plain request means for the page.

use http::StatusCode;

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

/// What a plain answer other than a 304 means. `vouched`: something is stored that may be shown, or
/// vouch for the page.
pub fn plain_answer(status: StatusCode, vouched: bool, storing: Storing) -> PlainAnswer {
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
