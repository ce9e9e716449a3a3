//! From the data centre into the tier.

use std::time::Duration;

use serde::Serialize;

use crate::durable::forget_earlier;
use crate::durable::key::TierKey;
use crate::durable::restore::SelectedBy;
use crate::durable::worth::may_be_kept;
use crate::isolate::complaints::Complaint;
use crate::journal::append::Sender;
use crate::json::{self, from_object};
use crate::page::visit::Visit;
use crate::platform::complain::complain;
use crate::platform::kv_error::KvError;
use crate::platform::tasks::within;
use crate::platform::{Document, Platform};
use crate::policy::fence::{Provenance, Purged};
use crate::policy::key::CacheKey;
use crate::policy::stored::{Stored, StoredResponse};
use crate::policy::time::Time;
use crate::policy::timing::{KV_LIST_LIMIT, KV_READ_LIMIT, KV_WRITE_LIMIT};
use crate::purge::records::purged;

/// What stands beside an entry, so that a write need not read the entry itself.
#[derive(Serialize)]
struct EntryHead {
    /// The time and the purges of the response.
    provenance: Provenance,
    /// The end of the response's life.
    until: Time,
    /// The URL of the page, for lists of pages. Further variants have none: the page is listed once.
    #[serde(skip_serializing_if = "String::is_empty")]
    url: String,
}

from_object!(EntryHead, [provenance, until], or_default: [url]);

impl EntryHead {
    /// The most bytes of KV's metadata of a key.
    const BYTES_MOST: usize = 1024;

    fn into_text(mut self) -> String {
        let text = json::to_ascii(&self);
        if text.len() <= EntryHead::BYTES_MOST {
            return text;
        }
        // A purge that the origin knew of then counts as a later one, and the entry is written again.
        self.provenance.known = Vec::new();
        if json::to_ascii(&self).len() > EntryHead::BYTES_MOST {
            self.url = String::new();
        }
        json::to_ascii(&self)
    }
}

/// A response that was stored in the data centre, and may be worth a place in the tier.
pub struct JustStored<'a, B> {
    /// The response.
    pub response: &'a StoredResponse,
    /// A copy of its body, if that is held in memory.
    pub body: Option<B>,
    /// Whether nothing of the page was stored before.
    pub is_first: bool,
    /// Whether the origin said that the response has not changed.
    pub is_unchanged: bool,
}

/// Writes a response into the tier, if it is worth it, and if the tier's own copy is not as good.
///
/// A failure costs a later data centre a request to the origin, and nothing else.
pub async fn keep<P: Platform>(platform: &P, visit: &Visit, stored: JustStored<'_, P::Body>) {
    let JustStored { response: stored, body, is_first, is_unchanged } = stored;
    let (key, config) = (&visit.key, platform.config());
    let by_rule = config.rules().durable(key, stored.status, &stored.headers);
    if !platform.has_tier() || by_rule == Some(false) {
        return;
    }
    let length = body.as_ref().and_then(|body| platform.body_length(body));
    let is_kept = may_be_kept(key, stored, length, is_first, by_rule, config.tier);
    let Some(body) = body.filter(|_| is_kept) else {
        // What the tier has is earlier, and must not be shown after this.
        if !(is_first && key.query().is_some()) {
            forget_earlier(platform, key, stored.provenance.fetched_at).await;
        }
        return;
    };
    if let Err(error) = write(platform, visit, stored, body, is_unchanged).await {
        if error == KvError::DayQuota {
            platform.isolate().tier_writes.rest(platform.now());
        }
        complain(platform, Complaint::DurableTier, || {
            format!("a page could not be written to the durable tier: {error}")
        });
    }
}

async fn write<P: Platform>(
    platform: &P,
    visit: &Visit,
    stored: &StoredResponse,
    body: P::Body,
    is_unchanged: bool,
) -> Result<(), KvError> {
    let (config, now) = (platform.config(), platform.now());
    let entry = TierKey::of_variant(&visit.key, &stored.variant.selecting);
    let head = head(platform, &entry).await?;
    let life = stored.kept_for(config.longest_grant(), config.max_life, now);
    let found_since = found_since(platform, visit, stored).await?;
    let head = head.filter(|head| found_since.is_some_and(|it| head.provenance.fetched_at >= it));
    if head.is_some_and(|head| is_as_good(platform, visit, stored, head, life, is_unchanged)) {
        return Ok(());
    }
    let budget = &platform.isolate().tier_writes;
    let is_spent = budget.left(config.tier_writes, now) < WRITES_MOST;
    if is_spent && visit.sender() == Sender::Visitor {
        return Ok(());
    }
    budget.spend(1);
    let url = if stored.variant.selecting.is_empty() { visit.key.url() } else { String::new() };
    let head = EntryHead { provenance: stored.provenance.clone(), until: now + life, url };
    let metadata = Stored::of(stored.clone()).to_text();
    put(platform, &entry, head, Document { metadata, body }, life).await?;
    match found_since {
        Some(_) => Ok(()),
        None => write_names(platform, visit, stored, life).await,
    }
}

/// The least life of the entry with the names of the fields that select.
const NAMES_LIVE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The most entries that one response takes: its own, and the page's, which names the fields that
/// select.
const WRITES_MOST: u32 = 2;

/// Tells whether the entry in the tier is as good as a response.
fn is_as_good<P: Platform>(
    platform: &P,
    visit: &Visit,
    stored: &StoredResponse,
    head: EntryHead,
    life: Duration,
    is_unchanged: bool,
) -> bool {
    let EntryHead { provenance, until, .. } = head;
    // broken: tier-overtaken
    if provenance.fetched_at > stored.provenance.fetched_at {
        return true;
    }
    // KV deletes an entry at the end of its life, so one that is half over is written again.
    let is_kept = until.since(platform.now()) >= life / 2;
    let fresh_for = Duration::from_secs(stored.lifetimes.fresh);
    let is_fresh = platform.now().since(provenance.fetched_at) < fresh_for;
    let in_tier = StoredResponse { provenance, ..stored.clone() };
    // A visitor of another data centre revalidates a stale copy, and waits for that if it must. Only a
    // warmup is worth a write for it.
    let is_worth_it = is_fresh || visit.sender() == Sender::Visitor;
    is_unchanged && is_kept && is_worth_it && purged(platform, visit, &in_tier) == Purged::No
}

/// The time since which variants of the page are found. `None`: the names of the fields that select are not
/// written, or are others.
async fn found_since<P: Platform>(
    platform: &P,
    visit: &Visit,
    stored: &StoredResponse,
) -> Result<Option<Time>, KvError> {
    if stored.variant.selecting.is_empty() {
        return Ok(Some(Time::default()));
    }
    let written = timed_read(platform, &TierKey::of_page(&visit.key)).await?;
    let by = written.and_then(|written| json::read::<SelectedBy>(&written.metadata));
    Ok(by
        .filter(|by| stored.variant.names().eq(by.names.iter().map(String::as_str)))
        .map(|by| by.since))
}

/// Writes the names of the fields that select, so that the variants are found.
async fn write_names<P: Platform>(
    platform: &P,
    visit: &Visit,
    stored: &StoredResponse,
    life: Duration,
) -> Result<(), KvError> {
    let page = TierKey::of_page(&visit.key);
    let names = stored.variant.names().map(str::to_owned).collect();
    let metadata = json::to_ascii(&SelectedBy { names, since: stored.provenance.fetched_at });
    platform.isolate().tier_writes.spend(1);
    let until = platform.now() + life;
    let head = EntryHead { provenance: stored.provenance.clone(), until, url: visit.key.url() };
    let document = Document { metadata, body: platform.empty_body() };
    put(platform, &page, head, document, life.max(NAMES_LIVE)).await
}

/// The time of what the tier has of a page.
pub(super) async fn fetched_at<P: Platform>(platform: &P, page: &CacheKey) -> Option<Time> {
    let head = head(platform, &TierKey::of_page(page)).await.ok()??;
    Some(head.provenance.fetched_at)
}

async fn head<P: Platform>(platform: &P, entry: &TierKey) -> Result<Option<EntryHead>, KvError> {
    let head = within(platform, KV_READ_LIMIT, platform.tier_head(entry)).await;
    Ok(head.unwrap_or(Err(KvError::TimedOut))?.and_then(|head| json::read(&head)))
}

async fn timed_read<P: Platform>(
    platform: &P,
    entry: &TierKey,
) -> Result<Option<Document<P::Body>>, KvError> {
    let read = within(platform, KV_READ_LIMIT, platform.tier_read(entry)).await;
    read.unwrap_or(Err(KvError::TimedOut))
}

/// A part of the pages that the tier has.
pub struct StoredPages {
    /// The URLs.
    pub urls: Vec<String>,
    /// Where the list goes on. `None`: this was its end.
    pub cursor: Option<String>,
}

/// Lists a part of the pages of a host, or of all hosts. Pass the cursor of a part to read the next. A page
/// whose URL is so long that it does not fit beside its entry is not listed.
pub async fn pages_of<P: Platform>(
    platform: &P,
    host: Option<&str>,
    cursor: Option<&str>,
) -> Result<StoredPages, KvError> {
    let prefix = TierKey::prefix(host);
    let listing = platform.tier_list(&prefix, cursor);
    let page = within(platform, KV_LIST_LIMIT, listing).await.unwrap_or(Err(KvError::TimedOut))?;
    let heads = page.keys.into_iter().filter_map(|(_, head)| json::read::<EntryHead>(&head?));
    let urls = heads.map(|head| head.url).filter(|url| !url.is_empty()).collect();
    Ok(StoredPages { urls, cursor: page.cursor })
}

async fn put<P: Platform>(
    platform: &P,
    entry: &TierKey,
    head: EntryHead,
    document: Document<P::Body>,
    life: Duration,
) -> Result<(), KvError> {
    let write = platform.tier_write(entry, head.into_text(), document, life);
    within(platform, KV_WRITE_LIMIT, write).await.unwrap_or(Err(KvError::TimedOut))
}

/// Deletes the entry of a page, and so all its variants: without it they are not found.
pub(super) async fn delete<P: Platform>(platform: &P, page: &CacheKey) {
    // Visitors' requests cause deletions, also of pages that nobody has stored. A read costs a tenth.
    if matches!(head(platform, &TierKey::of_page(page)).await, Ok(None)) {
        return;
    }
    // KV counts deletions by themselves, and so does this budget.
    let (budget, limits) = (&platform.isolate().tier_deletions, platform.config().tier_writes);
    let deleted = if budget.left(limits, platform.now()) == 0 {
        Err(KvError::DayQuota)
    } else {
        budget.spend(1);
        let entry = TierKey::of_page(page);
        let deletion = platform.tier_delete(&entry);
        within(platform, KV_WRITE_LIMIT, deletion).await.unwrap_or(Err(KvError::TimedOut))
    };
    if let Err(error) = deleted {
        complain(platform, Complaint::DurableTier, || {
            format!(
                "a page could not be deleted from the durable tier: {error}. This data centre does not \
                 restore it for ten minutes; others may"
            )
        });
    }
}
