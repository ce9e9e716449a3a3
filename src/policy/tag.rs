//! Tags: names of the things that a response depends on, and their spelling in KV keys.
//!
//! Two kinds share one type and cannot be confused. An *origin tag* is printable ASCII. An
//! *implicit tag* (everything, a host, a URL, a path prefix, a cache group) begins with a control
//! character, which no origin tag can hold.

use std::borrow::Cow;
use std::fmt;

use http::HeaderMap;
use http::header::HeaderName;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::fields::cache_control::{joined, latin1};
use crate::fields::sorting::TextSet;
use crate::fields::steps::steps;
use crate::fields::structured::strings;
use crate::fields::url;
pub use crate::fields::url::normal;
use crate::json::FromValue;
use crate::policy::key::CacheKey;

/// The number of path segments up to which prefixes are tagged.
pub const PREFIX_SEGMENTS_MAX: usize = 16;
/// The longest escaped spelling in bytes; longer ones are hashed. A KV key has at most 512 bytes,
/// and holds a page's hash besides the tag.
const ESCAPED_LENGTH_MAX: usize = 256;
/// The largest number of distinct tags of a stored response: each costs KV reads and memory. A
/// response with more is not stored.
pub const TAGS_MOST: usize = 1000;
/// The longest tag in bytes that is remembered itself; a longer one is remembered by its hash.
const BRIEF_LENGTH_MAX: usize = 96;
const IMPLICIT: char = '\u{1}';
const DIGEST: char = '\u{2}';

/// A tag in canonical form: equal tags are equal strings.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Tag(String);

/// The reason why a text is no tag.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum TagError {
    /// The text is empty.
    #[error("a tag cannot be empty")]
    Empty,
    /// The text holds a space, a comma or a character that is not printable ASCII.
    #[error("a tag is printable ASCII without spaces or commas")]
    NotPrintable,
    /// The text has more than this many characters.
    #[error("a tag is at most {0} characters long")]
    TooLong(usize),
}

impl FromValue for Tag {
    fn from_value(value: Value) -> Option<Tag> {
        String::from_value(value).map(Tag)
    }
}

impl Tag {
    /// The longest tag in characters, the same as Cloudflare's own limit.
    pub const LENGTH_MAX: usize = 1024;

    /// Parses a tag of an origin or a purge; case does not count.
    pub fn origin(text: &str) -> Result<Tag, TagError> {
        let text = text.trim_matches([' ', '\t']);
        if text.is_empty() {
            return Err(TagError::Empty);
        }
        steps(text.len());
        if !text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',') {
            return Err(TagError::NotPrintable);
        }
        if text.len() > Tag::LENGTH_MAX {
            return Err(TagError::TooLong(Tag::LENGTH_MAX));
        }
        Ok(Tag(text.to_ascii_lowercase()))
    }

    /// Returns the tag of a cache group (RFC 9875) of a host; case counts.
    pub fn group(host: &str, name: &str) -> Tag {
        Tag(format!("{IMPLICIT}g:{host}:{name}"))
    }

    /// Returns the tag of all pages.
    pub fn everything() -> Tag {
        Tag(format!("{IMPLICIT}*"))
    }

    /// Returns the tag of all pages of a host.
    pub fn host(host: &str) -> Tag {
        Tag(format!("{IMPLICIT}h:{host}"))
    }

    /// Returns the tag of a path in all its spellings, with every query.
    pub fn path(host: &str, path: &str) -> Tag {
        Tag(format!("{IMPLICIT}u:{host}{}", url::path(path)))
    }

    /// Returns the tag of a path with one query, in all its spellings.
    pub fn query(host: &str, path: &str, query: &str) -> Tag {
        let (path, query) = (url::path(path), url::query(query));
        Tag(format!("{IMPLICIT}q:{host}{path}?{query}"))
    }

    /// Returns the tag of a path and all below it, on every host; `path` ends without a slash.
    pub fn prefix(path: &str) -> Tag {
        Tag(format!("{IMPLICIT}p:{}", url::path(path)))
    }

    /// Returns the canonical form, which storage holds.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Describes a purge of this tag for the log, such as `tag post:42` or `url example.com/a`.
    pub fn in_words(&self) -> String {
        if self.0.starts_with(IMPLICIT) { self.for_people() } else { format!("tag {}", self.0) }
    }

    /// Returns the description of a purge of this tag for those who may not see the values of queries.
    pub fn without_values(&self) -> String {
        let words = self.in_words();
        // The name of a cache group, and an origin's tag, may have a question mark, too.
        if words.starts_with("url ") { url::without_values(&words) } else { words }
    }

    /// Returns the tag as the log shows it: an implicit one in words, such as `url example.com/a`.
    pub fn for_people(&self) -> String {
        let Some(implicit) = self.0.strip_prefix(IMPLICIT) else { return self.0.clone() };
        let (kind, name) = implicit.split_once(':').unwrap_or((implicit, ""));
        let kind = match kind {
            "g" => "cache group",
            "h" => "host",
            "u" | "q" => "url",
            "p" => "prefix",
            _ => return "everything".to_owned(),
        };
        format!("{kind} {name}")
    }

    /// Returns a form of at most 96 bytes: the tag itself, or the hash of a longer one. Memory for
    /// many tags is then bounded in bytes, and tags of ordinary length are not copied.
    pub fn brief(&self) -> Cow<'_, Tag> {
        if self.0.len() <= BRIEF_LENGTH_MAX {
            return Cow::Borrowed(self);
        }
        Cow::Owned(Tag(format!("{DIGEST}{}", hex::encode(Sha256::digest(self.0.as_bytes())))))
    }

    /// Returns the tag as one segment of a KV key, without `/`; no two tags share a spelling.
    pub fn key_segment(&self) -> String {
        let mut escaped = String::with_capacity(self.0.len());
        for byte in self.0.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b':' | b'-' => {
                    escaped.push(char::from(byte));
                }
                _ => escaped.push_str(&format!("%{byte:02X}")),
            }
        }
        if escaped.len() <= ESCAPED_LENGTH_MAX {
            return escaped;
        }
        // `#` is always escaped above, so a hashed spelling equals no escaped one.
        format!("#{}", hex::encode(Sha256::digest(self.0.as_bytes())))
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.trim_start_matches(IMPLICIT))
    }
}

/// Returns the implicit tags of the page `key`: everything, its host, its URL, its path prefixes.
pub fn implicit(key: &CacheKey) -> Vec<Tag> {
    let mut tags =
        vec![Tag::everything(), Tag::host(key.host()), Tag::path(key.host(), key.path())];
    if let Some(query) = key.query() {
        tags.push(Tag::query(key.host(), key.path(), query));
    }
    let path = url::path(key.path());
    let boundaries = path.match_indices('/').map(|(at, _)| at).skip(1).chain([path.len()]);
    let prefixes = boundaries.take(PREFIX_SEGMENTS_MAX).map(|end| &path[..end]);
    for prefix in prefixes.filter(|prefix| !prefix.ends_with('/')) {
        steps(prefix.len());
        tags.push(Tag(format!("{IMPLICIT}p:{prefix}")));
    }
    tags
}

/// The tags that an origin gave a response, and the number of words that are no tags.
///
/// A set that has `overflowed` holds only the first [`TAGS_MOST`] tags, including those of rules.
/// Its response must not be stored: a purge of a missing tag would not reach it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct TagSet {
    /// Distinct tags, in the order received.
    pub tags: Vec<Tag>,
    /// The number of words that are no tags; a malformed field counts as one.
    pub dropped: usize,
    /// Set if the response has any tag field.
    pub stated: bool,
    /// Set if there are more than [`TAGS_MOST`] tags; the rest is not read.
    pub overflowed: bool,
    members: TextSet,
}

/// The fields that carry tags, most used first.
pub const FIELDS: [HeaderName; 5] = [
    HeaderName::from_static("cache-tag"),
    HeaderName::from_static("surrogate-key"),
    HeaderName::from_static("edge-cache-tag"),
    HeaderName::from_static("xkey"),
    CACHE_GROUPS,
];

const CACHE_GROUPS: HeaderName = HeaderName::from_static("cache-groups");

impl TagSet {
    /// Reads every tag field of a response, in the order of [`FIELDS`].
    pub fn of(headers: &HeaderMap, host: &str) -> TagSet {
        let mut set = TagSet::default();
        for field in &FIELDS {
            for value in headers.get_all(field) {
                set.stated = true;
                set.read(field, &latin1(value.as_bytes()));
            }
        }
        if let Some(groups) = joined(headers, &CACHE_GROUPS) {
            set.read_groups(&groups, host);
        }
        set
    }

    /// Adds a tag once, or sets `overflowed` if there is no room.
    pub fn add(&mut self, tag: Tag) {
        steps(tag.0.len());
        if self.members.contains(&tag.0) {
            return;
        }
        if self.tags.len() == TAGS_MOST {
            self.overflowed = true;
            return;
        }
        self.members.insert(tag.0.clone());
        self.tags.push(tag);
    }

    fn read(&mut self, field: &HeaderName, value: &str) {
        match field.as_str() {
            "cache-groups" => {}
            "cache-tag" | "edge-cache-tag" => self.words(value.split(',')),
            // The other fields are separated by spaces; some origins use commas.
            _ => self.words(value.split([' ', '\t', ','])),
        }
    }

    /// Adds words as tags, and counts those that are none.
    pub fn words<'a>(&mut self, words: impl Iterator<Item = &'a str>) {
        for word in words {
            steps(word.len() + 1);
            match Tag::origin(word) {
                Ok(tag) => self.add(tag),
                Err(TagError::Empty) => {}
                Err(_) => self.dropped += 1,
            }
            if self.overflowed {
                return;
            }
        }
    }

    /// "Cache-Groups … is a List of Strings"; parameters are ignored (RFC 9875 §2). All lines of
    /// the field count, or none of them does (RFC 9651 §4.2).
    fn read_groups(&mut self, field: &str, host: &str) {
        let Some(names) = strings(field) else {
            self.dropped += 1;
            return;
        };
        for name in names.iter().filter(|name| !name.is_empty()) {
            self.add(Tag::group(host, name));
            if self.overflowed {
                return;
            }
        }
    }
}
