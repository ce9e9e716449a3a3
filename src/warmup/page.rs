//! The Worker looks at a page, or fetches it.

use std::rc::Rc;

use http::Method;
use http::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};

use crate::config::Config;
use crate::durable::serve::restored;
use crate::journal::Number;
use crate::journal::refresh;
use crate::lease::{self, LeaseEnd};
use crate::page::fill::fill;
use crate::page::found::{Found, Lookup};
use crate::page::reply::Reply as ToVisitor;
use crate::page::serve::{bypassed, look_up, loops};
use crate::page::visit::Visit;
use crate::platform::Platform;
use crate::policy::bypass::URL_MOST;
use crate::policy::fence::Purged;
use crate::policy::key::CacheKey;
use crate::policy::reuse::Verdict;
use crate::purge::records::purged;
use crate::routes::Route;
use crate::warmup::ask::{Ask, End, Reply, Task};
use crate::warmup::list;
use crate::warmup::warming::Warming;

/// Does what the object asks for.
pub async fn answer<P: Platform>(platform: P, config: Rc<Config>, ask: Ask) -> Reply {
    // Without a purge's number, the copy of the journal is as good as for a visitor.
    // broken: warms-before-it-knows
    if ask.knows > 0 && !refresh::learn_to(&platform, Number(ask.knows)).await {
        return End::NotYet.into();
    }
    if matches!(ask.task, Task::Tag | Task::Stored) {
        return list::of_stored(&platform, &ask).await;
    }
    let visit = match visit(config, &ask.of, &ask.host) {
        Ok(visit) => visit,
        Err(reason) => return Reply::because(End::Skipped, reason),
    };
    match ask.task {
        Task::Look => look(&platform, visit).await,
        Task::Sitemap => list::of_sitemap(&platform, &visit, &ask).await,
        Task::Fetch | Task::Tag | Task::Stored => fetch(platform, visit).await,
    }
}

/// Makes the request for a page, as a visitor without any field would. `Err` says why the URL is not
/// warmed. `host` is the one that is served where `HOSTS` is not set.
pub fn visit(config: Rc<Config>, url: &str, host: &str) -> Result<Visit, String> {
    let key = served(&config, url, host)?;
    let mut fields = HeaderMap::new();
    // As most visitors send it.
    fields.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip, br"));
    let mut visit = Visit::new(Method::GET, key.url(), key, Rc::new(fields), config);
    visit.warming = Some(Rc::default());
    Ok(visit)
}

/// Checks that a URL is that of a page which is served. `Err` says why it is not.
pub fn served(config: &Config, url: &str, host: &str) -> Result<CacheKey, String> {
    if url.len() > URL_MOST {
        return Err(format!("a URL that is cached has at most {URL_MOST} characters"));
    }
    let key = CacheKey::parse(url).map_err(|error| error.to_string())?;
    let is_served =
        if config.hosts.is_empty() { key.host() == host } else { config.serves(key.host()) };
    if !is_served {
        let setting = if config.hosts.is_empty() {
            "is not that of the request: HOSTS is not set, so only that one is warmed"
        } else {
            "is not in the setting HOSTS"
        };
        return Err(format!("the host {} {setting}", key.host()));
    }
    if Route::of(key.path(), &config.control_prefix) != Route::Page {
        return Err("it is a control route".to_owned());
    }
    Ok(key)
}

/// Looks whether a page is fresh, in this data centre or in the durable tier.
async fn look<P: Platform>(platform: &P, visit: Visit) -> Reply {
    if loops(platform, &visit) {
        return Reply::because(End::Skipped, "ORIGIN is this edge itself");
    }
    if let Some(bypass) = bypassed(platform, &visit) {
        return Reply::because(End::Uncacheable, bypass.detail().as_str());
    }
    let (visit, lookup) = look_up(platform, visit).await;
    match end_of(&lookup) {
        End::Stale => {}
        end => return Reply::because(end, lookup.detail().map_or("", |detail| detail.as_str())),
    }
    if platform.has_tier() && in_tier(platform, &visit, lookup).await {
        return End::Fresh.into();
    }
    End::Stale.into()
}

/// Restores a page from the durable tier, if it is fresh there.
async fn in_tier<P: Platform>(platform: &P, visit: &Visit, lookup: Lookup<P::Body>) -> bool {
    // A request that holds the lease looks into the tier itself.
    let Some(lease) = lease::take(platform, &lookup.slot) else { return false };
    if let Err(end) = lease.claim().await {
        lease.end(end).await;
        return false;
    }
    let is_fresh = restored(platform, visit, lookup).await.is_ok();
    lease.end(LeaseEnd::Abandoned).await;
    is_fresh
}

/// Fetches a page from the origin under its lease, unless another request has stored it meanwhile.
async fn fetch<P: Platform>(platform: P, visit: Visit) -> Reply {
    let Some(warming) = visit.warming.clone() else { return End::Failed.into() };
    let (visit, lookup) = look_up(&platform, visit).await;
    match end_of(&lookup) {
        End::Stale => {}
        end => return Reply::because(end, lookup.detail().map_or("", |detail| detail.as_str())),
    }
    let arrived = platform.now();
    fill(platform.clone(), visit.clone(), lookup, ToVisitor::absent(), arrived).await;
    warming.reply(end_of_fetch(&platform, visit, &warming).await)
}

async fn end_of_fetch<P: Platform>(platform: &P, visit: Visit, warming: &Warming) -> End {
    let noted = warming.end();
    if noted == Some(End::Uncacheable) {
        return End::Uncacheable;
    }
    let (visit, lookup) = look_up(platform, visit).await;
    let is_purged =
        lookup.found.stored().is_some_and(|stored| purged(platform, &visit, stored) != Purged::No);
    match (noted, end_of(&lookup)) {
        // A purge came after the request was sent, or the origin sent a page from before.
        (Some(_), _) if is_purged => End::Purged,
        (Some(end), _) => end,
        // Another request has stored it.
        (None, End::Fresh) => End::Fresh,
        (None, _) => End::Failed,
    }
}

fn end_of<B>(lookup: &Lookup<B>) -> End {
    match &lookup.found {
        Found::Response(candidate) if matches!(candidate.verdict, Verdict::Serve { .. }) => {
            End::Fresh
        }
        Found::Pass(_) | Found::NotForVisitor(_) => End::Uncacheable,
        Found::Response(_) | Found::Nothing(_) | Found::Discarded(_) => End::Stale,
    }
}
