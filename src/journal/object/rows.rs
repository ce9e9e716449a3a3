//! Pure. The rows in which the journal's object keeps the journal.
//!
//! | key | value |
//! |---|---|
//! | `head` | the state of the journal |
//! | `e/<number>` | a purge: its request, mode and sender, the number before its own, and its tags, each with its earlier stamps |
//! | `a/<journal>-<number>-<place>` | entries that were adopted from KV, as a block |
//! | `b/t<place>`, `b/v<place>` | entries whose rows were joined, as blocks: of tokens, and of visitors |
//! | `mark` | the last mark of a purge without the journal that the object has seen |
//! | `put` | the time at which the last write to KV began, and once it has ended, the number up to which it published the journal |
//! | `adopted` | the journals that KV showed, and to which number this one has their entries |
//! | `doubt` | that the object lost entries: until when it publishes nothing, and the journal and number that a reader has and it has not |
//! | `day` | the day, and the requests of it |
//! | `r/<number>` | the receipt of a purge; a start does not read it |

use std::iter;

use crate::journal::append::{self, Append, Sender};
use crate::journal::block::Block;
use crate::journal::wire::hexadecimal;
use crate::journal::{Dropped, Head, JournalId, Known, Number, TagDigest};
use crate::platform::rows::{RowChange, RowOrder, RowRange};
use crate::policy::time::Time;

const HEAD: &str = "head";
const ENTRY: &str = "e/";
/// The prefix of rows with receipts. The rows of a start stand before them.
const RECEIPT: &str = "r/";
const AFTER_RECEIPTS: &str = "r0";
const ADOPTED: &str = "a/";
const JOINED: &str = "b/t";
const JOINED_OF_VISITORS: &str = "b/v";

/// What an entry of the journal stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The purge of its own sender.
    OfSender,
    /// Also the earlier purge by a request with a token, whose place it took.
    OfEarlierToken,
}

/// A purge as it is written.
pub struct Written {
    /// The purge.
    pub append: Append,
    /// The newest number before its own: the object gave none in between.
    pub after: Number,
    /// What the entry of each tag stands for.
    pub standings: Vec<Standing>,
    /// The earlier stamps of each tag.
    pub earlier: Vec<Vec<Time>>,
}

/// The content of the rows.
#[derive(Default)]
pub struct Read {
    /// The state of the journal.
    pub head: Option<Head>,
    /// The rows with blocks, and whose entries they are.
    pub blocks: Vec<(String, Sender, Block)>,
    /// The purges, in the order of their numbers.
    pub appended: Vec<(Number, Written)>,
}

/// Reads rows, which come in the order of their keys. A row that cannot be read is left out.
pub fn read(rows: impl IntoIterator<Item = (String, String)>) -> Read {
    let mut read = Read::default();
    for (key, value) in rows {
        let number_in = |prefix| key.strip_prefix(prefix).and_then(hexadecimal).map(Number);
        if key == HEAD {
            read.head = head_of(&value);
        } else if let Some(number) = number_in(ENTRY) {
            read.appended.extend(append_of(&value).map(|append| (number, append)));
        } else if let Some(sender) = sender_of_block(&key) {
            read.blocks.extend(Block::of_text(&value).map(|block| (key, sender, block)));
        }
    }
    read
}

/// Returns the row of the journal's state.
pub fn head(head: &Head) -> RowChange {
    let Head { id, last, complete_since, dropped, with_records_until } = head;
    let value = format!(
        "{:x} {:x} {:x} {:x} {:x} {:x}",
        id.0, last.0, complete_since.0, dropped.soft.0, dropped.hard.0, with_records_until.0
    );
    RowChange::Put { key: HEAD.to_owned(), value }
}

fn head_of(text: &str) -> Option<Head> {
    let words: Vec<u64> = text.split(' ').map(hexadecimal).collect::<Option<_>>()?;
    let [id, last, complete_since, soft, hard, with_records_until] = words[..] else { return None };
    Some(Head {
        id: JournalId(id),
        last: Number(last),
        complete_since: Number(complete_since),
        dropped: Dropped { soft: Number(soft), hard: Number(hard) },
        with_records_until: Number(with_records_until).stamp(),
    })
}

/// Returns the key of a purge's row.
pub fn entry_key(number: Number) -> String {
    format!("{ENTRY}{:016x}", number.0)
}

/// Returns the row of a purge.
pub fn appended(number: Number, written: &Written) -> RowChange {
    let Written { append, after, standings, earlier } = written;
    let mut value = format!("{append} {:x}", after.0);
    for ((tag, standing), earlier) in append.tags.iter().zip(standings).zip(earlier) {
        let plus = if *standing == Standing::OfEarlierToken { "+" } else { "" };
        value.push_str(&format!(" {plus}{:x}", tag.0));
        earlier.iter().for_each(|stamp| value.push_str(&format!(",{:x}", stamp.0)));
    }
    RowChange::Put { key: entry_key(number), value }
}

fn append_of(text: &str) -> Option<Written> {
    let mut words = text.split(' ');
    let mut append = append::parse(&mut words)?;
    let after = Number(hexadecimal(words.next()?)?);
    let (mut standings, mut earlier) = (Vec::new(), Vec::new());
    for word in words {
        let (standing, word) = match word.strip_prefix('+') {
            Some(word) => (Standing::OfEarlierToken, word),
            None => (Standing::OfSender, word),
        };
        let mut numbers = word.split(',');
        append.tags.push(TagDigest(hexadecimal(numbers.next()?)?));
        standings.push(standing);
        let stamps = numbers.map(|stamp| i64::from_str_radix(stamp, 16).ok().map(Time));
        earlier.push(stamps.collect::<Option<_>>()?);
    }
    Some(Written { append, after, standings, earlier })
}

/// Writes journals and their numbers as words.
pub fn known_to_text(all: impl IntoIterator<Item = Known>) -> String {
    let words = all.into_iter().map(|known| format!("{:x} {:x}", known.journal.0, known.number.0));
    words.collect::<Vec<_>>().join(" ")
}

/// Reads written journals and numbers, up to the first that is damaged.
pub fn known_of_text(text: &str) -> Vec<Known> {
    let mut words = text.split(' ').map_while(hexadecimal);
    let next = || {
        let journal = JournalId(words.next()?);
        Some(Known { journal, number: Number(words.next()?) })
    };
    iter::from_fn(next).collect()
}

/// The rows from which the journal is restored.
pub const OF_START: RowRange<'_> =
    RowRange { from: "", to: RECEIPT, order: RowOrder::Ascending, most: None };

/// Returns the oldest rows with receipts.
pub fn oldest_receipts(most: usize) -> RowRange<'static> {
    RowRange { from: RECEIPT, to: AFTER_RECEIPTS, order: RowOrder::Ascending, most: Some(most) }
}

/// Returns the newest rows with receipts before `to`, a key.
pub fn newest_receipts(to: &str, most: usize) -> RowRange<'_> {
    RowRange { from: RECEIPT, to, order: RowOrder::Descending, most: Some(most) }
}

/// Returns the key of a receipt's row; without a number, the key after all of them.
pub fn receipt_key(number: Option<Number>) -> String {
    number.map_or(AFTER_RECEIPTS.to_owned(), |number| format!("{RECEIPT}{:016x}", number.0))
}

/// A receipt in its row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldReceipt<'v> {
    /// The number of the purge.
    pub number: Number,
    /// The id of the purge request.
    pub request: u128,
    /// The time until which the receipt is kept.
    pub until: Time,
    /// The receipt as JSON.
    pub text: &'v str,
}

impl HeldReceipt<'_> {
    /// Returns the row.
    pub fn row(&self) -> RowChange {
        let value = format!("{:x} {:x} {}", self.request, self.until.0, self.text);
        RowChange::Put { key: receipt_key(Some(self.number)), value }
    }

    /// Reads a row; `None` if it is damaged.
    pub fn read<'v>(key: &str, value: &'v str) -> Option<HeldReceipt<'v>> {
        let number = Number(hexadecimal(key.strip_prefix(RECEIPT)?)?);
        let (request, rest) = value.split_once(' ')?;
        let (until, text) = rest.split_once(' ')?;
        let until = Time(i64::from_str_radix(until, 16).ok()?);
        Some(HeldReceipt { number, request: u128::from_str_radix(request, 16).ok()?, until, text })
    }
}

/// Returns the key of a row with adopted entries; `place` counts the rows of one adoption.
pub fn adopted_key(place: usize, head: Head) -> String {
    format!("{ADOPTED}{:016x}-{:016x}-{place:04}", head.id.0, head.last.0)
}

/// Returns the key of a row with entries whose rows were joined.
pub fn joined_key(sender: Sender, place: usize) -> String {
    let prefix = match sender {
        Sender::Token => JOINED,
        Sender::Visitor => JOINED_OF_VISITORS,
    };
    format!("{prefix}{place:04}")
}

fn sender_of_block(key: &str) -> Option<Sender> {
    if key.starts_with(JOINED_OF_VISITORS) {
        return Some(Sender::Visitor);
    }
    (key.starts_with(ADOPTED) || key.starts_with(JOINED)).then_some(Sender::Token)
}
