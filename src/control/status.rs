//! `GET status`: the URLs of a tag and the tags of a URL, as the tag graph has them.

use http::StatusCode;
use serde::Serialize;

use crate::control::{ControlError, ControlReply};
use crate::fields::no_vary_search::form_decoded;
use crate::fields::sorting::sorted_by_text;
use crate::graph::diff::not_in;
use crate::graph::{PageEntry, Relation, read_page};
use crate::json;
use crate::page::visit::Visit;
use crate::platform::Platform;
use crate::platform::kv;
use crate::platform::kv_error::KvError;
use crate::platform::kv_key::{KvKey, KvPrefix};
use crate::policy::key::CacheKey;
use crate::policy::tag::Tag;

/// The most URLs in one response; a cursor leads to the next.
const PAGE: u32 = 1000;

#[derive(Serialize)]
struct OfTag {
    tag: String,
    urls: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

#[derive(Serialize)]
struct OfUrl {
    url: String,
    tags: Vec<Tag>,
    /// The tags by the parts of a visitor's request that count in the key, where some do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    by_key: Vec<OfKey>,
}

#[derive(Serialize)]
struct OfKey {
    key: Vec<String>,
    tags: Vec<Tag>,
}

/// Makes the response to `GET status`.
pub async fn answer<P: Platform>(
    platform: &P,
    visit: &Visit,
) -> Result<ControlReply, ControlError> {
    let query = visit.url.split_once('?').map_or("", |(_, query)| query);
    let (mut tag, mut url, mut cursor) = (None, None, None);
    for (name, value) in parameters(query) {
        let parameter = match name.as_str() {
            "tag" => &mut tag,
            "url" => &mut url,
            "cursor" => &mut cursor,
            _ => return Err(bad("Known parameters are tag, url and cursor.", &name)),
        };
        if parameter.replace(value).is_some() {
            return Err(bad("Send the parameter once.", &name));
        }
    }
    match (tag, url) {
        (Some(tag), None) => of_tag(platform, &tag, cursor.as_deref()).await,
        (None, Some(url)) => of_url(platform, &url).await,
        _ => Err(bad("Ask for either ?tag= or ?url=.", "tag")),
    }
}

async fn of_tag<P: Platform>(
    platform: &P,
    text: &str,
    cursor: Option<&str>,
) -> Result<ControlReply, ControlError> {
    let tag = Tag::origin(text).map_err(|error| bad(&format!("{error}."), "tag"))?;
    let prefix = KvPrefix::relations(&tag);
    let page = kv::list(platform, &prefix, cursor, PAGE).await.map_err(unreadable)?;
    let mut urls = Vec::with_capacity(page.keys.len());
    let mut without_url = Vec::new();
    for (name, metadata) in page.keys {
        let relation = metadata.and_then(|text| json::read::<Relation>(&text));
        match relation {
            Some(relation) => urls.push(relation.url),
            None => without_url.extend(prefix.page_of(&name).map(KvKey::page)),
        }
    }
    let values = kv::read(platform, &without_url).await.map_err(unreadable)?;
    let entries = values.into_iter().flatten();
    let entries = entries.filter_map(|value| json::read::<PageEntry>(&value));
    urls.extend(entries.map(|entry| entry.url));
    // A page with parts of a visitor's request in its key is in the graph once for each.
    let mut urls = sorted_by_text(urls, String::clone);
    urls.dedup();
    let answer = OfTag { tag: tag.to_string(), urls, cursor: page.cursor };
    Ok(ControlReply::done(&answer))
}

async fn of_url<P: Platform>(platform: &P, text: &str) -> Result<ControlReply, ControlError> {
    let key = CacheKey::parse(text).map_err(|error| bad(&format!("{error}."), "url"))?;
    let key = platform.config().rules().key(&key).unwrap_or(key);
    let entry = read_page(platform, &key).await.map_err(unreadable)?;
    let mut of_url = OfUrl {
        url: key.url(),
        tags: entry.map(|entry| entry.tags).unwrap_or_default(),
        by_key: Vec::new(),
    };
    if platform.config().rules().keys_visitors() {
        for entry in keyed_pages(platform, &key).await.map_err(unreadable)? {
            of_url.tags.extend(not_in(&entry.tags, &of_url.tags));
            of_url.by_key.push(OfKey { key: entry.key, tags: entry.tags });
        }
    }
    Ok(ControlReply::done(&of_url))
}

/// Reads what the graph has of a page for visitors with different parts in its key.
async fn keyed_pages<P: Platform>(platform: &P, key: &CacheKey) -> Result<Vec<PageEntry>, KvError> {
    let prefix = KvPrefix::pages(&key.page());
    let listed = kv::list(platform, &prefix, None, PAGE).await?;
    let names = listed.keys.iter().filter_map(|(name, _)| prefix.page_of(name));
    let keys: Vec<KvKey> =
        names.map(|part| KvKey::page(&format!("{}-{part}", key.page()))).collect();
    let values = kv::read(platform, &keys).await?;
    let entries = values.into_iter().flatten();
    Ok(entries.filter_map(|value| json::read(&value)).collect())
}

fn bad(detail: &str, parameter: &str) -> ControlError {
    let title = "The request cannot be understood";
    ControlError::new(StatusCode::BAD_REQUEST, title, detail).about(parameter)
}

fn unreadable(error: KvError) -> ControlError {
    let title = "The tag graph cannot be read";
    ControlError::new(
        StatusCode::SERVICE_UNAVAILABLE,
        title,
        format!("KV could not be read: {error}. Ask again."),
    )
}

/// The parameters of a query, decoded as forms are.
pub(super) fn parameters(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|parameter| !parameter.is_empty())
        .map(|parameter| parameter.split_once('=').unwrap_or((parameter, "")))
        .map(|(name, value)| (form_decoded(name), form_decoded(value)))
        .collect()
}
