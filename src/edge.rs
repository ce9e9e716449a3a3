//! The edge: one request in, one response out.
//!
//! The runtime calls [`handle`] for each request. It sends pages to [`crate::page`], and paths
//! under the control prefix to [`crate::control`].

use std::rc::Rc;

use http::StatusCode;

use crate::control;
use crate::fields::cache_status::{CacheStatus, Detail};
use crate::page::answer::own_problem;
use crate::page::hit::Answer;
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
        Route::Page if config.log_requests => {
            let line = format!("{} {}", visit.method, visit.path_and_query());
            let answer = serve(platform.clone(), visit, body).await;
            platform.log(&format!("{line} {}", outcome(&answer)));
            answer
        }
        Route::Page => serve(platform, visit, body).await,
        Route::Control(route) => {
            let mut response = control::control(&platform, route, &visit, body).await;
            CacheStatus::default().detail(Detail::Control).append_to(&mut response.headers);
            response.into()
        }
    }
}

/// Sums up for the request log what the cache did, and why.
///
/// The words come from the response's own `Cache-Status`, so the log and the header never disagree.
fn outcome<B>(answer: &Answer<B>) -> String {
    let said = answer.cache_status().unwrap_or("");
    let said = said.split_once("; ").map_or("", |(_, said)| said);
    let has = |word: &str| said.split("; ").any(|part| part == word);
    let word = match () {
        () if has("hit") && said.contains("ttl=-") => "stale",
        () if has("hit") => "hit",
        () if has("stored") || has("collapsed") || said.starts_with("fwd=stale") => "miss",
        () if said.contains("detail=") => "pass",
        () => "miss",
    };
    format!("{} {word} ({said})", answer.status().as_u16())
}
