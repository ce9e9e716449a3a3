//! Pure. Receipts of purges, as the journal's object sends them.

use crate::journal::Number;
use crate::journal::wire::hexadecimal;

/// The most receipts in a list.
pub const SHOWN_MOST: usize = 50;
/// The most receipts in one reply: one more tells whether there are others.
pub const RECEIPTS_MOST: usize = SHOWN_MOST + 1;

/// A receipt that the object keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptReceipt {
    /// The number of the purge.
    pub number: Number,
    /// The receipt as JSON, on one line.
    pub text: String,
}

/// Writes receipts, each on a line.
pub fn to_text(receipts: &[KeptReceipt]) -> String {
    let lines = receipts.iter().map(|kept| format!("{:x} {}", kept.number.0, kept.text));
    lines.collect::<Vec<String>>().join("\n")
}

/// Reads written receipts; `None` if they are malformed.
pub fn parse(text: &str) -> Option<Vec<KeptReceipt>> {
    let receipt = |line: &str| {
        let (number, text) = line.split_once(' ')?;
        Some(KeptReceipt { number: Number(hexadecimal(number)?), text: text.to_owned() })
    };
    text.lines().map(receipt).collect()
}
