//! The destination of a response: a waiting visitor, or none.
//!
//! The flows call [`Reply::send`] as soon as there is a response, and go on storing after it.

use std::cell::RefCell;
use std::rc::Rc;

use futures::channel::oneshot;

use crate::fields::cache_status::{CacheStatus, Detail, Forward};
use crate::page::answer;
use crate::page::found::{Candidate, Found, Since};
use crate::page::lookup::{judge, look};
use crate::page::visit::Visit;
use crate::platform::{Platform, Response};
use crate::policy::stand_in::{self as policy, StandIn};
use crate::policy::stored::StoredResponse;

/// The destination of the response to a request, and the details to report with it.
pub struct Reply<P: Platform> {
    /// The visitor, until a response has been sent. `None`: a refresh in the background, or one whose
    /// visitor has the response already.
    to: Rc<RefCell<Option<Visitor<P::Body>>>>,
    /// Whether the visitor waited for another request to the origin.
    collapsed: bool,
    /// The detail for `Cache-Status`, if the lease gave one.
    pub detail: Option<Detail>,
}

/// A visitor that waits for the response.
type Visitor<B> = oneshot::Sender<Response<B>>;

impl<P: Platform> Reply<P> {
    /// A reply to a visitor. The response goes through `sender`, at most once.
    pub fn waiting(sender: Visitor<P::Body>) -> Self {
        Reply { to: Rc::new(RefCell::new(Some(sender))), collapsed: false, detail: None }
    }

    /// A reply to no visitor, for a refresh in the background.
    pub fn absent() -> Self {
        Reply { to: Rc::default(), collapsed: false, detail: None }
    }

    /// A reply to the same visitor, for another source: the first response that is sent counts.
    pub fn beside(&self) -> Self {
        Reply { to: self.to.clone(), ..*self }
    }

    /// Notes that the visitor waited for another request to the origin.
    pub fn waited(&mut self) {
        self.collapsed = true;
    }

    /// Tells whether a visitor still waits for the response.
    pub fn is_there(&self) -> bool {
        self.to.borrow().is_some()
    }

    /// Sends the visitor the response. Without a waiting visitor it does nothing.
    pub fn send(&mut self, response: Response<P::Body>) {
        if let Some(sender) = self.to.take() {
            // The response to a visitor that is gone comes back, and is dropped with its body.
            let _ = sender.send(response);
        }
    }

    /// Responds after another request to the origin has failed with the status `failure`.
    ///
    /// The stored response stands in if it may. Otherwise the visitor gets the same failure, so
    /// that the origin is not asked again.
    pub async fn told_of_failure(
        &mut self,
        platform: &P,
        visit: &Visit,
        found: Found<P::Body>,
        reason: Forward,
        failure: u16,
    ) {
        let status = CacheStatus::forwarded(reason).answered(failure);
        let status = CacheStatus { collapsed: self.collapsed, ..status };
        let stand_in = stand_in(platform, visit, found).await;
        let response = match stand_in {
            Some(shown) => {
                let status = CacheStatus::hit(shown.ttl).answered(failure);
                let status = status.detail(Detail::OriginFailed);
                answer::stored(platform, visit, &shown.stored, shown.body, status)
            }
            None => answer::shared_failure(platform, failure, status),
        };
        self.send(response);
    }
}

/// A stored response that stands in for a failing origin.
pub struct Shown<B> {
    /// The response without its body.
    pub stored: Rc<StoredResponse>,
    /// Its body.
    pub body: B,
    /// The remaining lifetime in seconds, negative for a stale response.
    pub ttl: i64,
}

/// Returns the stored response, if it may be shown because the origin failed.
///
/// It is looked up and judged anew: a newer response or a purge may have come while the origin was
/// being asked.
pub async fn stand_in<P: Platform>(
    platform: &P,
    visit: &Visit,
    found: Found<P::Body>,
) -> Option<Shown<P::Body>> {
    let Found::Response(before) = found else { return None };
    let newest = look(platform, visit).await.found;
    let (candidate, verdict) = match newest.since(before.stored.provenance.fetched_at) {
        Since::Gone => return None,
        Since::Newer(newer) => {
            let verdict = newer.verdict;
            (newer, verdict)
        }
        Since::StillNewest => {
            let verdict = judge(platform, visit, &before.stored, &before.derived).await.verdict;
            (before, verdict)
        }
    };
    match policy::stand_in(verdict, platform.now()) {
        StandIn::Shown { ttl } => {
            let Candidate { stored, body, .. } = *candidate;
            Some(Shown { stored, body, ttl })
        }
        StandIn::No => None,
    }
}
