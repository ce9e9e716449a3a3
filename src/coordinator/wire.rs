//! Pure. The text of the coordinator's requests, replies and rows: words on a line.
//!
//! A claim of an older version has further lines, with tags. They are not read.
//!
//! Words are used because the derived parsers of as many JSON types would be a tenth of the whole
//! Worker.

use std::fmt::{self, Display};
use std::time::Duration;

use crate::coordinator::ledger::{Row, RowKind};
use crate::coordinator::shard::{LeaseReply, ShardRequest};
use crate::lease::LeaseEnd;
use crate::policy::time::Time;

impl Display for ShardRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ShardRequest::Claim { slot, token, life, waited } => {
                let (life, waited) = (life.as_millis() as u64, u64::from(*waited));
                write!(f, "claim {slot} {token} {life} {waited}")
            }
            ShardRequest::Release { slot, token, end } => {
                write!(f, "release {slot} {token} {end}")
            }
        }
    }
}

impl Display for LeaseReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LeaseReply::Granted => f.write_str("granted"),
            LeaseReply::Held => f.write_str("held"),
            LeaseReply::Free => f.write_str("free"),
            LeaseReply::Failed(status) => write!(f, "failed {status}"),
            LeaseReply::Full => f.write_str("full"),
        }
    }
}

impl Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let until = self.until.0;
        match &self.kind {
            RowKind::Lease(token) => write!(f, "{until} lease {token}"),
            RowKind::Ended(end) => write!(f, "{until} ended {end}"),
        }
    }
}

/// Writes the end of a lease. A request in another data centre cannot get the stored response, so
/// `Stored` is written as `Abandoned` is, and read back as that. So is `Purged`.
impl Display for LeaseEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LeaseEnd::Stored { .. } | LeaseEnd::Purged | LeaseEnd::Abandoned => f.write_str("done"),
            LeaseEnd::Uncacheable => f.write_str("uncacheable"),
            LeaseEnd::Failed(status) => write!(f, "{status}"),
        }
    }
}

/// Parses a request to a shard; `None` if it is malformed.
pub fn parse_request(text: &str) -> Option<ShardRequest> {
    let mut words = text.lines().next()?.split(' ');
    match words.next()? {
        "claim" => Some(ShardRequest::Claim {
            slot: words.next()?.to_owned(),
            token: words.next()?.parse().ok()?,
            life: Duration::from_millis(words.next()?.parse().ok()?),
            waited: words.next()? == "1",
        }),
        "release" => Some(ShardRequest::Release {
            slot: words.next()?.to_owned(),
            token: words.next()?.parse().ok()?,
            end: ending(words.next()?)?,
        }),
        _ => None,
    }
}

/// Parses the reply of a shard; `None` if it is malformed.
pub fn parse_reply(text: &str) -> Option<LeaseReply> {
    match halves(text) {
        ("granted", _) => Some(LeaseReply::Granted),
        ("held", _) => Some(LeaseReply::Held),
        ("free", _) => Some(LeaseReply::Free),
        ("failed", status) => Some(LeaseReply::Failed(status.parse().ok()?)),
        ("full", _) => Some(LeaseReply::Full),
        _ => None,
    }
}

/// Parses a written row; `None` if it is malformed, or a purge record of an older version.
pub fn row(text: &str) -> Option<Row> {
    let (until, kind) = halves(text);
    let kind = match halves(kind) {
        ("lease", token) => RowKind::Lease(token.parse().ok()?),
        ("ended", how) => RowKind::Ended(ending(how)?),
        _ => return None,
    };
    Some(Row { until: Time(until.parse().ok()?), kind })
}

fn ending(word: &str) -> Option<LeaseEnd> {
    match word {
        "done" => Some(LeaseEnd::Abandoned),
        "uncacheable" => Some(LeaseEnd::Uncacheable),
        status => Some(LeaseEnd::Failed(status.parse().ok()?)),
    }
}

/// Splits a text after its first word; without a second word, the second half is empty.
fn halves(text: &str) -> (&str, &str) {
    text.split_once(' ').unwrap_or((text, ""))
}
