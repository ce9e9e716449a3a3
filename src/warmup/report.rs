//! Pure. The report on a job, as JSON.

use crate::json::members::Members;
use crate::policy::time::Time;
use crate::policy::timing::KV_SPREADS_IN;
use crate::warmup::job::Job;

/// The number of pages from which on the speed of a job is known.
const SPEED_KNOWN_FROM: u64 = 10;

/// The state of the pace.
#[derive(Clone, Copy, Debug)]
pub struct PaceNow {
    /// The requests in a second.
    pub per_second: u32,
    /// The end of the pause that the origin asked for.
    pub paused_until: Option<Time>,
    /// Whether the durable tier is bound: other data centres see what was stored.
    pub has_tier: bool,
}

/// How much a report says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detailed {
    /// With the failures.
    Yes,
    /// Without them.
    No,
}

/// Makes the report.
pub fn report(job: &Job, pace: PaceNow, detailed: Detailed, now: Time) -> Members {
    let done = job.counts.done();
    let left = job.counts.asked.saturating_sub(done);
    let paused_until = pace.paused_until.filter(|until| !job.is_ended() && now < *until);
    let state = match job.ended {
        Some(_) if job.stopped => "stopped",
        Some(_) => "done",
        None if paused_until.is_some() => "paused",
        None if job.began.is_some() => "running",
        None => "waiting",
    };
    let mut members = Members::default().text("id", &job.id).text("state", state);
    members = members.text("asked_by", job.by.as_str()).text("asked_at", &job.at.to_string());
    for (name, count) in job.counts.named() {
        members = members.number(name, count);
    }
    members = members.number("done", done).number("left", left);
    members = members.number("lists_left", job.lists.len() as u64);
    members = members.number("per_second", pace.per_second.into());
    let in_tier = job.written.filter(|_| pace.has_tier);
    let times = [
        ("estimated_end", estimated_end(job, left, pace, now)),
        ("paused_until", paused_until),
        ("done_at", job.ended),
        ("written", job.written),
        ("usually_everywhere_by", in_tier.map(|at| at + KV_SPREADS_IN)),
    ];
    for (name, time) in times {
        members = members.text_if(name, time.map(|time| time.to_string()).as_deref());
    }
    if detailed == Detailed::Yes {
        let failure = |(url, reason): &(String, String)| {
            Members::default().text("url", url).text("reason", reason)
        };
        members = members.objects("failures", job.failures.iter().map(failure));
    }
    members
}

/// Estimates the end from the pages that are done, or from the rate before there are enough. `None`:
/// lists may still add pages.
fn estimated_end(job: &Job, left: u64, pace: PaceNow, now: Time) -> Option<Time> {
    if job.is_ended() || !job.lists.is_empty() {
        return None;
    }
    let done = job.counts.done();
    let took = job.began.map_or(0, |began| now.since(began).as_millis() as u64);
    let takes = if done >= SPEED_KNOWN_FROM {
        left.saturating_mul(took) / done
    } else {
        left.saturating_mul(1000) / u64::from(pace.per_second.max(1))
    };
    let from = pace.paused_until.map_or(now, |until| until.max(now));
    Some(Time(from.0.saturating_add_unsigned(takes)))
}
