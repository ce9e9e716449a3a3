//! The pages of a tag, as the graph lists them.

use crate::fields::sorting::sorted_by_text;
use crate::graph::{PageEntry, Relation};
use crate::json;
use crate::platform::kv_error::KvError;
use crate::platform::kv_key::{KvKey, KvPrefix};
use crate::platform::{Platform, kv};
use crate::policy::tag::Tag;

/// The most pages in one part of a list: as many as KV lists at once.
pub const LISTED_MOST: u32 = 1000;

/// A part of the pages of a tag.
pub struct PagesOfTag {
    /// The URLs, in their order and each once.
    pub urls: Vec<String>,
    /// Where the list goes on. `None`: this was its end.
    pub cursor: Option<String>,
}

/// Lists a part of the pages of a tag. Pass the cursor of a part to read the next.
pub async fn pages_of<P: Platform>(
    platform: &P,
    tag: &Tag,
    cursor: Option<&str>,
) -> Result<PagesOfTag, KvError> {
    let prefix = KvPrefix::relations(tag);
    let page = kv::list(platform, &prefix, cursor, LISTED_MOST).await?;
    let mut urls = Vec::with_capacity(page.keys.len());
    let mut without_url = Vec::new();
    for (name, metadata) in page.keys {
        let relation = metadata.and_then(|text| json::read::<Relation>(&text));
        match relation {
            Some(relation) => urls.push(relation.url),
            None => without_url.extend(prefix.page_of(&name).map(KvKey::page)),
        }
    }
    let values = kv::read(platform, &without_url).await?;
    let entries = values.into_iter().flatten();
    let entries = entries.filter_map(|value| json::read::<PageEntry>(&value));
    urls.extend(entries.map(|entry| entry.url));
    // A page with parts of a visitor's request in its key is in the graph once for each.
    let mut urls = sorted_by_text(urls, String::clone);
    urls.dedup();
    Ok(PagesOfTag { urls, cursor: page.cursor })
}
