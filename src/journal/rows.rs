//! Pure. The rows in which the journal's object keeps the journal.
//!
//! | key | value |
//! |---|---|
//! | `head` | the state of the journal |
//! | `e/<number>` | a purge: its request, mode, sender and tags, each with its earlier stamps |
//! | `t/<number>` | the receipt of a purge |
//! | `a/<journal>-<number>-<place>` | entries that were adopted from KV, as a block |
//! | `mark` | the last mark of a purge without the journal that the object has seen |
//! | `put` | the time at which a write to KV began that has not ended |
//! | `day` | the day, and the requests of it |

use crate::journal::block::Block;
use crate::journal::entries::{Append, HeldReceipt};
use crate::journal::wire::{self, hexadecimal};
use crate::journal::{Dropped, Head, JournalId, Number, TagDigest};
use crate::platform::rows::RowChange;
use crate::policy::time::Time;

const HEAD: &str = "head";
const ENTRY: &str = "e/";
const RECEIPT: &str = "t/";
const ADOPTED: &str = "a/";

/// What an entry of the journal stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The purge of its own sender.
    OfSender,
    /// Also the earlier purge by a request with a token, whose place it took.
    OfEarlierToken,
}

/// A purge as it was written: with the standing and the earlier stamps of each tag.
pub type Written = (Append, Vec<Standing>, Vec<Vec<Time>>);

/// The content of the rows.
#[derive(Default)]
pub struct Read {
    /// The state of the journal.
    pub head: Option<Head>,
    /// The blocks of adopted entries.
    pub adopted: Vec<Block>,
    /// The purges, in the order of their numbers.
    pub appended: Vec<(Number, Written)>,
    /// The receipts.
    pub receipts: Vec<HeldReceipt>,
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
        } else if let Some(number) = number_in(RECEIPT) {
            let held = receipt_of(&value);
            read.receipts.extend(held.map(|(request, until, _)| HeldReceipt {
                number,
                request,
                until,
            }));
        } else if key.starts_with(ADOPTED) {
            read.adopted.extend(Block::of_text(&value));
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
pub fn appended(
    number: Number,
    append: &Append,
    standings: &[Standing],
    earlier: &[Vec<Time>],
) -> RowChange {
    let mut value = append.to_string();
    for ((tag, standing), earlier) in append.tags.iter().zip(standings).zip(earlier) {
        let plus = if *standing == Standing::OfEarlierToken { "+" } else { "" };
        value.push_str(&format!(" {plus}{:x}", tag.0));
        earlier.iter().for_each(|stamp| value.push_str(&format!(",{:x}", stamp.0)));
    }
    RowChange::Put { key: entry_key(number), value }
}

fn append_of(text: &str) -> Option<Written> {
    let mut words = text.split(' ');
    let mut append = wire::parse_append(&mut words)?;
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
    Some((append, standings, earlier))
}

/// Returns the key of a receipt's row.
pub fn receipt_key(number: Number) -> String {
    format!("{RECEIPT}{:016x}", number.0)
}

/// Returns the row of a receipt.
pub fn receipt(held: HeldReceipt, text: &str) -> RowChange {
    let value = format!("{:x} {:x} {text}", held.request, held.until.0);
    RowChange::Put { key: receipt_key(held.number), value }
}

/// Reads the row of a receipt: its request, its end and its text.
pub fn receipt_of(value: &str) -> Option<(u128, Time, &str)> {
    let (request, rest) = value.split_once(' ')?;
    let (until, text) = rest.split_once(' ')?;
    let until = i64::from_str_radix(until, 16).ok()?;
    Some((u128::from_str_radix(request, 16).ok()?, Time(until), text))
}

/// Returns a row of adopted entries; `place` counts the rows of one adoption.
pub fn adopted(place: usize, block: &Block) -> RowChange {
    let key =
        format!("{ADOPTED}{:016x}-{:016x}-{place:04}", block.head().id.0, block.head().last.0);
    RowChange::Put { key, value: block.to_text() }
}
