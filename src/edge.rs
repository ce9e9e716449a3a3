//! The edge: one request in, one answer out.

use std::rc::Rc;

use http::StatusCode;

use crate::admin;
use crate::answer::problem;
use crate::platform::{Platform, Response};
use crate::policy::status::CacheStatus;
use crate::routes::Route;
use crate::serve::serve;
use crate::trace::Trace;
use crate::visit::Visit;

/// Answers any request.
pub async fn handle<P: Platform>(
    platform: P,
    visit: Visit,
    body: Option<P::Body>,
) -> Response<P::Body> {
    let mut visit = visit;
    let config = platform.config();
    if Trace::wanted(config, &*visit.fields) {
        visit.trace = Some(Rc::default());
    }
    if !config.serves(visit.key.host()) {
        let detail = "HOSTS does not list the host that was asked for.";
        let status = StatusCode::MISDIRECTED_REQUEST;
        return own(problem(&platform, status, "This host is not served here", detail), "host");
    }
    match Route::of(visit.key.path(), &config.control_prefix) {
        Route::Page => serve(platform, visit, body).await,
        Route::Control(route) => {
            own(admin::control(&platform, route, &visit, body).await, "control")
        }
    }
}

/// An answer that came neither from the cache nor from the origin.
fn own<B>(mut response: Response<B>, detail: &'static str) -> Response<B> {
    CacheStatus::default().detail(detail).append_to(&mut response.headers);
    response
}
