//! Receipts of purges by records. A receipt is stored in KV in the background. `GET purges/<id>` returns it,
//! and tells how far its purge has spread.
//!
//! In scope: the records that KV shows in the data centre that receives the request. Out of scope:
//! the records that KV shows elsewhere, because KV cannot tell. The response only states the time
//! by which they are usually visible everywhere.
//!
//! A record counts as seen if KV shows a record of its tag and mode, stamped at or after the
//! purge's beginning. The purge's own records all have such stamps, from the same clock. An earlier
//! stamp belongs to an earlier purge, or to a later purge by a slow clock. So "seen" is always
//! right. "Not seen" may be wrong in that last case: a later purge has then replaced the record.

use http::StatusCode;

use crate::control::purge::Receipt;
use crate::control::{ControlError, ControlReply, journal_receipts};
use crate::isolate::complaints::Complaint;
use crate::json::members::Members;
use crate::json::{self, from_object};
use crate::page::visit::Visit;
use crate::platform::Platform;
use crate::platform::complain::complain;
use crate::platform::kv::{self, KvEntry};
use crate::platform::kv_error::KvError;
use crate::platform::kv_key::KvKey;
use crate::policy::fence::PurgeRecord;
use crate::policy::tag::Tag;
use crate::policy::time::Time;
use crate::policy::timing::KV_SPREADS_IN;

const VERSION: u64 = 1;
/// The number of hexadecimal digits in an id: two random words.
const ID_LENGTH: usize = 32;

/// The value of `r/<id>` in KV: a purge request and its outcome.
pub struct StoredReceipt {
    v: u64,
    receipt: Receipt,
    /// The tags whose records were to be written, successfully or not.
    tags: Vec<Tag>,
    began: Time,
    ended: Time,
}

from_object!(StoredReceipt, [v, receipt, tags, began, ended], or_default: []);

impl StoredReceipt {
    /// Makes the stored form of a receipt.
    pub fn new(receipt: Receipt, tags: Vec<Tag>, began: Time, ended: Time) -> StoredReceipt {
        StoredReceipt { v: VERSION, receipt, tags, began, ended }
    }

    fn to_text(&self) -> String {
        let members = Members::default().number("v", self.v);
        let members = members.object("receipt", self.receipt.add_to(Members::default()));
        let members = members.texts("tags", self.tags.iter().map(Tag::as_str));
        let members = members.json("began", &self.began.0.to_string());
        members.json("ended", &self.ended.0.to_string()).end()
    }
}

/// Stores a receipt in the background: no purge waits for it or fails with it. A request that named
/// nothing to purge has no receipt. Call it once the response is decided.
pub fn keep<P: Platform>(platform: &P, kept: StoredReceipt) {
    let life = platform.config().receipt_life;
    if life.is_zero() || kept.tags.is_empty() {
        return;
    }
    let then = platform.clone();
    platform.defer(async move {
        let key = KvKey::receipt(&kept.receipt.id);
        let entry = KvEntry { value: kept.to_text(), metadata: None, life };
        // The response has been sent, so only the log can tell of a failed write.
        if let Err(error) = kv::write(&then, &key, entry).await {
            complain(&then, Complaint::Receipt, || {
                format!("a purge's receipt could not be kept ({error}); the purge stands")
            });
        }
    });
}

/// Makes the response to `GET purges/<id>`.
pub async fn answer<P: Platform>(
    platform: &P,
    visit: &Visit,
    id: &str,
) -> Result<ControlReply, ControlError> {
    let is_id = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if id.len() != ID_LENGTH || !id.bytes().all(is_id) {
        let detail = format!("A receipt's id is {ID_LENGTH} digits of 0 to 9 and a to f.");
        let title = "The request cannot be understood";
        return Err(ControlError::new(StatusCode::BAD_REQUEST, title, detail).about("id"));
    }
    if let Some(found) = journal_receipts::find(platform, visit, id).await? {
        return Ok(ControlReply::done(found.members()));
    }
    let text = kv::read_one(platform, &KvKey::receipt(id)).await.map_err(no_answer)?;
    let Some(text) = text else {
        return Err(absent(platform));
    };
    let kept = match json::read::<StoredReceipt>(&text) {
        Some(kept) if kept.v == VERSION => kept,
        _ => return Err(unreadable(NOT_OURS)),
    };
    let spread = spread(platform, &kept).await?;
    Ok(ControlReply::done(kept.receipt.add_to(Members::default()).object("spread", spread)))
}

/// Tells how far a purge is known to have spread: whether KV has taken every record, how many of them it
/// shows in this data centre, and when the purge usually holds everywhere. KV promises no upper bound.
async fn spread<P: Platform>(platform: &P, kept: &StoredReceipt) -> Result<Members, ControlError> {
    let durable = kept.receipt.failed.is_none();
    let spreads_in = KV_SPREADS_IN + 2 * platform.config().memory_window;
    let (seen, of) = (seen(platform, kept).await?, kept.tags.len());
    let here = Members::default().number("seen", seen as u64).number("of", of as u64);
    let spread = Members::default().flag("durable", durable).object("here", here);
    let by = durable.then(|| (kept.ended + spreads_in).to_string());
    Ok(spread.text_if("usually_everywhere_by", by.as_deref()))
}

/// Counts the records that KV shows. They are read in the same way as for pages.
async fn seen<P: Platform>(platform: &P, kept: &StoredReceipt) -> Result<usize, ControlError> {
    let key = |tag| KvKey::record(kept.receipt.mode, tag);
    let keys: Vec<KvKey> = kept.tags.iter().map(key).collect();
    let mut seen = 0;
    for value in kv::read(platform, &keys).await.map_err(no_answer)?.into_iter().flatten() {
        let record = json::read::<PurgeRecord>(&value).ok_or_else(|| unreadable(NOT_OURS))?;
        seen += usize::from(record.at >= kept.began);
    }
    Ok(seen)
}

const NOT_OURS: &str = "The receipt was not written by this version, or a record of the purge was not. \
     The purge itself is not affected.";

fn no_answer(error: KvError) -> ControlError {
    unreadable(&format!("KV could not be read: {error}. Ask again."))
}

fn absent<P: Platform>(platform: &P) -> ControlError {
    let life = platform.config().receipt_life.as_secs();
    let detail = format!(
        "No receipt has this id, or it has expired: RECEIPT_LIFE keeps receipts for {life} seconds.{}",
        if platform.has_journal() {
            " A receipt of more than 32 KiB is not kept."
        } else {
            " KV can take a minute or more to show a new one."
        }
    );
    ControlError::new(StatusCode::NOT_FOUND, "No such receipt", detail).about("RECEIPT_LIFE")
}

fn unreadable(cause: &str) -> ControlError {
    let title = "What is known of the purge cannot be read";
    ControlError::new(StatusCode::SERVICE_UNAVAILABLE, title, cause)
}
