//! Pure. The keys of KV. Each kind has a prefix of its own, and no part of a key holds a slash.
//!
//! | key | value |
//! |---|---|
//! | `p/s/<tag>`, `p/h/<tag>` | a tag's purge record, soft or hard (`purge/`) |
//! | `t/<tag>/<page>` | a relation of the tag graph (`graph/`) |
//! | `u/<page>` | a page of the tag graph |
//! | `r/<id>` | a receipt (`control/receipts.rs`) |
//! | `j` | the ids of the objects that publish a purge journal (`journal/service.rs`) |
//! | `j/<id>` | the journal that an object has published |
//! | `m` | the mark of the last purge without a journal, where one is published |

use std::fmt;

use crate::policy::fence::PurgeMode;
use crate::policy::tag::Tag;

/// A key in KV, of one of the kinds above.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KvKey(String);

impl KvKey {
    /// The key of a tag's purge record. Each mode has its own, so that a soft purge never
    /// overwrites a hard purge.
    pub fn record(mode: PurgeMode, tag: &Tag) -> KvKey {
        KvKey(match mode {
            PurgeMode::Soft => format!("p/s/{}", tag.key_segment()),
            // broken: one-record.key
            PurgeMode::Hard => format!("p/h/{}", tag.key_segment()),
        })
    }

    /// The key of a relation; `page` is [`crate::policy::key::CacheKey::page`].
    pub fn relation(tag: &Tag, page: &str) -> KvKey {
        KvKey(KvPrefix::relations(tag).0 + page)
    }

    /// The key of a page's entry in the tag graph; `page` is
    /// [`crate::policy::key::CacheKey::page`].
    pub fn page(page: &str) -> KvKey {
        KvKey(format!("u/{page}"))
    }

    /// The key of a receipt.
    pub fn receipt(id: &str) -> KvKey {
        KvKey(format!("r/{id}"))
    }

    /// The key of the list of published journals.
    pub fn journals() -> KvKey {
        KvKey("j".to_owned())
    }

    /// The key of the journal that an object publishes.
    pub fn journal(object: &str) -> KvKey {
        KvKey(format!("j/{object}"))
    }

    /// The key of the mark that a purge without the journal leaves.
    pub fn mark() -> KvKey {
        KvKey("m".to_owned())
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KvKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The common beginning of the keys in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KvPrefix(String);

impl KvPrefix {
    /// The prefix of all relations of a tag.
    pub fn relations(tag: &Tag) -> KvPrefix {
        KvPrefix(format!("t/{}/", tag.key_segment()))
    }

    /// The prefix of the entries of a page that has parts of visitors' requests in its keys.
    pub fn pages(page: &str) -> KvPrefix {
        KvPrefix(format!("u/{page}-"))
    }

    /// The prefix of all purge records.
    pub fn records() -> KvPrefix {
        KvPrefix("p/".to_owned())
    }

    /// Returns the page of a listed relation.
    pub fn page_of<'a>(&self, listed: &'a str) -> Option<&'a str> {
        listed.strip_prefix(&self.0)
    }

    /// The prefix as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
