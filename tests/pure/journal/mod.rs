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
use edge_isr::policy::tag::Tag;
use rstest::rstest;

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
pub struct Rows(pub std::collections::BTreeMap<String, String>);

impl Rows {
    pub fn apply(&mut self, changes: impl IntoIterator<Item = RowChange>) {
        for change in changes {
            match change {
                RowChange::Put { key, value } => drop(self.0.insert(key, value)),
                RowChange::Delete { key } => drop(self.0.remove(&key)),
            }
        }
    }
}

/// Published journals hold digests. Another implementation has computed these.
#[rstest]
#[case("a", 0x82a2_a958_a9be_ce5b)]
#[case("foobar", 0x2c22_1949_22d1_672b)]
#[case("page", 0x5211_0abf_1f30_ce79)]
#[case("post:1", 0x476c_656c_a680_063c)]
fn a_tag_has_the_same_digest_in_every_version(#[case] tag: &str, #[case] digest: u64) {
    assert_eq!(TagDigest::of(&Tag::origin(tag).unwrap()), TagDigest(digest));
}
