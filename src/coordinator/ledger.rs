//! Pure. One shard of the coordinator: the holders of leases in the world.
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
//! In scope: the replies, and the rows that change. Out of scope: the format of requests
//! ([`crate::coordinator::wire`]), their transport, and the handling of a missing reply.

use crate::coordinator::shard::{LeaseReply, ShardRequest};
use crate::coordinator::wire;
use crate::lease::LeaseEnd;
use crate::platform::rows::RowChange;
use crate::policy::time::Time;
use crate::policy::timing::{FAILURE_SHARED_FOR, PASS_FOR, SHARD_SWEPT_EVERY};

/// The largest number of slots of a shard. Past it, no further lease is granted.
const SLOTS_MOST: usize = 20_000;

/// The content of a shard: its rows, as they are written.
#[derive(Default)]
pub struct Ledger {
    /// Rows in the order of their keys.
    rows: Vec<(String, Row)>,
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
    pub fn answer(&mut self, ask: ShardRequest, now: Time) -> (LeaseReply, Vec<RowChange>) {
        let mut changes = self.sweep(now);
        let reply = match ask {
            ShardRequest::Claim { slot, token, life, waited } => {
                let reply = self.lease_reply(&slot, token, waited, now);
                if reply == LeaseReply::Granted {
                    let row = Row { until: now + life, kind: RowKind::Lease(token) };
                    changes.push(self.put(row_key(&slot), row));
                }
                reply
            }
            ShardRequest::Release { slot, token, end } => {
                changes.extend(self.release(row_key(&slot), token, end, now));
                LeaseReply::Granted
            }
        };
        (reply, changes)
    }

    fn lease_reply(&self, slot: &str, token: u64, waited: bool, now: Time) -> LeaseReply {
        let row = self.row(&row_key(slot));
        match row.filter(|row| now < row.until).map(|row| &row.kind) {
            Some(RowKind::Lease(holder)) if *holder != token => LeaseReply::Held,
            Some(RowKind::Ended(LeaseEnd::Uncacheable)) => LeaseReply::Free,
            Some(RowKind::Ended(LeaseEnd::Failed(status))) if waited => LeaseReply::Failed(*status),
            _ if row.is_none() && self.rows.len() >= SLOTS_MOST => LeaseReply::Full,
            _ => LeaseReply::Granted,
        }
    }

    /// Ends a lease, if this token still holds it.
    fn release(&mut self, key: String, token: u64, end: LeaseEnd, now: Time) -> Option<RowChange> {
        self.row(&key).filter(|row| row.kind == RowKind::Lease(token))?;
        let life = match end {
            LeaseEnd::Stored { .. } | LeaseEnd::Purged | LeaseEnd::Abandoned => {
                return Some(self.delete(key));
            }
            LeaseEnd::Uncacheable => PASS_FOR,
            LeaseEnd::Failed(_) => FAILURE_SHARED_FOR,
        };
        Some(self.put(key, Row { until: now + life, kind: RowKind::Ended(end) }))
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
            Ok(found) => self.rows[found].1 = row,
            Err(position) => self.rows.insert(position, (key, row)),
        }
    }

    fn delete(&mut self, key: String) -> RowChange {
        if let Ok(found) = self.position(&key) {
            self.rows.remove(found);
        }
        RowChange::Delete { key }
    }
}

/// The key of a slot's row.
fn row_key(slot: &str) -> String {
    format!("l/{slot}")
}
