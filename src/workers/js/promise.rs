//! The future of a request, which becomes a promise.
//!
//! `wasm_bindgen_futures` polls from `queueMicrotask`: a call into the runtime for each step. A hit
//! has two steps, and both are polled in the call that JavaScript makes anyway: the first when the
//! request comes, the second when the stored response does ([`wake_at_once`]). All other steps are
//! left to `wasm_bindgen_futures`.

use std::cell::RefCell;
use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use worker::send::SendWrapper;

/// A future until it has ended. A waker must be `Send`, though an isolate has one thread.
struct Task(SendWrapper<RefCell<Option<LocalBoxFuture<'static, ()>>>>);

thread_local! {
    /// The tasks that were woken during [`wake_at_once`]; `None` at any other time.
    static WOKEN: RefCell<Option<Vec<Arc<Task>>>> = const { RefCell::new(None) };
}

/// Makes a promise of the result. The future is polled before this function returns.
pub fn promise<T: Into<JsValue>>(future: impl Future<Output = T> + 'static) -> Promise {
    let mut resolver = None;
    let promise = Promise::new(&mut |resolve, _| resolver = Some(resolve));
    let work = async move {
        let result = future.await.into();
        if let Some(resolve) = resolver {
            // Resolving a promise does not throw.
            let _ = resolve.call1(&JsValue::UNDEFINED, &result);
        }
    };
    Arc::new(Task(SendWrapper(RefCell::new(Some(work.boxed_local()))))).run();
    promise
}

/// Calls `arrive`, and then polls the tasks that it wakes. Call it from JavaScript alone: a task
/// that is being polled cannot be polled again.
pub fn wake_at_once(arrive: impl FnOnce()) {
    WOKEN.set(Some(Vec::new()));
    arrive();
    for task in WOKEN.take().unwrap_or_default() {
        task.run();
    }
}

impl Task {
    fn run(self: Arc<Self>) {
        let waker = Waker::from(self.clone());
        let mut future = self.0.borrow_mut();
        let is_ready = |it: &mut LocalBoxFuture<'_, ()>| {
            it.poll_unpin(&mut Context::from_waker(&waker)).is_ready()
        };
        if future.as_mut().is_some_and(is_ready) {
            *future = None;
        }
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        let later = WOKEN.with_borrow_mut(|woken| match woken {
            Some(woken) => {
                woken.push(self);
                None
            }
            None => Some(self),
        });
        if let Some(task) = later {
            spawn_local(async move { task.run() });
        }
    }
}
