//! Pure. The text of the coordinator's requests, replies and rows: words on lines. A tag is the
//! last word of its line, and may contain spaces. No tag contains a line break.
//!
//! A record's id is followed by the stamps of the records that it replaced, each after a comma. An
//! older version reads them as a part of the id, and so as one more purge of the tag.
//!
//! Lines are used because the derived parsers of as many JSON types would be a tenth of the whole
//! Worker.

use std::fmt::{self, Display};
use std::time::Duration;

use crate::coordinator::ledger::{Row, RowKind};
use crate::coordinator::shard::{LeaseReply, Published, ShardReply, ShardRequest};
use crate::lease::LeaseEnd;
use crate::policy::fence::{PurgeMode, PurgeRecord};
use crate::policy::tag::Tag;
use crate::policy::time::Time;

impl Display for ShardRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ShardRequest::Claim { slot, token, life, waited, tags } => {
                let (life, waited) = (life.as_millis() as u64, u64::from(*waited));
                write!(f, "claim {slot} {token} {life} {waited}")?;
                lines(f, tags.iter().map(Tag::as_str))
            }
            ShardRequest::Records(tags) => {
                f.write_str("records")?;
                lines(f, tags.iter().map(Tag::as_str))
            }
            ShardRequest::Release { slot, token, end } => {
                write!(f, "release {slot} {token} {end}")
            }
            ShardRequest::Publish(published) => write!(f, "publish {published}"),
        }
    }
}

impl Display for ShardReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.lease {
            LeaseReply::Granted => f.write_str("granted")?,
            LeaseReply::Held => f.write_str("held")?,
            LeaseReply::Free => f.write_str("free")?,
            LeaseReply::Failed(status) => write!(f, "failed {status}")?,
            LeaseReply::Full => f.write_str("full")?,
        }
        lines(f, &self.records)
    }
}

impl Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let until = self.until.0;
        match &self.kind {
            RowKind::Lease(token) => write!(f, "{until} lease {token}"),
            RowKind::Ended(end) => write!(f, "{until} ended {end}"),
            RowKind::Record(published) => write!(f, "{until} record {published}"),
        }
    }
}

/// Writes the end of a lease. A request in another data centre cannot get the stored response, so
/// `Stored` is written as `Abandoned` is, and read back as that.
impl Display for LeaseEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LeaseEnd::Stored { .. } | LeaseEnd::Abandoned => f.write_str("done"),
            LeaseEnd::Uncacheable => f.write_str("uncacheable"),
            LeaseEnd::Failed(status) => write!(f, "{status}"),
        }
    }
}

impl Display for Published {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Published { tag, mode, record } = self;
        write!(f, "{} {} {}", mode.as_str(), record.at.0, record.id)?;
        record.replaced.iter().try_for_each(|stamp| write!(f, ",{}", stamp.0))?;
        write!(f, " {}", tag.as_str())
    }
}

fn lines<T: Display>(
    f: &mut fmt::Formatter<'_>,
    lines: impl IntoIterator<Item = T>,
) -> fmt::Result {
    lines.into_iter().try_for_each(|line| write!(f, "\n{line}"))
}

/// Parses a request to a shard; `None` if it is malformed.
pub fn parse_request(text: &str) -> Option<ShardRequest> {
    let (first, rest) = halves(text, '\n');
    let (kind, words) = halves(first, ' ');
    if kind == "publish" {
        return published(words).map(ShardRequest::Publish);
    }
    let tags = || rest.split('\n').filter(|line| !line.is_empty()).map(Tag::stored).collect();
    let mut words = words.split(' ');
    match kind {
        "claim" => Some(ShardRequest::Claim {
            slot: words.next()?.to_owned(),
            token: words.next()?.parse().ok()?,
            life: Duration::from_millis(words.next()?.parse().ok()?),
            waited: words.next()? == "1",
            tags: tags(),
        }),
        "records" => Some(ShardRequest::Records(tags())),
        "release" => Some(ShardRequest::Release {
            slot: words.next()?.to_owned(),
            token: words.next()?.parse().ok()?,
            end: ending(words.next()?)?,
        }),
        _ => None,
    }
}

/// Parses the reply of a shard; `None` if it is malformed.
pub fn parse_reply(text: &str) -> Option<ShardReply> {
    let (lease, records) = halves(text, '\n');
    let lease = match halves(lease, ' ') {
        ("granted", _) => LeaseReply::Granted,
        ("held", _) => LeaseReply::Held,
        ("free", _) => LeaseReply::Free,
        ("failed", status) => LeaseReply::Failed(status.parse().ok()?),
        ("full", _) => LeaseReply::Full,
        _ => return None,
    };
    let records = records.split('\n').filter(|line| !line.is_empty());
    Some(ShardReply { lease, records: records.map(published).collect::<Option<_>>()? })
}

/// Parses a written row; `None` if it is malformed.
pub fn row(text: &str) -> Option<Row> {
    let (until, kind) = halves(text, ' ');
    let kind = match halves(kind, ' ') {
        ("lease", token) => RowKind::Lease(token.parse().ok()?),
        ("ended", how) => RowKind::Ended(ending(how)?),
        ("record", record) => RowKind::Record(published(record)?),
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

fn published(line: &str) -> Option<Published> {
    let (mode, rest) = halves(line, ' ');
    let mode = match mode {
        "soft" => PurgeMode::Soft,
        "hard" => PurgeMode::Hard,
        _ => return None,
    };
    let (at, rest) = halves(rest, ' ');
    let (id, tag) = halves(rest, ' ');
    let (id, replaced) = halves(id, ',');
    let stamps = replaced.split(',').filter(|stamp| !stamp.is_empty());
    let replaced = stamps.map(|stamp| Some(Time(stamp.parse().ok()?))).collect::<Option<_>>()?;
    let record = PurgeRecord { at: Time(at.parse().ok()?), id: id.to_owned(), replaced };
    Some(Published { mode, record, tag: Tag::stored(tag) })
}

/// Splits a text at the first `at`; without one, the second half is empty.
fn halves(text: &str, at: char) -> (&str, &str) {
    text.split_once(at).unwrap_or((text, ""))
}
