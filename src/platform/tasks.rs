//! Work beside a request: background work, and waits for other requests.

use std::future::Future;
use std::time::Duration;

use futures::channel::oneshot::{self, Sender};
use futures::future::{Either, LocalBoxFuture, join, select};
use futures::pin_mut;

use crate::platform::Clock;

/// Ends a wait in another request of the same isolate.
pub type Signal = Box<dyn FnOnce()>;

/// Background work, and waits for other requests.
pub trait Tasks {
    /// Runs `work` in the background. It goes on after the visitor has the response or has hung up.
    fn defer(&self, work: impl Future<Output = ()> + 'static);
    /// Returns a signal, and a wait that ends when the signal is given, or after `limit`.
    fn signal(&self, limit: Duration) -> (Signal, impl Future<Output = ()> + use<Self>);
}

/// Runs work that goes on when the caller is gone, because others may wait for it too. `None` means
/// that the work was lost.
pub async fn detached<P: Tasks, T: 'static>(
    platform: &P,
    work: impl Future<Output = T> + 'static,
) -> Option<T> {
    let send_result = |sender: Sender<T>| async move {
        // A caller that is gone needs no result.
        let _ = sender.send(work.await);
    };
    detached_until_sent(platform, send_result).await
}

/// Works like [`detached`], for work that sends its result before it ends.
pub async fn detached_until_sent<P: Tasks, T: 'static, W: Future<Output = ()> + 'static>(
    platform: &P,
    work: impl FnOnce(Sender<T>) -> W,
) -> Option<T> {
    let (sender, result) = oneshot::channel();
    platform.defer(work(sender));
    result.await.ok()
}

/// Runs so many lanes of work at the same time, each made by `lane`. A lane takes one piece of work after
/// the other from a list that all share.
///
/// The streams of `futures` can do the same. Each kind of work would take 3 kB of the Worker.
pub fn in_lanes<'w>(
    count: usize,
    lane: &'w dyn Fn() -> LocalBoxFuture<'w, ()>,
) -> LocalBoxFuture<'w, ()> {
    Box::pin(async move {
        if count > 1 {
            join(lane(), in_lanes(count - 1, lane)).await;
        } else {
            lane().await;
        }
    })
}

/// Returns the result of `work`, or `None` if it takes longer than `limit`.
pub async fn within<P: Clock, T>(
    platform: &P,
    limit: Duration,
    work: impl Future<Output = T>,
) -> Option<T> {
    let timeout = platform.sleep(limit);
    pin_mut!(work, timeout);
    match select(work, timeout).await {
        Either::Left((result, _)) => Some(result),
        Either::Right(_) => None,
    }
}
