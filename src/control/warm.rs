//! `POST warm` and `jobs`: the way to the object that keeps warmups.
//!
//! The object writes the reports. This file checks what is asked, and passes them on.

use http::{Method, StatusCode};

use crate::control::purge::{PurgeSelectors, bad, flag, in_bounds, members, read, strings};
use crate::control::{ControlError, ControlReply, selectors};
use crate::fields::sorting::TextSet;
use crate::journal::refresh;
use crate::json::members::Members;
use crate::json::{self, from_object};
use crate::page::visit::Visit;
use crate::platform::tasks::within;
use crate::platform::{CoordinatorError, Platform};
use crate::policy::tag::Tag;
use crate::policy::timing::JOURNAL_APPEND_LIMIT;
use crate::purge::new_request;
use crate::warmup::job::AskedBy;
use crate::warmup::page::served;
use crate::warmup::wire::{JOBS_MOST, Start, Verb, WarmReply, WarmRequest};

/// The warmup that follows a purge, in its receipt.
#[derive(Debug, Default)]
pub struct PurgeWarmup {
    /// The id of the job. `None`: it could not be started.
    pub job: Option<String>,
    /// The reason why it could not be started.
    pub failed: Option<String>,
    /// The state of the job, where it was looked up.
    pub state: Option<String>,
    /// The end of the job, where it was looked up.
    pub done_at: Option<String>,
}

from_object!(PurgeWarmup, [], or_default: [job, failed, state, done_at]);

/// What a receipt says of a job's report.
struct KnownJob {
    state: String,
    done_at: Option<String>,
}

from_object!(KnownJob, [state], or_default: [done_at]);

impl PurgeWarmup {
    /// The members of its JSON.
    pub fn members(&self) -> Members {
        let members = Members::default().text_if("job", self.job.as_deref());
        let members = members.text_if("failed", self.failed.as_deref());
        let members = members.text_if("state", self.state.as_deref());
        members.text_if("done_at", self.done_at.as_deref())
    }

    /// The job of the purge with this id: it has the same.
    pub fn of_job(id: &str) -> PurgeWarmup {
        PurgeWarmup { job: Some(id.to_owned()), ..PurgeWarmup::default() }
    }
}

/// What is to be warmed.
#[derive(Default)]
pub struct Wanted {
    /// The URLs of sitemaps.
    pub sitemaps: Vec<String>,
    /// The pages that a purge of these would select.
    pub selectors: PurgeSelectors,
}

const KNOWN: [&str; 6] = ["urls", "tags", "sitemaps", "prefixes", "hosts", "everything"];

impl Wanted {
    fn count(&self) -> usize {
        let PurgeSelectors { tags, urls, prefixes, hosts, everything } = &self.selectors;
        let lists = [&self.sitemaps, tags, urls, prefixes, hosts];
        lists.into_iter().map(Vec::len).sum::<usize>() + usize::from(*everything)
    }
}

/// Makes the response to `POST warm`.
pub async fn start<P: Platform>(
    platform: &P,
    visit: &Visit,
    body: Option<P::Body>,
) -> Result<ControlReply, ControlError> {
    let mut object = members(&read(platform, body).await?)?;
    let everything = flag(&mut object, "everything")?.unwrap_or(false);
    let mut list = |field| strings(&mut object, field);
    let sitemaps = list("sitemaps")?;
    let (urls, tags) = (list("urls")?, list("tags")?);
    let (prefixes, hosts) = (list("prefixes")?, list("hosts")?);
    let selectors = PurgeSelectors { tags, urls, prefixes, hosts, everything };
    let wanted = Wanted { sitemaps, selectors };
    if let Some(unknown) = object.keys().find(|field| !KNOWN.contains(&field.as_str())) {
        let detail = "Known fields are urls, tags, sitemaps, prefixes, hosts and everything.";
        return Err(bad(detail, Some(unknown)));
    }
    let named = wanted.count();
    in_bounds(named, platform.config().purge_items_max)?;
    if named == 0 {
        let detail = "Name urls, tags, sitemaps, prefixes or hosts, or set everything.";
        return Err(bad(detail, Some("urls")));
    }
    let start = checked(platform, visit.key.host(), AskedBy::Request, wanted);
    if start.skipped.len() == named {
        let reasons: Vec<String> =
            start.skipped.iter().take(10).map(|(of, why)| format!("{of}: {why}")).collect();
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        let detail = format!("{}.", reasons.join("; "));
        return Err(ControlError::new(status, "Nothing that was named can be warmed", detail));
    }
    let id = format!("{:032x}", new_request(platform));
    let location = Some(format!("{}/jobs/{id}", platform.config().control_prefix));
    let reply = ask(platform, WarmRequest { verb: Verb::Start, id, start }).await?;
    Ok(ControlReply { location, ..reply })
}

/// Makes the response to `GET jobs/<id>` and `DELETE jobs/<id>`.
pub async fn job<P: Platform>(
    platform: &P,
    id: &str,
    method: &Method,
) -> Result<ControlReply, ControlError> {
    let verb = if *method == Method::DELETE { Verb::Stop } else { Verb::Job };
    ask(platform, WarmRequest { verb, id: id.to_owned(), start: Start::default() }).await
}

/// Makes the response to `GET jobs`.
pub async fn jobs<P: Platform>(platform: &P) -> Result<ControlReply, ControlError> {
    ask(platform, WarmRequest { verb: Verb::Jobs, ..WarmRequest::default() }).await
}

/// Starts the warmup of what was purged. The purge stands, whatever becomes of it.
pub async fn after_purge<P: Platform>(
    platform: &P,
    visit: &Visit,
    id: &str,
    purged: Wanted,
) -> PurgeWarmup {
    let mut start = checked(platform, visit.key.host(), AskedBy::Purge, purged);
    start.knows = refresh::known(platform).map_or(0, |known| known.number.0);
    let request = WarmRequest { verb: Verb::Start, id: id.to_owned(), start };
    match ask(platform, request).await {
        Ok(_) => PurgeWarmup::of_job(id),
        Err(error) => PurgeWarmup { failed: Some(error.detail), ..PurgeWarmup::default() },
    }
}

/// Starts the warmup that a cron trigger asks for.
pub async fn on_schedule<P: Platform>(platform: &P, wanted: Wanted, host: &str) {
    let start = checked(platform, host, AskedBy::Schedule, wanted);
    let id = format!("{:032x}", new_request(platform));
    let request = WarmRequest { verb: Verb::Start, id, start };
    if let Err(error) = ask(platform, request).await {
        platform.log(&format!("the warmup did not start: {}", error.detail));
    }
}

/// Adds what is known of a purge's job to its receipt.
pub async fn look_up<P: Platform>(platform: &P, warmup: &mut PurgeWarmup) {
    let Some(id) = &warmup.job else { return };
    let request = WarmRequest { verb: Verb::Job, id: id.clone(), start: Start::default() };
    let report = sent(platform, request).await.ok().filter(|reply| reply.status == 200);
    if let Some(known) = report.and_then(|reply| json::read::<KnownJob>(&reply.text)) {
        (warmup.state, warmup.done_at) = (Some(known.state), known.done_at);
    }
}

/// Sorts out what is not warmed. `host` is served where `HOSTS` is not set.
fn checked<P: Platform>(platform: &P, host: &str, by: AskedBy, wanted: Wanted) -> Start {
    let config = platform.config();
    let mut skipped = Vec::new();
    let mut kept = |named: Vec<String>, read: &dyn Fn(&str) -> Result<String, String>| {
        let (mut kept, mut seen) = (Vec::new(), TextSet::default());
        for name in named {
            match read(&name) {
                Ok(name) if seen.insert(name.clone()) => kept.push(name),
                Ok(_) => {}
                Err(why) => skipped.push((name, why)),
            }
        }
        kept
    };
    let of_url = |url: &str| served(config, url, host).map(|key| key.url());
    let of_tag =
        |tag: &str| Tag::origin(tag).map(|tag| tag.to_string()).map_err(|error| error.to_string());
    let of_selector = |name: &str| {
        if !platform.has_tier() {
            return Err(
                "only the durable tier lists its pages: bind PAGES, or name sitemaps".into()
            );
        }
        let read = if name.starts_with('/') { selectors::prefix } else { selectors::host };
        read(config, name).map(|(canonical, _)| canonical)
    };
    let PurgeSelectors { tags, urls, prefixes, hosts, everything } = wanted.selectors;
    let (urls, tags) = (kept(urls, &of_url), kept(tags, &of_tag));
    let sitemaps = kept(wanted.sitemaps, &of_url);
    let everything = everything.then(|| "/".to_owned());
    let selectors = everything.into_iter().chain(prefixes).chain(hosts).collect();
    let stored = kept(selectors, &of_selector);
    Start { by, host: host.to_owned(), knows: 0, urls, tags, sitemaps, stored, skipped }
}

async fn ask<P: Platform>(
    platform: &P,
    request: WarmRequest,
) -> Result<ControlReply, ControlError> {
    let id = request.id.clone();
    let WarmReply { status, text } = sent(platform, request).await?;
    match status {
        200 => Ok(ControlReply::of_text(StatusCode::OK, text)),
        202 => Ok(ControlReply::of_text(StatusCode::ACCEPTED, text)),
        429 => {
            let status = StatusCode::TOO_MANY_REQUESTS;
            let detail = format!("{JOBS_MOST} jobs have not ended: wait for one, or stop one.");
            Err(ControlError::new(status, "Too many warmup jobs", detail))
        }
        _ => {
            let detail = format!("No job has the id {id:?}, or its report has expired.");
            Err(ControlError::new(StatusCode::NOT_FOUND, "No such warmup job", detail).about("id"))
        }
    }
}

/// Sends a request to the object.
async fn sent<P: Platform>(platform: &P, request: WarmRequest) -> Result<WarmReply, ControlError> {
    if !platform.has_journal() {
        let detail = "Warmups are kept by a Durable Object: bind COORDINATOR.";
        let title = "No coordinator is bound";
        return Err(ControlError::new(StatusCode::NOT_FOUND, title, detail).about("COORDINATOR"));
    }
    let asking = platform.ask_warmups(request.to_text());
    let reply = within(platform, JOURNAL_APPEND_LIMIT, asking).await;
    let reply = reply.unwrap_or(Err(CoordinatorError::TimedOut)).map_err(|error| {
        let detail = format!(
            "The Durable Object of warmups: {error}. Look at GET jobs before you send it again."
        );
        ControlError::new(StatusCode::SERVICE_UNAVAILABLE, "Warmups cannot be reached", detail)
    })?;
    WarmReply::of_text(&reply).ok_or_else(|| {
        let detail =
            "The Durable Object of warmups runs another version. Send it again in a minute.";
        ControlError::new(StatusCode::SERVICE_UNAVAILABLE, "Warmups cannot be reached", detail)
    })
}
