//! Where the response goes: to a waiting visitor, or nowhere.

use std::mem;

use futures::channel::oneshot;

use crate::fields::cache_status::{CacheStatus, Detail, Forward};
use crate::page::answer;
use crate::page::found::{Candidate, Found, Since};
use crate::page::lookup::{judge, look};
use crate::page::visit::Visit;
use crate::platform::{Platform, Response};
use crate::policy::stand_in::{self as policy, StandIn};
use crate::policy::stored::StoredResponse;

/// Where the response to a request goes, and what is said with it.
pub struct Reply<P: Platform> {
    to: Recipient<P::Body>,
    collapsed: bool,
    pub detail: Option<Detail>,
}

enum Recipient<B> {
    Visitor(oneshot::Sender<Response<B>>),
    /// No visitor: a refresh in the background, or one whose visitor has the response already.
    Background,
}

impl<P: Platform> Reply<P> {
    pub fn waiting(sender: oneshot::Sender<Response<P::Body>>) -> Self {
        Reply { to: Recipient::Visitor(sender), collapsed: false, detail: None }
    }

    pub fn absent() -> Self {
        Reply { to: Recipient::Background, collapsed: false, detail: None }
    }

    /// The visitor waited for another request to the origin.
    pub fn waited(&mut self) {
        self.collapsed = true;
    }

    pub fn is_there(&self) -> bool {
        matches!(self.to, Recipient::Visitor(_))
    }

    /// Sends the visitor the answer, unless the visitor is gone.
    pub fn send(&mut self, response: Response<P::Body>) {
        if let Recipient::Visitor(sender) = mem::replace(&mut self.to, Recipient::Background) {
            // What comes back is dropped, and its body with it.
            let _ = sender.send(response);
        }
    }

    /// Another request to the origin failed: what is stored stands in if it may.
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
                answer::stored(platform, visit, shown.stored, shown.body, status)
            }
            None => answer::shared_failure(platform, failure, status),
        };
        self.send(response);
    }
}

/// A stored response that stands in for a failing origin.
pub struct Shown<B> {
    pub stored: StoredResponse,
    pub body: B,
    pub ttl: i64,
}

/// What is stored, if it may be shown because the origin failed. It is looked at and judged anew: a
/// newer response or a purge may have come while the origin was being asked.
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
            let verdict = judge(platform, visit, &before.stored).await;
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
