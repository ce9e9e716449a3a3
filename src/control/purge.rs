//! `POST purge`: reads the request, purges or refuses it as a whole, and responds with a receipt.

use http::StatusCode;
use serde_json::{Map, Value};

use crate::config::Config;
use crate::control::journal_receipts;
use crate::control::receipts::{self, StoredReceipt};
use crate::control::selectors::{FIELDS, ReadSelector, Rejected, Selected, select};
use crate::control::warm::{self, PurgeWarmup, Wanted};
use crate::control::{ControlError, ControlReply};
use crate::fields::sorting::{TextSet, sorted_by_text};
use crate::journal::append::Sender;
use crate::json::members::Members;
use crate::json::{self, from_object};
use crate::page::visit::Visit;
use crate::platform::{Platform, ReadError};
use crate::policy::fence::PurgeMode;
use crate::policy::tag::Tag;
use crate::purge::batches::Limit;
use crate::purge::{Order, Purge, new_request, purge};

/// The most bytes of a request's body.
const BODY_MOST: usize = 1024 * 1024;

/// Selectors by kind, in canonical form.
#[derive(Clone, Debug, Default)]
pub struct PurgeSelectors {
    /// Tags that the origin gives.
    pub tags: Vec<String>,
    /// The URLs of pages.
    pub urls: Vec<String>,
    /// Prefixes of paths, on all hosts.
    pub prefixes: Vec<String>,
    /// Hosts.
    pub hosts: Vec<String>,
    /// All pages.
    pub everything: bool,
}

/// The receipt of a purge request, as it is sent and stored.
#[derive(Debug)]
pub struct Receipt {
    /// The id to look the receipt up with.
    pub id: String,
    /// The time at which the purge began.
    pub at: String,
    /// The mode of the purge.
    pub mode: PurgeMode,
    purged: PurgeSelectors,
    rejected: Vec<Rejected>,
    /// Selectors that were not confirmed. `None` if all were.
    pub failed: Option<PurgeSelectors>,
    /// The warmup that follows the purge, if one does.
    pub warmup: Option<PurgeWarmup>,
}

from_object!(PurgeSelectors, [tags, urls, prefixes, hosts, everything], or_default: []);
from_object!(Receipt, [id, at, mode, purged, rejected], or_default: [failed, warmup]);

impl PurgeSelectors {
    fn members(&self) -> Members {
        fn texts(list: &[String]) -> impl Iterator<Item = &str> {
            list.iter().map(String::as_str)
        }
        let members = Members::default().texts("tags", texts(&self.tags));
        let members = members.texts("urls", texts(&self.urls));
        let members = members.texts("prefixes", texts(&self.prefixes));
        members.texts("hosts", texts(&self.hosts)).flag("everything", self.everything)
    }
}

impl Receipt {
    /// Adds the members of its JSON to others.
    pub fn add_to(&self, members: Members) -> Members {
        let members = members.text("id", &self.id).text("at", &self.at);
        let members = members.text("mode", self.mode.as_str());
        let members = members.object("purged", self.purged.members());
        let mut members = members.objects("rejected", self.rejected.iter().map(Rejected::members));
        if let Some(failed) = &self.failed {
            members = members.object("failed", failed.members());
        }
        if let Some(warmup) = &self.warmup {
            members = members.object("warmup", warmup.members());
        }
        members
    }
}

struct PurgeRequest {
    selected: Vec<Selected>,
    rejected: Vec<Rejected>,
    mode: PurgeMode,
    warm: bool,
}

/// Makes the response to a purge request.
pub async fn answer<P: Platform>(
    platform: &P,
    visit: &Visit,
    body: Option<P::Body>,
) -> Result<ControlReply, ControlError> {
    let body = read(platform, body).await?;
    let request = parse(platform, &body)?;
    let id = new_request(platform);
    let began = platform.now();
    let tags = request.selected.iter().map(|selected| selected.tag.clone()).collect();
    let mut tags = sorted_by_text(tags, |tag: &Tag| tag.as_str().to_owned());
    tags.dedup();
    let mut receipt = Receipt {
        id: format!("{id:032x}"),
        at: began.to_string(),
        mode: request.mode,
        purged: canonical(&request.selected, &tags),
        rejected: request.rejected,
        failed: None,
        warmup: None,
    };
    if request.warm && !tags.is_empty() {
        receipt.warmup = Some(PurgeWarmup::of_job(&receipt.id));
    }
    let order = Order {
        mode: request.mode,
        sender: Sender::Token,
        request: id,
        receipt: journal_receipts::text(platform, &receipt),
    };
    let outcome = purge(platform, tags.clone(), order).await;
    if !outcome.failed.is_empty() || tags.is_empty() {
        receipt.purged = canonical(&request.selected, &outcome.done);
        receipt.failed = Some(canonical(&request.selected, &outcome.failed));
    }
    if request.warm && !outcome.done.is_empty() {
        let purged = Wanted { selectors: receipt.purged.clone(), sitemaps: Vec::new() };
        receipt.warmup = Some(warm::after_purge(platform, visit, &receipt.id, purged).await);
    }
    let response = respond(&receipt, &request.selected, &outcome);
    if !platform.has_journal() {
        receipts::keep(platform, StoredReceipt::new(receipt, tags, began, platform.now()));
    }
    Ok(response)
}

fn respond(receipt: &Receipt, selected: &[Selected], outcome: &Purge) -> ControlReply {
    let (status, title, detail) = if !outcome.failed.is_empty() {
        (StatusCode::SERVICE_UNAVAILABLE, "The purge is not durable", not_durable(outcome.limit))
    } else if selected.is_empty() {
        (
            StatusCode::UNPROCESSABLE_ENTITY,
            "Nothing that was named can be purged",
            "Each selector is listed under rejected with the reason.",
        )
    } else {
        return ControlReply::done(receipt.add_to(Members::default()));
    };
    let problem = Members::default().text("title", title).number("status", status.as_u16().into());
    ControlReply::problem(status, receipt.add_to(problem.text("detail", detail)))
}

fn not_durable(limit: Option<Limit>) -> &'static str {
    match limit {
        None => "KV did not confirm what is listed under failed; send it again.",
        Some(Limit::Invocation) => {
            "What is listed under failed came up against the platform's limit for one request (Too \
             many API requests by single Worker invocation); send it again in smaller requests, and \
             lower PURGE_ITEMS_MAX."
        }
        Some(Limit::Journal) => {
            "The purge journal did not confirm the purge, so it may be done or not; send it again."
        }
        Some(Limit::Day) => {
            "What is listed under failed came up against KV's limit of writes a day; send it again \
             when the day (UTC) is over, or on a paid plan."
        }
    }
}

fn canonical(selected: &[Selected], tags: &[Tag]) -> PurgeSelectors {
    let mut purged = PurgeSelectors::default();
    let wanted = TextSet::of(tags.iter().map(|tag| tag.as_str().to_owned()));
    let mut seen = TextSet::default();
    for selected in selected.iter().filter(|selected| wanted.contains(selected.tag.as_str())) {
        let list = match selected.field {
            "tags" => &mut purged.tags,
            "urls" => &mut purged.urls,
            "prefixes" => &mut purged.prefixes,
            "hosts" => &mut purged.hosts,
            _ => {
                purged.everything = true;
                continue;
            }
        };
        if seen.insert([selected.field, &selected.canonical].join(" ")) {
            list.push(selected.canonical.clone());
        }
    }
    purged
}

/// Reads the body of a request.
pub(super) async fn read<P: Platform>(
    platform: &P,
    body: Option<P::Body>,
) -> Result<Vec<u8>, ControlError> {
    let Some(body) = body else { return Ok(Vec::new()) };
    platform.read(body, BODY_MOST).await.map_err(|error| match error {
        ReadError::TooLong(most) => ControlError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "The request is too large",
            format!(
                "A request is at most {most} bytes; send several, with fewer or shorter entries."
            ),
        ),
        ReadError::BrokenOff => bad("The request's body broke off; send it again.", None),
    })
}

/// Makes the error for a request that cannot be understood.
pub(super) fn bad(detail: impl Into<String>, field: Option<&str>) -> ControlError {
    let refusal =
        ControlError::new(StatusCode::BAD_REQUEST, "The request cannot be understood", detail);
    match field {
        Some(field) => refusal.about(field),
        None => refusal,
    }
}

/// The selectors of each field, with the function that reads them.
type Lists = Vec<(&'static str, ReadSelector, Vec<String>)>;

fn parse<P: Platform>(platform: &P, body: &[u8]) -> Result<PurgeRequest, ControlError> {
    let mut object = members(body)?;
    let mode = mode(taken(&mut object, "mode"))?;
    let everything = flag(&mut object, "everything")?.unwrap_or(false);
    let warm = flag(&mut object, "warm")?.unwrap_or(platform.config().warm.purged);
    let lists = FIELDS.iter().map(|(field, reading)| {
        strings(&mut object, field).map(|values| (*field, *reading, values))
    });
    let lists: Lists = lists.collect::<Result<_, _>>()?;
    const KNOWN: [&str; 7] = ["tags", "urls", "prefixes", "hosts", "everything", "mode", "warm"];
    if let Some(unknown) = object.keys().find(|field| !KNOWN.contains(&field.as_str())) {
        let detail = "Known fields are tags, urls, prefixes, hosts, everything, mode and warm.";
        return Err(bad(detail, Some(unknown)));
    }
    let items = lists.iter().map(|(_, _, values)| values.len()).sum();
    in_bounds(items, platform.config().purge_items_max)?;
    if items == 0 && !everything {
        let detail = "Nothing is selected: name tags, urls, prefixes or hosts, or set everything.";
        return Err(bad(detail, Some("tags")));
    }
    let (selected, rejected) = select_all(platform.config(), &lists, everything);
    Ok(PurgeRequest { selected, rejected, mode, warm })
}

/// Reads the members of a request's JSON object.
pub(super) fn members(body: &[u8]) -> Result<Map<String, Value>, ControlError> {
    match json::parse(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => {
            let detail = "The body is not a JSON object such as {\"tags\": [\"post:42\"]}.";
            Err(bad(detail, Some("body")))
        }
        Err(error) => Err(bad(format!("The body cannot be read as JSON: {error}."), Some("body"))),
    }
}

/// Refuses a request with too many entries.
pub(super) fn in_bounds(items: usize, most: usize) -> Result<(), ControlError> {
    if items <= most {
        return Ok(());
    }
    let detail = format!("PURGE_ITEMS_MAX allows {most} a request; send several.");
    let refusal = ControlError::new(StatusCode::PAYLOAD_TOO_LARGE, "Too many selectors", detail);
    Err(refusal.about("PURGE_ITEMS_MAX"))
}

fn select_all(config: &Config, lists: &Lists, everything: bool) -> (Vec<Selected>, Vec<Rejected>) {
    let (mut selected, mut rejected) = (Vec::new(), Vec::new());
    for (field, reading, values) in lists {
        for value in values {
            match select(config, field, *reading, value) {
                Ok(one) => selected.push(one),
                Err(one) => rejected.push(one),
            }
        }
    }
    if everything {
        let canonical = String::new();
        selected.push(Selected { field: "everything", canonical, tag: Tag::everything() });
    }
    (selected, rejected)
}

fn mode(value: Option<Value>) -> Result<PurgeMode, ControlError> {
    match value.as_ref().map(Value::as_str) {
        None | Some(Some("soft")) => Ok(PurgeMode::Soft),
        Some(Some("hard")) => Ok(PurgeMode::Hard),
        Some(_) => Err(bad("The mode must be \"soft\" or \"hard\".", Some("mode"))),
    }
}

pub(super) fn flag(
    object: &mut Map<String, Value>,
    field: &str,
) -> Result<Option<bool>, ControlError> {
    match taken(object, field) {
        None => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(flag)),
        Some(_) => Err(bad("The field must be true or false.", Some(field))),
    }
}

/// Takes the value of a field. The field stays: to remove it takes 2 kB of the Worker.
fn taken(object: &mut Map<String, Value>, field: &str) -> Option<Value> {
    object.get_mut(field).map(Value::take)
}

/// Takes a field that lists texts.
pub(super) fn strings(
    object: &mut Map<String, Value>,
    field: &str,
) -> Result<Vec<String>, ControlError> {
    let wrong = || bad("The field must be a list of strings.", Some(field));
    match taken(object, field) {
        None => Ok(Vec::new()),
        Some(Value::Array(values)) => values
            .into_iter()
            .map(|value| match value {
                Value::String(text) => Ok(text),
                _ => Err(wrong()),
            })
            .collect(),
        Some(_) => Err(wrong()),
    }
}
