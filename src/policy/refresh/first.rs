//! The choice of the request that is sent first.

use http::header::HeaderName;

use crate::policy::refresh::guess::Order;
use crate::policy::refresh::plain::adds_nothing;
use crate::policy::stored::Pass;

/// The state of a page before a request to the origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnownPage {
    /// The page or another variant of it is stored.
    Stored,
    /// No response for all may serve this visitor.
    NotForVisitor,
    /// The page passes: it turned out uncacheable a short while ago.
    Passes(Pass),
    /// Nothing is known, and the request holds the lease of its slot.
    Unknown,
    /// Nothing is known, and the request has no lease: its response fills nothing.
    UnknownWithoutLease,
}

/// The request that is sent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstRequest {
    /// A plain request.
    Plain,
    /// A plain request with additional fields that similar pages vary by.
    PlainOnSuspicion,
    /// The visitor's own request. A plain one follows if the response says that the page may be
    /// shared.
    OwnThenPlain,
    /// The visitor's own request, and no other.
    OwnAlone,
}

/// Chooses the first request. `added` holds the fields that the visitor's own request adds to the
/// plain one. `order` comes from the rules, or else from a guess by similar pages.
pub fn first_request(page: KnownPage, added: &[HeaderName], order: Order) -> FirstRequest {
    let passes = matches!(page, KnownPage::Passes(_));
    // A request that adds nothing to the plain one is the plain one.
    if added.is_empty() || (adds_nothing(added) && !passes) {
        return FirstRequest::Plain;
    }
    match (page, order) {
        // broken: own-revalidation.first
        (KnownPage::Stored, _) => FirstRequest::Plain,
        (KnownPage::NotForVisitor | KnownPage::UnknownWithoutLease, _) => FirstRequest::OwnAlone,
        (KnownPage::Passes(pass), _) if pass.plain => FirstRequest::OwnAlone,
        (KnownPage::Unknown, Order::PlainFirst) => FirstRequest::PlainOnSuspicion,
        (KnownPage::Passes(_) | KnownPage::Unknown, Order::OwnOnly) => FirstRequest::OwnAlone,
        (KnownPage::Passes(_), Order::PlainFirst | Order::OwnFirst)
        | (KnownPage::Unknown, Order::OwnFirst) => FirstRequest::OwnThenPlain,
    }
}
