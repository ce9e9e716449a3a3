//! Pure. What the object asks of the Worker, and the Worker's reply.

use crate::warmup::record::{Reader, Writer, words};

/// A request of the object. The Worker that gets it may be of another version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ask {
    /// What is to be done.
    pub task: Task,
    /// The URL of the page or the sitemap, the tag, or the host or prefix.
    pub of: String,
    /// Where a listing goes on.
    pub cursor: Option<String>,
    /// The host that is served where `HOSTS` is not set.
    pub host: String,
    /// The number up to which the journal must be known.
    pub knows: u64,
}

impl Ask {
    /// Writes the request.
    pub fn to_text(&self) -> String {
        let cursor = self.cursor.as_deref().unwrap_or_default();
        let writer = Writer::new().text(self.task.as_str()).text(&self.of).text(cursor);
        writer.text(&self.host).number(self.knows).end()
    }

    /// Reads a request. `None`: another version wrote it.
    pub fn of_text(text: &str) -> Option<Ask> {
        let mut reader = Reader::of(text)?;
        Some(Ask {
            task: Task::of(&reader.text()?)?,
            of: reader.text()?,
            cursor: reader.text().filter(|cursor| !cursor.is_empty()),
            host: reader.text()?,
            knows: reader.number()?,
        })
    }
}

/// The reply of the Worker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// What came of it.
    pub end: End,
    /// Why, for people.
    pub reason: String,
    /// The seconds for which the origin wants no requests.
    pub pause: u64,
    /// The milliseconds that the origin took. Zero: it was not asked.
    pub took: u64,
    /// The URLs of the pages in a list.
    pub urls: Vec<String>,
    /// The URLs of the sitemaps in a list.
    pub sitemaps: Vec<String>,
    /// Where the list goes on. `None`: this was its end.
    pub cursor: Option<String>,
    /// The number of entries in a list that are not warmed.
    pub skipped: u64,
    /// Some of these entries, each with the reason.
    pub examples: Vec<(String, String)>,
}

impl Reply {
    /// Writes the reply.
    pub fn to_text(&self) -> String {
        let writer = Writer::new().text(self.end.as_str()).text(&self.reason);
        let writer = writer.number(self.pause).number(self.took).number(self.skipped);
        let writer = writer.text(self.cursor.as_deref().unwrap_or_default());
        writer.texts(self.urls.iter()).texts(self.sitemaps.iter()).pairs(&self.examples).end()
    }

    /// Reads a reply. `None`: another version wrote it.
    pub fn of_text(text: &str) -> Option<Reply> {
        let mut reader = Reader::of(text)?;
        Some(Reply {
            end: End::of(&reader.text()?)?,
            reason: reader.text()?,
            pause: reader.number()?,
            took: reader.number()?,
            skipped: reader.number()?,
            cursor: reader.text().filter(|cursor| !cursor.is_empty()),
            urls: reader.texts()?,
            sitemaps: reader.texts()?,
            examples: reader.pairs()?,
        })
    }

    /// Makes a reply with a reason.
    pub fn because(end: End, reason: impl Into<String>) -> Reply {
        Reply { end, reason: reason.into(), ..Reply::default() }
    }
}

impl From<End> for Reply {
    fn from(end: End) -> Reply {
        Reply { end, ..Reply::default() }
    }
}

words!(
    /// What the object asks for.
    Task {
        /// To look whether a page is fresh.
        #[default]
        Look = "look",
        /// To fetch a page from the origin.
        Fetch = "fetch",
        /// To list the pages of a tag.
        Tag = "tag",
        /// To list the pages of a sitemap.
        Sitemap = "sitemap",
        /// To list the pages of a host or a prefix that the durable tier has.
        Stored = "stored",
    }
);

words!(
    /// What came of a request of the object.
    End {
        /// The page is fresh.
        Fresh = "fresh",
        /// The page is not fresh: fetch it.
        #[default]
        Stale = "stale",
        /// The page was fetched and stored.
        Stored = "stored",
        /// The origin said that the page has not changed.
        Unchanged = "unchanged",
        /// The response may not be shared.
        Uncacheable = "uncacheable",
        /// The origin or the edge failed: try again.
        Failed = "failed",
        /// The URL is not to be warmed.
        Skipped = "skipped",
        /// The isolate does not know the purge yet: ask again soon.
        NotYet = "not-yet",
        /// A purge came while the page was fetched: fetch it again.
        Purged = "purged",
        /// The list was read.
        Listed = "listed",
    }
);
