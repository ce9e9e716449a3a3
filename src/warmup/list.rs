//! The Worker lists pages: those of a tag, of a sitemap, or of a host or prefix.

use http::StatusCode;
use http::header::{ACCEPT, ACCEPT_ENCODING, HeaderMap, HeaderValue};

use crate::config::Config;
use crate::durable::keep;
use crate::fields::sorting::TextSet;
use crate::graph;
use crate::page::forward;
use crate::page::visit::Visit;
use crate::platform::kv_error::KvError;
use crate::platform::{Platform, ReadError};
use crate::policy::key::CacheKey;
use crate::policy::tag::{Tag, implicit};
use crate::warmup::ask::{Ask, End, Reply, Task};
use crate::warmup::page::served;
use crate::warmup::sitemap::{self, ENTRIES_MOST, SITEMAP_MOST, Sitemap};

/// The most examples of entries that are not warmed.
const EXAMPLES_MOST: usize = 10;

/// Lists a part of the stored pages: of a tag, as the tag graph has them, or of a host or prefix, as the
/// durable tier has them.
pub async fn of_stored<P: Platform>(platform: &P, ask: &Ask) -> Reply {
    let listed = match ask.task {
        Task::Tag => of_tag(platform, ask).await,
        _ => of_selector(platform, ask).await,
    };
    match listed {
        Ok((urls, cursor)) => {
            let reply = listed_of(platform.config(), &ask.host, urls);
            Reply { cursor, ..reply }
        }
        Err(error) => Reply::because(End::Failed, format!("KV could not be read: {error}")),
    }
}

/// A part of a list, and where it goes on.
type Part = (Vec<String>, Option<String>);

async fn of_tag<P: Platform>(platform: &P, ask: &Ask) -> Result<Part, KvError> {
    // Legal when the job started, but this Worker may be of another version.
    let Ok(tag) = Tag::origin(&ask.of) else { return Ok((Vec::new(), None)) };
    let listed = graph::pages::pages_of(platform, &tag, ask.cursor.as_deref()).await?;
    Ok((listed.urls, listed.cursor))
}

/// The pages that a purge of this host or prefix would select.
async fn of_selector<P: Platform>(platform: &P, ask: &Ask) -> Result<Part, KvError> {
    let (tag, of_host) = match ask.of.as_str() {
        "/" => (Tag::everything(), None),
        path if path.starts_with('/') => (Tag::prefix(path), None),
        host => (Tag::host(host), Some(host)),
    };
    // Without HOSTS, one host is served.
    let only = platform.config().hosts.is_empty().then_some(ask.host.as_str());
    let listed = keep::pages_of(platform, of_host.or(only), ask.cursor.as_deref()).await?;
    let is_selected =
        |url: &String| CacheKey::parse(url).is_ok_and(|key| implicit(&key).contains(&tag));
    Ok((listed.urls.into_iter().filter(is_selected).collect(), listed.cursor))
}

/// Fetches a sitemap from the origin, and reads it.
pub async fn of_sitemap<P: Platform>(platform: &P, visit: &Visit, ask: &Ask) -> Reply {
    let mut fields = HeaderMap::new();
    fields.insert(ACCEPT, HeaderValue::from_static("application/xml, text/xml, text/plain"));
    fields.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    let request = forward::plain_request(visit, &fields, None);
    let began = platform.now();
    let answer = forward::fetch(platform, visit, request).await;
    let Some(warming) = &visit.warming else { return End::Failed.into() };
    warming.note(&answer, platform.now().since(began));
    let response = match answer {
        Ok(response) if response.status == StatusCode::OK => response,
        Ok(response) if response.status.is_redirection() => {
            let reason = "it is redirected: name the address that it is redirected to";
            return Reply::because(End::Skipped, reason);
        }
        _ => return warming.reply(End::Failed),
    };
    let text = match read(platform, response.body).await {
        Ok(text) => text,
        Err(ReadError::TooLong(most)) => {
            let reason = format!("it is longer than {most} bytes: divide it");
            return Reply::because(End::Skipped, reason);
        }
        Err(error) => return Reply::because(End::Failed, error.to_string()),
    };
    // How long a sitemap takes says nothing about pages.
    match sitemap::parse(&text) {
        Ok(sitemap) => listed(platform.config(), ask, sitemap),
        Err(error) => Reply::because(End::Skipped, error.to_string()),
    }
}

/// Reads a body, and unpacks it if it is packed.
async fn read<P: Platform>(platform: &P, body: P::Body) -> Result<String, ReadError> {
    const GZIP: [u8; 2] = [0x1f, 0x8b];
    let mut bytes = platform.read(body, SITEMAP_MOST).await?;
    // A packed file may be packed again on its way.
    for _ in 0..2 {
        if bytes.starts_with(&GZIP) {
            bytes = platform.gunzip(&bytes, SITEMAP_MOST).await?;
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn listed(config: &Config, ask: &Ask, sitemap: Sitemap) -> Reply {
    let mut reply = listed_of(config, &ask.host, sitemap.pages);
    let nested = listed_of(config, &ask.host, sitemap.sitemaps);
    reply.sitemaps = nested.urls;
    reply.skipped += nested.skipped + sitemap.beyond;
    reply.examples.extend(nested.examples);
    if sitemap.beyond > 0 {
        let reason = format!("a sitemap has at most {ENTRIES_MOST} entries, and this has more");
        reply.examples.push((ask.of.clone(), reason));
    }
    reply
}

/// Keeps the URLs of served pages, each once and in their order.
fn listed_of(config: &Config, host: &str, urls: Vec<String>) -> Reply {
    let (mut reply, mut seen) = (Reply::from(End::Listed), TextSet::default());
    for url in urls {
        match served(config, &url, host) {
            Ok(key) if seen.insert(key.url()) => reply.urls.push(key.url()),
            Ok(_) => {}
            Err(reason) => {
                reply.skipped += 1;
                if reply.examples.len() < EXAMPLES_MOST {
                    reply.examples.push((url, reason));
                }
            }
        }
    }
    reply
}
