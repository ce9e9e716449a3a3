//! Work that outlives a request's response, and waits with a limit.

use std::future::Future;
use std::time::Duration;

use futures::FutureExt;
use futures::future::{Either, select};
use futures::pin_mut;
use js_sys::{Function, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use worker::Delay;

use super::runtime::Runtime;
use crate::platform::{Signal, Tasks};

impl Tasks for Runtime {
    fn defer(&self, work: impl Future<Output = ()> + 'static) {
        // Boxed, so that the way to a promise is compiled once for all kinds of work.
        self.context.wait_until(work.boxed_local());
    }

    fn signal(&self, limit: Duration) -> (Signal, impl Future<Output = ()> + use<>) {
        let mut resolver: Option<Function> = None;
        let promise = Promise::new(&mut |resolve, _| resolver = Some(resolve));
        let signal: Signal = Box::new(move || {
            if let Some(resolve) = resolver {
                // Resolving a promise does not throw.
                let _ = resolve.call0(&JsValue::NULL);
            }
        });
        // The runtime ends a request that awaits only another request's promise, as hung. A timer
        // of its own keeps it alive.
        let wait = async move { drop(within(limit, JsFuture::from(promise)).await) };
        (signal, wait)
    }
}

/// Returns the result of `work`, or `None` if it takes longer than `limit`.
pub async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    pin_mut!(work);
    match select(work, Delay::from(limit)).await {
        Either::Left((result, _)) => Some(result),
        Either::Right(_) => None,
    }
}
