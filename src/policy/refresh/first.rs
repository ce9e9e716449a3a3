//! Which request is sent first.

use http::header::HeaderName;

use crate::policy::refresh::guess::Order;
use crate::policy::refresh::plain::adds_nothing;
use crate::policy::stored::Pass;

/// What is known of a page before the origin is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnownPage {
    /// It is stored, or another variant of it.
    Stored,
    /// What is stored is not for this visitor.
    NotForThem,
    Passes(Pass),
    /// Nothing, and the request holds the lease of its slot.
    Unknown,
    /// Nothing, and the request has no lease: what it brings back fills nothing.
    UnknownWithoutLease,
}

/// Which request is sent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstRequest {
    /// The plain one.
    Plain,
    /// The plain one, with the fields besides that pages like this one vary by.
    PlainOnSuspicion,
    /// The visitor's own. A plain one follows if its response says that the page may be shared.
    OwnThenPlain,
    /// The visitor's own, and no other.
    OwnAlone,
}

/// Which request is sent first. `added`: the fields that the visitor's own adds to the plain one.
/// `order`: what the rules say, or else a guess by what pages of its section were like.
pub fn first_request(page: KnownPage, added: &[HeaderName], order: Order) -> FirstRequest {
    let passes = matches!(page, KnownPage::Passes(_));
    // A request that adds nothing to the plain one is the plain one.
    if added.is_empty() || (adds_nothing(added) && !passes) {
        return FirstRequest::Plain;
    }
    match (page, order) {
        // broken: own-revalidation.first
        (KnownPage::Stored, _) => FirstRequest::Plain,
        (KnownPage::NotForThem | KnownPage::UnknownWithoutLease, _) => FirstRequest::OwnAlone,
        (KnownPage::Passes(pass), _) if pass.plain => FirstRequest::OwnAlone,
        (KnownPage::Unknown, Order::PlainFirst) => FirstRequest::PlainOnSuspicion,
        (KnownPage::Passes(_) | KnownPage::Unknown, Order::OwnOnly) => FirstRequest::OwnAlone,
        (KnownPage::Passes(_), Order::PlainFirst | Order::OwnFirst)
        | (KnownPage::Unknown, Order::OwnFirst) => FirstRequest::OwnThenPlain,
    }
}
