//! Pure. The format of sitemaps: an XML `urlset`, a `sitemapindex`, or a text with one URL a line
//! (<https://www.sitemaps.org/protocol.html>).
//!
//! In scope: the URLs. Out of scope: all else that XML can say. Entities other than the five that
//! the protocol names, and numbers, are left as they are, so none can grow.

use crate::fields::steps::{step, steps};

/// The most bytes of a sitemap, unpacked. The protocol allows 50 MB; so much does not fit an isolate.
pub const SITEMAP_MOST: usize = 16 * 1024 * 1024;
/// The most entries of a sitemap: the protocol's own limit.
pub const ENTRIES_MOST: usize = 50_000;

/// A sitemap that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sitemap {
    /// The URLs of pages.
    pub pages: Vec<String>,
    /// The URLs of further sitemaps.
    pub sitemaps: Vec<String>,
    /// The number of entries beyond [`ENTRIES_MOST`].
    pub beyond: u64,
}

/// The reason why a text is no sitemap.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SitemapError {
    /// The first element is another one.
    #[error("it is no sitemap: its first element is <{0}>, and not <urlset> or <sitemapindex>")]
    Root(String),
    /// The text is neither XML nor a list of URLs.
    #[error("it is neither an XML sitemap nor a list of URLs")]
    Neither,
}

/// Reads a sitemap.
pub fn parse(text: &str) -> Result<Sitemap, SitemapError> {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if !text.starts_with('<') {
        return parse_lines(text);
    }
    let (mut sitemap, mut root, mut inside) = (Sitemap::default(), None, None::<Entry>);
    let mut tokens = Tokens(text);
    while let Some(token) = tokens.next() {
        let Token::Tag(name) = token else { continue };
        let Some(prefix) = &root else {
            root = Some(prefix_of_root(name)?);
            continue;
        };
        let (closes, name) = name.strip_prefix('/').map_or((false, name), |name| (true, name));
        match name.strip_prefix(prefix.as_str()) {
            Some("url") => inside = (!closes).then_some(Entry::Page),
            Some("sitemap") => inside = (!closes).then_some(Entry::Sitemap),
            Some("loc") if !closes => {
                if let Some(entry) = inside {
                    sitemap.add(entry, tokens.text());
                }
            }
            _ => {}
        }
    }
    if root.is_some() { Ok(sitemap) } else { Err(SitemapError::Neither) }
}

/// The entry that an element belongs to.
#[derive(Clone, Copy)]
enum Entry {
    Page,
    Sitemap,
}

impl Sitemap {
    fn add(&mut self, entry: Entry, url: String) {
        let list = match entry {
            Entry::Page => &mut self.pages,
            Entry::Sitemap => &mut self.sitemaps,
        };
        if url.is_empty() {
            return;
        }
        if list.len() < ENTRIES_MOST { list.push(url) } else { self.beyond += 1 }
    }
}

/// Returns the prefix of the sitemap's namespace, with its colon.
fn prefix_of_root(name: &str) -> Result<String, SitemapError> {
    let (prefix, local) =
        name.rsplit_once(':').map_or(("", name), |(prefix, local)| (prefix, local));
    if !matches!(local, "urlset" | "sitemapindex") {
        let shown: String = name.chars().take(40).collect();
        return Err(SitemapError::Root(shown));
    }
    Ok(if prefix.is_empty() { String::new() } else { format!("{prefix}:") })
}

fn parse_lines(text: &str) -> Result<Sitemap, SitemapError> {
    let mut sitemap = Sitemap::default();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if !line.starts_with("http://") && !line.starts_with("https://") {
            return Err(SitemapError::Neither);
        }
        sitemap.add(Entry::Page, line.to_owned());
    }
    if sitemap.pages.is_empty() { Err(SitemapError::Neither) } else { Ok(sitemap) }
}

/// The rest of an XML text, piece by piece.
struct Tokens<'t>(&'t str);

enum Token<'t> {
    /// A tag's name, with a slash before it if the tag closes.
    Tag(&'t str),
    /// A comment, a declaration, or character data.
    Other,
}

impl<'t> Tokens<'t> {
    fn next(&mut self) -> Option<Token<'t>> {
        let at = counted(self.0, self.0.find('<'))?;
        let rest = &self.0[at..];
        let (token, rest) = match rest {
            _ if rest.starts_with("<!--") => (Token::Other, after(rest, "-->")),
            _ if rest.starts_with("<![CDATA[") => (Token::Other, after(rest, "]]>")),
            _ if rest.starts_with("<?") => (Token::Other, after(rest, "?>")),
            _ if rest.starts_with("<!") => (Token::Other, after_declaration(rest)),
            _ => {
                let end = counted(rest, rest.find('>')).unwrap_or(rest.len());
                let (tag, rest) = (&rest[1..end], rest.get(end + 1..).unwrap_or(""));
                let name = tag.split([' ', '\t', '\r', '\n']).next().unwrap_or("");
                (Token::Tag(name.trim_end_matches('/')), rest)
            }
        };
        self.0 = rest;
        Some(token)
    }

    /// Takes the character data up to the next tag.
    fn text(&mut self) -> String {
        let mut text = String::new();
        loop {
            let end = counted(self.0, self.0.find('<')).unwrap_or(self.0.len());
            text.push_str(&decoded(&self.0[..end]));
            self.0 = &self.0[end..];
            if let Some(data) = self.0.strip_prefix("<![CDATA[") {
                text.push_str(&data[..counted(data, data.find("]]>")).unwrap_or(data.len())]);
                self.0 = after(data, "]]>");
            } else if self.0.starts_with("<!--") {
                self.0 = after(self.0, "-->");
            } else {
                return text.trim().to_owned();
            }
        }
    }
}

fn after<'t>(text: &'t str, end: &str) -> &'t str {
    counted(text, text.find(end)).map_or("", |at| &text[at + end.len()..])
}

/// Counts the bytes that a search has passed.
fn counted(text: &str, found: Option<usize>) -> Option<usize> {
    steps(found.unwrap_or(text.len()));
    found
}

/// Returns what follows a declaration such as `<!DOCTYPE …>`, which may hold others in brackets.
fn after_declaration(text: &str) -> &str {
    let mut depth = 0;
    for (at, letter) in text.char_indices() {
        step();
        match letter {
            '<' => depth += 1,
            '>' if depth == 1 => return &text[at + 1..],
            '>' => depth -= 1,
            _ => {}
        }
    }
    ""
}

/// Decodes the entities that the protocol names, and numbers.
fn decoded(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut parts = text.split('&');
    decoded.push_str(parts.next().unwrap_or(""));
    for part in parts {
        steps(part.len());
        let letter = part.split_once(';').and_then(|(name, rest)| Some((letter(name)?, rest)));
        match letter {
            Some((letter, rest)) => {
                decoded.push(letter);
                decoded.push_str(rest);
            }
            None => {
                decoded.push('&');
                decoded.push_str(part);
            }
        }
    }
    decoded
}

fn letter(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}
