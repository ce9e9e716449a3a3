//! Pure. The keys of the tier's entries.
//!
//! A page that varies by no field has one entry, under its own key. A page that varies has one entry
//! for each variant. Its own key then holds the names of the fields that select, by which the others
//! are found.

use crate::fields::vary::Selecting;
use crate::policy::key::{CacheKey, Slot};

/// The key of an entry: `d`, the host, and the digest of page and variant. No key of the namespace `TAGS`
/// begins so: one namespace may be bound as both.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TierKey(String);

impl TierKey {
    /// The key of the page itself.
    pub fn of_page(page: &CacheKey) -> TierKey {
        TierKey::of(page.host(), &page.slot())
    }

    /// The key of a variant: `selecting` holds the names and values of the fields that select. The
    /// time since which they do so is a data centre's own, and no part of it.
    pub fn of_variant(page: &CacheKey, selecting: &Selecting) -> TierKey {
        if selecting.is_empty() {
            return TierKey::of_page(page);
        }
        let fields: Vec<String> = selecting
            .iter()
            .map(|(name, value)| format!("{}:{name}{}:{value}", name.len(), value.len()))
            .collect();
        TierKey::of(page.host(), &page.slot().beside(&format!("variant {}", fields.concat())))
    }

    fn of(host: &str, slot: &Slot) -> TierKey {
        let host = if host.len() <= HOST_MOST { host } else { "" };
        TierKey(format!("d/{host}/{}", slot.name()))
    }

    /// The key as KV has it: at most 512 bytes.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The longest host that stands in a key. It is there for people who list the keys: the digest includes
/// it.
const HOST_MOST: usize = 255;
