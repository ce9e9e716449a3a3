//! Pure. What the control routes ask of the object. Its reply is a status and a JSON text.

use crate::warmup::job::AskedBy;
use crate::warmup::record::{Reader, Writer, words};

/// The most jobs that the object keeps.
pub const JOBS_MOST: usize = 100;

/// A request of a control route.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WarmRequest {
    /// What is to be done.
    pub verb: Verb,
    /// The id of the job: 32 hexadecimal digits.
    pub id: String,
    /// What is to be warmed, of a job to start.
    pub start: Start,
}

impl WarmRequest {
    /// Writes the request.
    pub fn to_text(&self) -> String {
        let start = &self.start;
        let writer = Writer::new().text(self.verb.as_str()).text(&self.id);
        let writer = writer.text(start.by.as_str()).text(&start.host).number(start.knows);
        let writer = writer.texts(start.urls.iter()).texts(start.tags.iter());
        let writer = writer.texts(start.sitemaps.iter()).texts(start.stored.iter());
        writer.pairs(&start.skipped).end()
    }

    /// Reads a request. `None`: another version wrote it.
    pub fn of_text(text: &str) -> Option<WarmRequest> {
        let mut reader = Reader::of(text)?;
        Some(WarmRequest {
            verb: Verb::of(&reader.text()?)?,
            id: reader.text()?,
            start: Start {
                by: AskedBy::of(&reader.text()?)?,
                host: reader.text()?,
                knows: reader.number()?,
                urls: reader.texts()?,
                tags: reader.texts()?,
                sitemaps: reader.texts()?,
                stored: reader.texts()?,
                skipped: reader.pairs()?,
            },
        })
    }
}

words!(
    /// What is asked of the object.
    Verb {
        /// To report on a job.
        #[default]
        Job = "job",
        /// To report on all jobs.
        Jobs = "jobs",
        /// To start a job.
        Start = "start",
        /// To stop a job.
        Stop = "stop",
    }
);

/// What a job is to warm.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Start {
    /// What asked for it.
    pub by: AskedBy,
    /// The host that is served where `HOSTS` is not set.
    pub host: String,
    /// The number up to which the journal must be known.
    pub knows: u64,
    /// The URLs of pages.
    pub urls: Vec<String>,
    /// Tags whose pages are warmed.
    pub tags: Vec<String>,
    /// The URLs of sitemaps.
    pub sitemaps: Vec<String>,
    /// Hosts and prefixes whose stored pages are warmed. The prefix `/` stands for everything.
    pub stored: Vec<String>,
    /// What was named and is not warmed, each with the reason.
    pub skipped: Vec<(String, String)>,
}

/// The reply of the object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WarmReply {
    /// The HTTP status for the caller: 200, 202, 404 or 429.
    pub status: u16,
    /// The body: a report, or an empty text.
    pub text: String,
}

impl WarmReply {
    /// The reply as the object sends it: the status, a line break, and the text.
    pub fn to_text(&self) -> String {
        format!("{}\n{}", self.status, self.text)
    }

    /// Parses a reply. `None`: another version wrote it.
    pub fn of_text(text: &str) -> Option<WarmReply> {
        let (status, text) = text.split_once('\n')?;
        Some(WarmReply { status: status.parse().ok()?, text: text.to_owned() })
    }
}
