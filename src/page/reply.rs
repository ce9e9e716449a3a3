//! The one who waits for an answer from the origin, if anyone does.

use futures::channel::oneshot;

use crate::fields::cache_status::{CacheStatus, Detail};
use crate::page::answer;
use crate::page::lookup::{Candidate, Found, Lookup, judge, look};
use crate::page::visit::Visit;
use crate::platform::{Platform, Response};
use crate::policy::reuse::Verdict;
use crate::policy::time::Time;

/// Who is waiting for the answer, if anyone.
pub struct Reply<P: Platform> {
    sender: Option<oneshot::Sender<Response<P::Body>>>,
    pub arrived: Time,
    collapsed: bool,
    pub detail: Option<Detail>,
}

impl<P: Platform> Reply<P> {
    pub fn waiting(arrived: Time, sender: oneshot::Sender<Response<P::Body>>) -> Self {
        Reply { sender: Some(sender), arrived, collapsed: false, detail: None }
    }

    pub fn absent() -> Self {
        Reply { sender: None, arrived: Time(0), collapsed: false, detail: None }
    }

    /// The visitor waited for another request to the origin.
    pub fn waited(&mut self) {
        self.collapsed = true;
    }

    pub fn is_there(&self) -> bool {
        self.sender.is_some()
    }

    /// Sends the visitor the answer. A body that is not read is cancelled.
    pub fn send(&mut self, platform: &P, response: Response<P::Body>) {
        let unread = match self.sender.take() {
            Some(sender) => sender.send(response).err(),
            None => Some(response),
        };
        if let Some(response) = unread {
            platform.discard(response.body);
        }
    }

    /// Another request to the origin failed: what is stored stands in if it may.
    pub async fn told_of_failure(
        &mut self,
        platform: &P,
        visit: &Visit,
        lookup: Lookup<P::Body>,
        failure: u16,
    ) {
        let reason = lookup.forward_reason();
        let status = CacheStatus::forwarded(reason).answered(failure);
        let status = CacheStatus { collapsed: self.collapsed, ..status };
        let stand_in = stand_in(platform, visit, lookup.found).await;
        let response = match stand_in {
            Some((candidate, ttl)) => {
                let status = CacheStatus::hit(ttl).answered(failure).detail(Detail::OriginFailed);
                answer::stored(platform, visit, candidate.stored, candidate.body, status)
            }
            None => answer::shared_failure(platform, failure, status),
        };
        self.send(platform, response);
    }
}

/// What is stored, if it may be shown because the origin failed. That is looked at and judged anew: a
/// newer response or a purge may have come while the origin was being asked.
pub async fn stand_in<P: Platform>(
    platform: &P,
    visit: &Visit,
    found: Found<P::Body>,
) -> Option<(Box<Candidate<P::Body>>, i64)> {
    let Found::Response(candidate) = found else { return None };
    if let Verdict::Discard { .. } = candidate.verdict {
        return None;
    }
    let newest = look(platform, visit).await;
    let (candidate, verdict) = match newest.found {
        // It is no longer for all.
        Found::Pass(_) | Found::NotForThem(_) => return None,
        Found::Response(newer)
            if newer.stored.provenance.fetched_at > candidate.stored.provenance.fetched_at =>
        {
            platform.discard(candidate.body);
            let verdict = newer.verdict;
            (newer, verdict)
        }
        _ => {
            let verdict = judge(platform, visit, &candidate.stored).await;
            (candidate, verdict)
        }
    };
    match verdict {
        Verdict::Serve { ttl } | Verdict::ServeStale { ttl } => Some((candidate, ttl)),
        Verdict::Revalidate { ttl, on_error_until: Some(until) } if platform.now() < until => {
            Some((candidate, ttl))
        }
        _ => None,
    }
}
