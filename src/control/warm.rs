//! `POST warm` and `jobs`: the way to the object that keeps warmups.
//!
//! The object writes the reports. This file checks what is asked, and passes them on.

use http::{Method, StatusCode};

use crate::control::purge::{bad, in_bounds, members, read, strings};
use crate::control::{ControlError, ControlReply};
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

/// What was purged, and is to be warmed.
pub struct Purged {
    /// The tags.
    pub tags: Vec<String>,
    /// The URLs.
    pub urls: Vec<String>,
    /// Selectors that no list of pages exists for.
    pub others: Vec<String>,
}

/// Makes the response to `POST warm`.
pub async fn start<P: Platform>(
    platform: &P,
    visit: &Visit,
    body: Option<P::Body>,
) -> Result<ControlReply, ControlError> {
    let mut object = members(&read(platform, body).await?)?;
    let mut list = |field| strings(&mut object, field);
    let (urls, tags, sitemaps) = (list("urls")?, list("tags")?, list("sitemaps")?);
    let is_known = |field: &str| matches!(field, "urls" | "tags" | "sitemaps");
    if let Some(unknown) = object.keys().find(|field| !is_known(field)) {
        return Err(bad("Known fields are urls, tags and sitemaps.", Some(unknown)));
    }
    let named = urls.len() + tags.len() + sitemaps.len();
    in_bounds(named, platform.config().purge_items_max)?;
    if named == 0 {
        return Err(bad("Name urls, tags or sitemaps.", Some("urls")));
    }
    let start = Start { by: AskedBy::Request, urls, tags, sitemaps, ..Start::default() };
    let start = checked(platform, visit.key.host(), start);
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
    purged: Purged,
) -> PurgeWarmup {
    let Purged { tags, urls, others } = purged;
    let start = Start { by: AskedBy::Purge, urls, tags, ..Start::default() };
    let mut start = checked(platform, visit.key.host(), start);
    start.knows = refresh::known(platform).map_or(0, |known| known.number.0);
    let why = "no list of its pages exists: warm a sitemap or tags";
    start.skipped.extend(others.into_iter().map(|other| (other, why.to_owned())));
    let request = WarmRequest { verb: Verb::Start, id: id.to_owned(), start };
    match ask(platform, request).await {
        Ok(_) => PurgeWarmup::of_job(id),
        Err(error) => PurgeWarmup { failed: Some(error.detail), ..PurgeWarmup::default() },
    }
}

/// Starts the warmup that a cron trigger asks for.
pub async fn on_schedule<P: Platform>(platform: &P, sitemaps: Vec<String>, host: &str) {
    let start = Start { by: AskedBy::Schedule, sitemaps, ..Start::default() };
    let start = checked(platform, host, start);
    let id = format!("{:032x}", new_request(platform));
    let request = WarmRequest { verb: Verb::Start, id, start };
    if let Err(error) = ask(platform, request).await {
        platform.log(&format!("the warmup of WARM_SITEMAPS did not start: {}", error.detail));
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

/// Sorts out what is not warmed.
fn checked<P: Platform>(platform: &P, host: &str, start: Start) -> Start {
    let mut skipped = start.skipped;
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
    let of_url = |url: &str| served(platform.config(), url, host).map(|key| key.url());
    let of_tag =
        |tag: &str| Tag::origin(tag).map(|tag| tag.to_string()).map_err(|error| error.to_string());
    let (urls, tags) = (kept(start.urls, &of_url), kept(start.tags, &of_tag));
    let sitemaps = kept(start.sitemaps, &of_url);
    Start { host: host.to_owned(), urls, tags, sitemaps, skipped, ..start }
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
