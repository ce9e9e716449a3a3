//! Receipts of purges by the journal: its object keeps them for `RECEIPT_LIFE`.
//!
//! A purge has come to a data centre when its copy is complete to the purge's number. The response
//! says so of the isolate that answers, exactly.

use http::StatusCode;

use crate::control::purge::Receipt;
use crate::control::status::parameters;
use crate::control::{ControlError, ControlReply, warm};
use crate::journal::receipts::{self, KeptReceipt};
use crate::journal::wire::JournalRequest;
use crate::journal::{Number, append, refresh};
use crate::json;
use crate::json::members::Members;
use crate::page::visit::Visit;
use crate::platform::tasks::within;
use crate::platform::{JournalError, Platform};
use crate::policy::timing::JOURNAL_APPEND_LIMIT;

/// The longest receipt that is kept, in bytes. A list of them is read into memory.
const TEXT_MOST: usize = 32 * 1024;

/// A purge that was looked up.
pub struct FoundPurge {
    receipt: Receipt,
    number: u64,
    spread: Spread,
}

/// The known spread of a purge that the journal has.
struct Spread {
    /// The number to which the copy of the isolate that answers is complete.
    complete_to: u64,
    /// The time by which all data centres have the purge, while the journal's object replies.
    everywhere_by: String,
}

impl FoundPurge {
    /// The members of its JSON.
    pub fn members(&self) -> Members {
        let Spread { complete_to, everywhere_by } = &self.spread;
        let has_purge = self.number <= *complete_to;
        let here = Members::default().number("complete_to", *complete_to);
        let spread = Members::default().flag("durable", true);
        let spread = spread.object("here", here.flag("has_purge", has_purge));
        let members = self.receipt.add_to(Members::default()).number("number", self.number);
        members.object("spread", spread.text("everywhere_by", everywhere_by))
    }
}

/// Returns the receipt to keep in the journal's object, if one is to be kept. A very long one is not.
pub fn text<P: Platform>(platform: &P, receipt: &Receipt) -> Option<append::Receipt> {
    let life = platform.config().receipt_life;
    if life.is_zero() || !platform.has_journal() {
        return None;
    }
    let text = receipt.add_to(Members::default()).end();
    (text.len() <= TEXT_MOST).then_some(append::Receipt { text, life })
}

/// Looks the receipt of a purge up. `None`: no journal is bound, or it has no such receipt.
pub async fn find<P: Platform>(
    platform: &P,
    visit: &Visit,
    id: &str,
) -> Result<Option<FoundPurge>, ControlError> {
    let Ok(request) = u128::from_str_radix(id, 16) else { return Ok(None) };
    if !platform.has_journal() {
        return Ok(None);
    }
    let kept = ask(platform, visit, &JournalRequest::Receipt(request)).await?;
    let mut found = kept.first().and_then(|kept| found(platform, kept));
    if let Some(warmup) = found.as_mut().and_then(|found| found.receipt.warmup.as_mut()) {
        warm::look_up(platform, warmup).await;
    }
    Ok(found)
}

/// Makes the response to `GET purges`: the newest purges, the newest first.
pub async fn list<P: Platform>(platform: &P, visit: &Visit) -> Result<ControlReply, ControlError> {
    if !platform.has_journal() {
        let detail = "The list of purges is kept by the purge journal: bind COORDINATOR.";
        let title = "No purge journal is bound";
        return Err(ControlError::new(StatusCode::NOT_FOUND, title, detail).about("COORDINATOR"));
    }
    let before = before(visit)?;
    let kept = ask(platform, visit, &JournalRequest::Newest(before)).await?;
    let shown = &kept[..kept.len().min(receipts::SHOWN_MOST)];
    let is_last = shown.len() == kept.len();
    let cursor = shown.last().filter(|_| !is_last).map(|kept| kept.number.0);
    let purges = shown.iter().filter_map(|kept| Some(found(platform, kept)?.members()));
    let mut newest = Members::default().objects("purges", purges);
    // The number to pass as `before` for the purges before these.
    if let Some(cursor) = cursor {
        newest = newest.number("cursor", cursor);
    }
    Ok(ControlReply::done(newest))
}

fn before(visit: &Visit) -> Result<Option<Number>, ControlError> {
    let query = visit.url.split_once('?').map_or("", |(_, query)| query);
    match &parameters(query)[..] {
        [] => Ok(None),
        [(name, value)] if name == "before" && is_number(value) => {
            Ok(value.parse().ok().map(Number))
        }
        _ => {
            let detail = "The only parameter is before: the cursor of an earlier response.";
            let title = "The request cannot be understood";
            Err(ControlError::new(StatusCode::BAD_REQUEST, title, detail).about("before"))
        }
    }
}

fn is_number(value: &str) -> bool {
    value.bytes().all(|byte| byte.is_ascii_digit())
        && value.parse::<u64>().is_ok_and(|number| number > 0)
}

/// Asks for receipts, and refreshes this isolate's copy as for a page.
async fn ask<P: Platform>(
    platform: &P,
    visit: &Visit,
    request: &JournalRequest,
) -> Result<Vec<KeptReceipt>, ControlError> {
    refresh::begin(platform, visit.key.host());
    let reply = within(platform, JOURNAL_APPEND_LIMIT, platform.ask_journal(request)).await;
    refresh::ready(platform, visit.key.host()).await;
    let bytes = reply.unwrap_or(Err(JournalError::TimedOut)).map_err(|error| unreadable(&error))?;
    let text = String::from_utf8(bytes).ok();
    text.and_then(|text| receipts::parse(&text)).ok_or_else(|| unreadable(&JournalError::Format))
}

fn found<P: Platform>(platform: &P, kept: &KeptReceipt) -> Option<FoundPurge> {
    let receipt: Receipt = json::read(&kept.text)?;
    let complete_to = refresh::known(platform).map_or(0, |known| known.number.0);
    let spread = Spread {
        complete_to,
        everywhere_by: (kept.number.stamp() + platform.config().purge_seen_within).to_string(),
    };
    Some(FoundPurge { receipt, number: kept.number.0, spread })
}

fn unreadable(error: &JournalError) -> ControlError {
    let title = "The purge journal cannot be read";
    let detail = format!("{error}. Ask again.");
    ControlError::new(StatusCode::SERVICE_UNAVAILABLE, title, detail)
}
