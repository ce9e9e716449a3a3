//! The one who waits for an answer from the origin, if anyone does.

use futures::channel::oneshot;

use crate::answer;
use crate::lookup::{Found, Sight, Usable};
use crate::platform::{Platform, Response};
use crate::policy::reuse::Verdict;
use crate::policy::status::CacheStatus;
use crate::visit::Visit;

/// Who is waiting for the answer, if anyone.
pub struct Visitor<P: Platform> {
    sender: Option<oneshot::Sender<Response<P::Body>>>,
    collapsed: bool,
    pub detail: Option<&'static str>,
}

impl<P: Platform> Visitor<P> {
    pub fn waiting(sender: oneshot::Sender<Response<P::Body>>) -> Self {
        Visitor { sender: Some(sender), collapsed: false, detail: None }
    }

    pub fn nobody() -> Self {
        Visitor { sender: None, collapsed: false, detail: None }
    }

    /// The visitor was held up for somebody else's request to the origin.
    pub fn waited(&mut self) {
        self.collapsed = true;
    }

    pub fn is_there(&self) -> bool {
        self.sender.is_some()
    }

    pub fn send(&mut self, response: Response<P::Body>) {
        if let Some(sender) = self.sender.take() {
            // Whoever has hung up needs no answer.
            let _ = sender.send(response);
        }
    }

    /// Somebody else's request to the origin failed: what is stored stands in if it may.
    pub fn told_of_failure(
        &mut self,
        platform: &P,
        visit: &Visit,
        sight: Sight<P::Body>,
        failure: u16,
    ) {
        let status = CacheStatus {
            collapsed: self.collapsed,
            ..CacheStatus::forwarded(sight.forward_reason()).answered(failure)
        };
        self.send(match stand_in(platform, sight.found) {
            Some((usable, ttl)) => {
                let status = CacheStatus::hit(ttl).answered(failure).detail("origin-failed");
                answer::stored(platform, visit, usable.stored, usable.body, status)
            }
            None => answer::shared_failure(platform, failure, status),
        });
    }
}

/// What is stored, if it may be shown because the origin failed.
pub fn stand_in<P: Platform>(
    platform: &P,
    found: Found<P::Body>,
) -> Option<(Box<Usable<P::Body>>, i64)> {
    let Found::Response(usable) = found else { return None };
    match usable.verdict {
        Verdict::ServeStale { ttl } => Some((usable, ttl)),
        Verdict::Revalidate { ttl, on_error_until: Some(until) } if platform.now() < until => {
            Some((usable, ttl))
        }
        _ => None,
    }
}
