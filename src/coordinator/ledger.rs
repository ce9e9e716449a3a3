//! Pure. One shard of the coordinator: the holders of leases in the world, and the newest purge
//! records.
//!
//! **At most one token holds a slot's lease at a time.** A shard handles one request after the
//! other, and grants a lease only if no other token's is still alive. Only the Durable Object's
//! clock counts (`now`): lives are durations. A reply leaves the shard when its changes are durable
//! (the runtime sees to it). So a shard that was evicted and read its rows again has forgotten no
//! lease that is held.
//!
//! A slot's row also says for a while how the request to the origin ended, for requests that waited
//! for it. A data centre cannot get a response that another one stored. But its requests need not
//! queue to learn that a page is not for all, or that the origin is down.
//!
//! Every record here was confirmed by KV (`coordinator/client.rs` has the reason), and is kept
//! until KV has long shown it everywhere.
//!
//! In scope: the replies, and the rows that change. Out of scope: the format of requests
//! ([`crate::coordinator::wire`]), their transport, and the handling of a missing reply.

use crate::coordinator::shard::{LeaseReply, Published, ShardReply, ShardRequest};
use crate::coordinator::wire;
use crate::lease::LeaseEnd;
use crate::policy::fence::giving_way;
use crate::policy::tag::Tag;
use crate::policy::time::Time;
use crate::policy::timing::{FAILURE_SHARED_FOR, PASS_FOR, SHARD_KEEPS_RECORDS, SHARD_SWEPT_EVERY};

/// The largest number of records of a tag and mode that a shard keeps, including the one with the
/// latest stamp. An isolate has room for more than a shard tells it of.
pub const RECORDS_MOST: usize = 8;

/// The largest number of records of a shard. Past it, the one kept longest is forgotten: KV still
/// has it.
const RECORDS_IN_ALL_MOST: usize = 20_000;

/// The largest number of slots of a shard. Past it, no further lease is granted.
const SLOTS_MOST: usize = 20_000;

/// A row to write or to delete before the reply is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowChange {
    /// Write the row.
    Put {
        /// The key of the row.
        key: String,
        /// The content in its written form.
        value: String,
    },
    /// Delete the row.
    Delete {
        /// The key of the row.
        key: String,
    },
}

/// The content of a shard: its rows, as they are written.
#[derive(Default)]
pub struct Ledger {
    /// Rows in the order of their keys.
    rows: Vec<(String, Row)>,
    records: usize,
    swept_at: Option<Time>,
}

/// A row of the ledger, which counts until it expires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The time when the row expires.
    pub until: Time,
    /// The content of the row.
    pub kind: RowKind,
}

/// The content of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// A lease that this token holds.
    Lease(u64),
    /// The end of a request to the origin.
    Ended(LeaseEnd),
    /// A purge record.
    Record(Published),
}

impl Ledger {
    /// Restores a ledger from written rows. Delete the rows that are returned: they expired, or
    /// cannot be read.
    pub fn restored(
        rows: impl IntoIterator<Item = (String, String)>,
        now: Time,
    ) -> (Ledger, Vec<RowChange>) {
        let mut ledger = Ledger { swept_at: Some(now), ..Ledger::default() };
        let mut changes = Vec::new();
        for (key, value) in rows {
            match wire::row(&value).filter(|row| now < row.until) {
                Some(row) => ledger.insert(key, row),
                None => changes.push(RowChange::Delete { key }),
            }
        }
        (ledger, changes)
    }

    /// Handles a request. Make the changes durable before the reply is sent.
    pub fn answer(&mut self, ask: ShardRequest, now: Time) -> (ShardReply, Vec<RowChange>) {
        let mut changes = self.sweep(now);
        let mut answer = ShardReply { lease: LeaseReply::Granted, records: Vec::new() };
        match ask {
            ShardRequest::Claim { slot, token, life, waited, tags } => {
                answer.lease = self.lease_reply(&slot, token, waited, now);
                if answer.lease == LeaseReply::Granted {
                    let row = Row { until: now + life, kind: RowKind::Lease(token) };
                    changes.push(self.put(slot_key(&slot), row));
                }
                answer.records = self.records_of(&tags, now);
            }
            ShardRequest::Records(tags) => answer.records = self.records_of(&tags, now),
            ShardRequest::Release { slot, token, end } => {
                changes.extend(self.release(slot_key(&slot), token, end, now));
            }
            ShardRequest::Publish(published) => changes.extend(self.publish(published, now)),
        }
        (answer, changes)
    }

    fn lease_reply(&self, slot: &str, token: u64, waited: bool, now: Time) -> LeaseReply {
        let row = self.row(&slot_key(slot));
        match row.filter(|row| now < row.until).map(|row| &row.kind) {
            Some(RowKind::Lease(holder)) if *holder != token => LeaseReply::Held,
            Some(RowKind::Ended(LeaseEnd::Uncacheable)) => LeaseReply::Free,
            Some(RowKind::Ended(LeaseEnd::Failed(status))) if waited => LeaseReply::Failed(*status),
            _ if row.is_none() && self.rows.len() - self.records >= SLOTS_MOST => LeaseReply::Full,
            _ => LeaseReply::Granted,
        }
    }

    /// Ends a lease, if this token still holds it.
    fn release(&mut self, key: String, token: u64, end: LeaseEnd, now: Time) -> Option<RowChange> {
        self.row(&key).filter(|row| row.kind == RowKind::Lease(token))?;
        let life = match end {
            LeaseEnd::Stored { .. } | LeaseEnd::Abandoned => return Some(self.delete(key)),
            LeaseEnd::Uncacheable => PASS_FOR,
            LeaseEnd::Failed(_) => FAILURE_SHARED_FOR,
        };
        Some(self.put(key, Row { until: now + life, kind: RowKind::Ended(end) }))
    }

    fn records_of(&self, tags: &[Tag], now: Time) -> Vec<Published> {
        let mut records = Vec::new();
        for tag in tags {
            for (_, row) in self.under(&tag_key(tag)) {
                if let RowKind::Record(published) = &row.kind
                    && now < row.until
                {
                    records.push(published.clone());
                }
            }
        }
        records
    }

    /// Keeps a record, and deletes the ones that give way to it.
    fn publish(&mut self, published: Published, now: Time) -> Vec<RowChange> {
        let kind = kind_key(&published);
        let key = kind.clone() + &published.record.id;
        let row = Row { until: now + SHARD_KEEPS_RECORDS, kind: RowKind::Record(published) };
        let mut changes = vec![self.put(key, row)];
        if self.under(&kind).len() > RECORDS_MOST {
            changes.extend(self.delete_one(&kind));
        }
        if self.records > RECORDS_IN_ALL_MOST {
            changes.extend(self.delete_one(RECORDS));
        }
        changes
    }

    fn delete_one(&mut self, prefix: &str) -> Option<RowChange> {
        let rows = self.under(prefix);
        let position = giving_way(rows.iter().map(|(_, row)| (row.stamp(), row.until)))?;
        let (key, _) = rows.get(position)?;
        Some(self.delete(key.clone()))
    }

    /// Deletes expired rows once in a while: no reply depends on it.
    fn sweep(&mut self, now: Time) -> Vec<RowChange> {
        if self.swept_at.is_some_and(|at| now.since(at) < SHARD_SWEPT_EVERY) {
            return Vec::new();
        }
        self.swept_at = Some(now);
        let mut changes = Vec::new();
        self.rows.retain(|(key, row)| {
            let counts = now < row.until;
            if !counts {
                self.records -= usize::from(row.is_record());
                changes.push(RowChange::Delete { key: key.clone() });
            }
            counts
        });
        changes
    }

    fn row(&self, key: &str) -> Option<&Row> {
        let found = self.position(key).ok()?;
        Some(&self.rows[found].1)
    }

    /// Returns the rows whose keys begin with `prefix`.
    fn under(&self, prefix: &str) -> &[(String, Row)] {
        let from = &self.rows[self.position(prefix).unwrap_or_else(|first| first)..];
        &from[..from.partition_point(|(key, _)| key.starts_with(prefix))]
    }

    /// Returns the position of a key's row; as an error, the position where it would be.
    fn position(&self, key: &str) -> Result<usize, usize> {
        self.rows.binary_search_by(|(other, _)| other.as_str().cmp(key))
    }

    fn put(&mut self, key: String, row: Row) -> RowChange {
        let change = RowChange::Put { key: key.clone(), value: row.to_string() };
        self.insert(key, row);
        change
    }

    fn insert(&mut self, key: String, row: Row) {
        match self.position(&key) {
            // The key determines the kind, so the number of records stays.
            Ok(found) => self.rows[found].1 = row,
            Err(position) => {
                self.records += usize::from(row.is_record());
                self.rows.insert(position, (key, row));
            }
        }
    }

    fn delete(&mut self, key: String) -> RowChange {
        if let Ok(found) = self.position(&key) {
            self.records -= usize::from(self.rows.remove(found).1.is_record());
        }
        RowChange::Delete { key }
    }
}

impl Row {
    fn is_record(&self) -> bool {
        matches!(self.kind, RowKind::Record(_))
    }

    fn stamp(&self) -> Time {
        match &self.kind {
            RowKind::Record(published) => published.record.at,
            _ => Time::default(),
        }
    }
}

const RECORDS: &str = "r/";

fn slot_key(slot: &str) -> String {
    format!("l/{slot}")
}

fn tag_key(tag: &Tag) -> String {
    format!("{RECORDS}{}/", tag.key_segment())
}

fn kind_key(of: &Published) -> String {
    format!("{}{}/", tag_key(&of.tag), of.mode.as_str())
}
