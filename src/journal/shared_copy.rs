//! The copy of the journal that the isolates of a data centre share, in its cache.
//!
//! Two slots hold it. A small note says to which number, and as of when, the copy is complete. A
//! block holds the entries. A refresh that brings no entry writes the note alone.
//!
//! Both may be old, evicted, or of two moments: the note of a later block. So an isolate takes the
//! note's time only for the number that the note names, and the block only with its own number.

use std::time::Duration;

use crate::journal::block::Block;
use crate::journal::wire::hexadecimal;
use crate::journal::{JournalId, Known, Number};
use crate::platform::{CacheError, Document, Platform};
use crate::policy::key::{CacheKey, Slot};
use crate::policy::time::Time;
use crate::policy::timing::JOURNAL_COPY_KEPT;

/// A note: the number to which the shared copy is complete, and since when that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note {
    /// The number.
    pub known: Known,
    /// The time at which the request for it began.
    pub asked_at: Time,
}

impl Note {
    /// Writes the note as words.
    pub fn to_text(self) -> String {
        let Note { known: Known { journal, number }, asked_at } = self;
        format!("{:x} {:x} {:x}", journal.0, number.0, asked_at.0)
    }

    /// Reads a written note; `None` if it is malformed.
    pub fn parse(text: &str) -> Option<Note> {
        let words = text.split(' ').map(hexadecimal).collect::<Option<Vec<u64>>>()?;
        let [journal, number, asked_at] = words[..] else { return None };
        let known = Known { journal: JournalId(journal), number: Number(number) };
        Some(Note { known, asked_at: Time(i64::try_from(asked_at).ok()?) })
    }
}

/// The slot of the note. With `HOSTS`, one zone has one copy of a journal. Without, each host has one. An
/// environment with another journal may have the same `HOSTS`.
fn slot<P: Platform>(platform: &P, host: &str) -> Option<Slot> {
    let host = platform.config().hosts.first().map_or(host, String::as_str);
    let page = CacheKey::parse(&format!("https://{host}/")).ok()?.slot();
    Some(page.beside("journal").beside(&platform.journal_object_id()?))
}

/// Reads the note. `None`: there is none, or it is malformed.
pub async fn note<P: Platform>(platform: &P, host: &str) -> Option<Note> {
    Note::parse(&platform.cache_note(&slot(platform, host)?).await?)
}

/// Reads the block. `None`: there is none, or it is damaged.
pub async fn block<P: Platform>(platform: &P, host: &str) -> Option<Block> {
    let slot = slot(platform, host)?.beside("block");
    Block::read(platform.cache_bytes(&slot).await?)
}

/// Writes the note, and the block before it if there is one. The cache may keep neither: a refresh
/// then asks the object.
pub async fn write<P: Platform>(
    platform: &P,
    host: &str,
    note: Note,
    block: Option<Block>,
) -> Result<(), CacheError> {
    let Some(slot) = slot(platform, host) else { return Ok(()) };
    if let Some(block) = block {
        let body = platform.bytes_body(block.as_bytes());
        let document = Document { metadata: String::new(), body };
        platform.cache_put(&slot.beside("block"), document, JOURNAL_COPY_KEPT).await?;
    }
    platform.cache_write_note(&slot, note.to_text(), JOURNAL_COPY_KEPT).await
}

/// Tells whether a note is younger than `age`. One from the future is not, if it is further from now than
/// clocks differ: its age is unknown.
pub fn is_younger(note: &Note, age: Duration, clocks_differ: Duration, now: Time) -> bool {
    now.since(note.asked_at) < age && note.asked_at <= now + clocks_differ
}
