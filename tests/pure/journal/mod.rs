//! The purge journal: its entries, its copies and its wire format.

mod adopt;
mod block;
mod copy;
mod entries;
mod memory;
mod object;
mod quota;
mod rows;
mod shared_copy;
mod wire;

use std::time::Duration;

use edge_isr::journal::TagDigest;
use edge_isr::journal::append::{Append, Sender};
use edge_isr::platform::rows::RowChange;
use edge_isr::policy::fence::PurgeMode;

const SKEW: Duration = Duration::from_millis(5);

fn append(request: u128, mode: PurgeMode, tags: &[u64]) -> Append {
    let tags = tags.iter().copied().map(TagDigest).collect();
    Append { request, mode, sender: Sender::Token, tags, receipt: None }
}

fn by_visitor(request: u128, tags: &[u64]) -> Append {
    Append { sender: Sender::Visitor, ..append(request, PurgeMode::Hard, tags) }
}

/// The rows of an object's storage.
#[derive(Clone, Default)]
struct Rows(std::collections::BTreeMap<String, String>);

impl Rows {
    fn apply(&mut self, changes: impl IntoIterator<Item = RowChange>) {
        for change in changes {
            match change {
                RowChange::Put { key, value } => drop(self.0.insert(key, value)),
                RowChange::Delete { key } => drop(self.0.remove(&key)),
            }
        }
    }
}
