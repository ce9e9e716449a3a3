//! Pure. A purge on its way to the journal's object, and the words that it is written in.

use std::fmt::{self, Display};
use std::time::Duration;

use crate::journal::TagDigest;
use crate::policy::fence::PurgeMode;

/// The sender of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// A request with a token.
    Token,
    /// A visitor's unsafe request.
    Visitor,
}

/// A purge to append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Append {
    /// The random id of the purge request.
    pub request: u128,
    /// The mode of the purge.
    pub mode: PurgeMode,
    /// The sender of the purge.
    pub sender: Sender,
    /// The digests of the purged tags.
    pub tags: Vec<TagDigest>,
    /// The receipt to keep.
    pub receipt: Option<Receipt>,
}

/// A receipt in its written form, and its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The receipt as JSON.
    pub text: String,
    /// The time for which it can be looked up.
    pub life: Duration,
}

/// Writes the words of a purge that stand before its tags.
impl Display for Append {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sender = match self.sender {
            Sender::Token => "token",
            Sender::Visitor => "visitor",
        };
        write!(f, "{:x} {} {sender}", self.request, self.mode.as_str())
    }
}

/// Parses the words of a purge that stand before its tags; `None` if they are malformed.
pub fn parse<'w>(words: &mut impl Iterator<Item = &'w str>) -> Option<Append> {
    let request = u128::from_str_radix(words.next()?, 16).ok()?;
    let mode = match words.next()? {
        "soft" => PurgeMode::Soft,
        "hard" => PurgeMode::Hard,
        _ => return None,
    };
    let sender = match words.next()? {
        "token" => Sender::Token,
        "visitor" => Sender::Visitor,
        _ => return None,
    };
    Some(Append { request, mode, sender, tags: Vec::new(), receipt: None })
}
