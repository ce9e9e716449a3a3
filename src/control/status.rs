//! `GET status`: the URLs of a tag and the tags of a URL, as the tag graph has them.

use http::StatusCode;

use crate::control::{ControlError, ControlReply};
use crate::fields::no_vary_search::form_decoded;
use crate::graph::diff::not_in;
use crate::graph::pages::{LISTED_MOST, PagesOfTag, pages_of};
use crate::graph::{PageEntry, read_page};
use crate::json;
use crate::json::members::Members;
use crate::page::visit::Visit;
use crate::platform::Platform;
use crate::platform::kv;
use crate::platform::kv_error::KvError;
use crate::platform::kv_key::{KvKey, KvPrefix};
use crate::policy::key::CacheKey;
use crate::policy::tag::Tag;

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
    let PagesOfTag { urls, cursor } = pages_of(platform, &tag, cursor).await.map_err(unreadable)?;
    let reply = Members::default().text("tag", tag.as_str());
    let reply = reply.texts("urls", urls.iter().map(String::as_str));
    Ok(ControlReply::done(reply.text_if("cursor", cursor.as_deref())))
}

async fn of_url<P: Platform>(platform: &P, text: &str) -> Result<ControlReply, ControlError> {
    let key = CacheKey::parse(text).map_err(|error| bad(&format!("{error}."), "url"))?;
    let key = platform.config().rules().key(&key).unwrap_or(key);
    let entry = read_page(platform, &key).await.map_err(unreadable)?;
    let mut tags = entry.map(|entry| entry.tags).unwrap_or_default();
    // The tags by the parts of a visitor's request that count in the key, where some do.
    let mut by_key = Vec::new();
    if platform.config().rules().keys_visitors() {
        for entry in keyed_pages(platform, &key).await.map_err(unreadable)? {
            tags.extend(not_in(&entry.tags, &tags));
            let parts = entry.key.iter().map(String::as_str);
            let of_key = Members::default().texts("key", parts);
            by_key.push(of_key.texts("tags", entry.tags.iter().map(Tag::as_str)));
        }
    }
    let reply = Members::default().text("url", &key.url());
    let mut reply = reply.texts("tags", tags.iter().map(Tag::as_str));
    if !by_key.is_empty() {
        reply = reply.objects("by_key", by_key.into_iter());
    }
    Ok(ControlReply::done(reply))
}

/// Reads what the graph has of a page for visitors with different parts in its key.
async fn keyed_pages<P: Platform>(platform: &P, key: &CacheKey) -> Result<Vec<PageEntry>, KvError> {
    let prefix = KvPrefix::pages(&key.page());
    let listed = kv::list(platform, &prefix, None, LISTED_MOST).await?;
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
