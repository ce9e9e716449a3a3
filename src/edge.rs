//! The edge: one request in, one response out.
//!
//! The runtime calls [`handle`] for each request. It sends pages to [`crate::page`], and paths
//! under the control prefix to [`crate::control`].

use std::rc::Rc;

use futures::FutureExt;
use http::StatusCode;

use crate::control;
use crate::fields::cache_status::{CacheStatus, Detail};
use crate::page::answer::own_problem;
use crate::page::hit::Answer;
use crate::page::request_log::RequestLog;
use crate::page::serve::serve;
use crate::page::server_timing::ServerTiming;
use crate::page::visit::Visit;
use crate::platform::Platform;
use crate::routes::Route;

/// Responds to any request.
///
/// The host is checked before the path: `HOSTS` also protects the routes under the control prefix.
pub async fn handle<P: Platform>(
    platform: P,
    visit: Visit,
    body: Option<P::Body>,
) -> Answer<P::Body> {
    let mut visit = visit;
    let config = platform.config();
    if ServerTiming::wanted(config, &*visit.fields) {
        visit.server_timing = Some(Rc::default());
    }
    if !config.serves(visit.key.host()) {
        let detail = "HOSTS does not list the host that was asked for.";
        let status = StatusCode::MISDIRECTED_REQUEST;
        let title = "This host is not served here";
        return own_problem(&platform, Detail::Host, status, title, detail).into();
    }
    match Route::of(visit.key.path(), &config.control_prefix) {
        Route::Page => match RequestLog::begin(config.log, &visit) {
            None => serve(platform, visit, body).await,
            Some(log) => {
                visit.log = Some(log.clone());
                let answer = serve(platform.clone(), visit, body).await;
                log.write(&platform, &answer);
                answer
            }
        },
        Route::Control(route) => {
            // Boxed, because hits would carry its state with them.
            let control = control::control(&platform, route, &visit, body).boxed_local();
            let mut response = control.await;
            CacheStatus::default().detail(Detail::Control).append_to(&mut response.headers);
            response.into()
        }
    }
}
