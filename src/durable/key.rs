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
        TierKey(format!("{}{}", TierKey::prefix(Some(host)), slot.name()))
    }

    /// What the keys of a host's pages begin with. `None`: of all hosts' pages.
    pub fn prefix(host: Option<&str>) -> String {
        host.map_or_else(|| "d/".to_owned(), |host| format!("d/{}/", host_in_key(host)))
    }

    /// The key as KV has it: at most 512 bytes.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The longest host that stands in a key. The digest includes it: it is there to list a host's pages.
const HOST_MOST: usize = 255;

fn host_in_key(host: &str) -> &str {
    if host.len() <= HOST_MOST { host } else { "" }
}
