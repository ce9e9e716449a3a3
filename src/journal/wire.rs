//! Pure. The requests to the journal's object, and its replies.
//!
//! A request is a line of words; numbers are hexadecimal. The receipt of a purge follows on a line
//! of its own. A reply to a reader or a purge is bytes: a block with the entries that the request
//! lacks; the number of the appended entry, or zero; and the time before which readers shall read KV
//! instead, or zero. The block stands first, so that its bytes need not be moved. A reply about receipts is text (`journal/receipts.rs`).

use std::fmt::{self, Display};
use std::time::Duration;

use crate::journal::append::{self, Append, Receipt};
use crate::journal::block::Block;
use crate::journal::{JournalId, Known, Number, TagDigest};
use crate::policy::time::Time;

/// The bytes of a number in a reply.
const WORD: usize = size_of::<u64>();

/// A request to the journal's object. Those for entries name the number to which the sender's copy
/// is complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JournalRequest {
    /// Return the entries after a number.
    Read(Option<Known>),
    /// Append a purge, and return the entries after a number.
    Append(Append, Option<Known>),
    /// Return the receipt of a purge request.
    Receipt(u128),
    /// Return the newest receipts before a number.
    Newest(Option<Number>),
}

/// The reply of the journal's object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalReply {
    /// The number of the appended purge.
    pub appended: Option<Number>,
    /// The time before which readers shall read the published journal in KV instead: the readers'
    /// share of the day's requests is spent.
    pub reads_again_at: Option<Time>,
    /// The entries that the sender lacks.
    pub news: Block,
}

impl JournalRequest {
    /// The number of a sender that has no copy.
    pub const NOTHING: Known = Known { journal: JournalId(0), number: Number(0) };

    /// Returns the number to which the sender's copy is complete.
    pub fn after(&self) -> Known {
        match self {
            JournalRequest::Read(after) | JournalRequest::Append(_, after) => {
                after.unwrap_or(JournalRequest::NOTHING)
            }
            JournalRequest::Receipt(_) | JournalRequest::Newest(_) => JournalRequest::NOTHING,
        }
    }
}

impl Display for JournalRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Known { journal, number } = self.after();
        match self {
            JournalRequest::Read(_) => write!(f, "read {:x} {:x}", journal.0, number.0),
            JournalRequest::Append(append, _) => {
                write!(f, "append {:x} {:x} {append}", journal.0, number.0)?;
                append.tags.iter().try_for_each(|tag| write!(f, " {:x}", tag.0))?;
                match &append.receipt {
                    Some(Receipt { text, life }) => write!(f, "\n{:x} {text}", life.as_secs()),
                    None => Ok(()),
                }
            }
            JournalRequest::Receipt(request) => write!(f, "receipt {request:x}"),
            JournalRequest::Newest(before) => {
                write!(f, "newest {:x}", before.unwrap_or_default().0)
            }
        }
    }
}

/// Parses a request; `None` if it is malformed. A purge with a malformed receipt has none: the purge
/// counts.
pub fn parse_request(text: &str) -> Option<JournalRequest> {
    let (line, receipt) = match text.split_once('\n') {
        Some((line, receipt)) => (line, Some(receipt)),
        None => (text, None),
    };
    let mut words = line.split(' ');
    match words.next()? {
        "read" => Some(JournalRequest::Read(parse_known(&mut words)?)),
        "append" => {
            let after = parse_known(&mut words)?;
            let mut append = append::parse(&mut words)?;
            append.tags =
                words.map(|word| hexadecimal(word).map(TagDigest)).collect::<Option<_>>()?;
            append.receipt = receipt.and_then(parse_receipt);
            Some(JournalRequest::Append(append, after))
        }
        "receipt" => Some(JournalRequest::Receipt(u128::from_str_radix(words.next()?, 16).ok()?)),
        "newest" => {
            let before = Number(hexadecimal(words.next()?)?);
            Some(JournalRequest::Newest((before.0 > 0).then_some(before)))
        }
        _ => None,
    }
}

fn parse_known<'w>(words: &mut impl Iterator<Item = &'w str>) -> Option<Option<Known>> {
    let journal = JournalId(hexadecimal(words.next()?)?);
    let known = Known { journal, number: Number(hexadecimal(words.next()?)?) };
    Some(Some(known).filter(|known| *known != JournalRequest::NOTHING))
}

fn parse_receipt(line: &str) -> Option<Receipt> {
    let (life, text) = line.split_once(' ')?;
    Some(Receipt { text: text.to_owned(), life: Duration::from_secs(hexadecimal(life)?) })
}

/// Parses a hexadecimal number.
pub fn hexadecimal(word: &str) -> Option<u64> {
    u64::from_str_radix(word, 16).ok()
}

impl JournalReply {
    /// Writes the reply.
    pub fn to_bytes(&self) -> Vec<u8> {
        let number = self.appended.unwrap_or_default().0;
        let again = self.reads_again_at.map_or(0, |at| at.0);
        [self.news.as_bytes(), &number.to_be_bytes(), &again.to_be_bytes()].concat()
    }

    /// Reads a reply; `None` if it is damaged, or in the format of another version.
    pub fn read(mut bytes: Vec<u8>) -> Option<JournalReply> {
        let again = i64::from_be_bytes(*bytes.last_chunk()?);
        bytes.truncate(bytes.len() - WORD);
        let number = u64::from_be_bytes(*bytes.last_chunk()?);
        bytes.truncate(bytes.len() - WORD);
        let news = Block::read(bytes)?;
        Some(JournalReply {
            appended: (number > 0).then_some(Number(number)),
            reads_again_at: (again > 0).then_some(Time(again)),
            news,
        })
    }
}
