//! From the durable tier to the visitor: before the origin is asked, or beside it.

use futures::future::{Either, select};
use futures::pin_mut;

use crate::durable::restore::{TierResponse, Wanted, find, put_into_cache};
use crate::fields::cache_status::{CacheStatus, Detail};
use crate::page::answer;
use crate::page::found::{Candidate, Found, Lookup};
use crate::page::lookup::look;
use crate::page::reply::Reply;
use crate::page::visit::Visit;
use crate::platform::Platform;
use crate::policy::reuse::Verdict;
use crate::policy::time::Time;
use crate::policy::timing::DURABLE_WAIT;

/// Puts the page into the data centre's cache, if the tier has it, and looks it up again.
///
/// After [`DURABLE_WAIT`] the caller is to ask the origin. The visitor then gets whichever response
/// comes first. Hold the lease of the page, so that a page is read once.
pub async fn restore<P: Platform>(
    platform: &P,
    visit: &Visit,
    lookup: &Lookup<P::Body>,
    reply: &Reply<P>,
) -> Option<Lookup<P::Body>> {
    let wanted = Wanted::new(platform, visit, lookup)?;
    let finding = Box::pin(find(platform.clone(), wanted.clone()));
    let wait = platform.sleep(DURABLE_WAIT);
    pin_mut!(wait);
    match select(finding, wait).await {
        Either::Left((copy, _)) => Some(put_and_look(platform, wanted, copy?).await),
        Either::Right(((), finding)) => {
            let (late, reply) = (platform.clone(), reply.beside());
            platform.defer(async move {
                if let Some(copy) = finding.await {
                    show_late(&late, wanted, copy, reply).await;
                }
            });
            None
        }
    }
}

/// Puts the page into the data centre's cache as [`restore`] does, however long the tier takes: for a
/// request that the origin has failed.
pub async fn restore_at_last<P: Platform>(
    platform: &P,
    visit: &Visit,
    lookup: &Lookup<P::Body>,
) -> Option<Lookup<P::Body>> {
    let wanted = Wanted::new(platform, visit, lookup)?;
    let copy = find(platform.clone(), wanted.clone()).await?;
    Some(put_and_look(platform, wanted, copy).await)
}

/// Puts the page into the data centre's cache, if the tier has it fresh. Returns when it was fetched, or
/// the lookup: ask the origin then. Hold the lease of the page.
pub async fn restored<P: Platform>(
    platform: &P,
    visit: &Visit,
    lookup: Lookup<P::Body>,
) -> Result<Time, Lookup<P::Body>> {
    let lookup = restore_at_last(platform, visit, &lookup).await.unwrap_or(lookup);
    match &lookup.found {
        Found::Response(candidate) if matches!(candidate.verdict, Verdict::Serve { .. }) => {
            Ok(candidate.stored.provenance.fetched_at)
        }
        _ => Err(lookup),
    }
}

async fn put_and_look<P: Platform>(
    platform: &P,
    wanted: Wanted,
    copy: TierResponse<P::Body>,
) -> Lookup<P::Body> {
    put_into_cache(platform, &wanted, copy).await;
    // If it was not put, there may be a later response instead.
    look(platform, &wanted.visit).await
}

/// Sends a page that came while the origin was being asked.
///
/// It is put into the data centre's cache as well. Another visitor could otherwise get an earlier response
/// after it. The origin's response takes its place.
async fn show_late<P: Platform>(
    platform: &P,
    wanted: Wanted,
    copy: TierResponse<P::Body>,
    mut reply: Reply<P>,
) {
    if !reply.is_there() {
        return;
    }
    let visit = wanted.visit.clone();
    let lookup = put_and_look(platform, wanted, copy).await;
    let Found::Response(candidate) = lookup.found else { return };
    let Candidate { stored, body, verdict, .. } = *candidate;
    let (Verdict::Serve { ttl } | Verdict::ServeStale { ttl }) = verdict else { return };
    let status = CacheStatus::hit(ttl).detail(Detail::Durable);
    reply.send(answer::stored(platform, &visit, &stored, body, status));
}
