//! Pure. One job: what is known of it, and its report.

use crate::policy::time::Time;
use crate::warmup::ask::{End, Task};
use crate::warmup::record::{Reader, Writer, words};

/// The most failures that a report shows.
const FAILURES_MOST: usize = 50;
/// The most characters of a URL or a reason that a report shows.
const SHOWN_MOST: usize = 500;
/// The most lists of a job.
const LISTS_MOST: usize = 1000;

words!(
    /// What asked for a job.
    AskedBy {
        /// A request to the control route.
        #[default]
        Request = "request",
        /// A purge.
        Purge = "purge",
        /// A cron trigger.
        Schedule = "schedule",
    }
);

/// A job, as its row holds it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Job {
    /// The id.
    pub id: String,
    /// What asked for it.
    pub by: AskedBy,
    /// The time of the request.
    pub at: Time,
    /// The host that is served where `HOSTS` is not set.
    pub host: String,
    /// The number up to which the journal must be known.
    pub knows: u64,
    /// The lists that are to be read.
    pub lists: Vec<List>,
    /// The pages by what became of them.
    pub counts: Counts,
    /// Pages and lists that were not warmed, each with the reason.
    pub failures: Vec<(String, String)>,
    /// The time of the first progress.
    pub began: Option<Time>,
    /// The last time at which a page was stored.
    pub written: Option<Time>,
    /// The end.
    pub ended: Option<Time>,
    /// Whether a request stopped it.
    pub stopped: bool,
    /// The first row of pages that is left.
    pub first_row: u64,
    /// The row after the last.
    pub end_row: u64,
}

/// A list of pages that is to be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// The task that reads it.
    pub task: Task,
    /// The tag, the URL of the sitemap, or the host or prefix.
    pub of: String,
    /// Where it goes on.
    pub cursor: Option<String>,
    /// The strikes so far.
    pub strikes: u64,
    /// How many sitemaps led to it.
    pub depth: u64,
    /// It waits until then, as long as the object is in memory.
    pub after: Time,
}

/// The pages of a job by what became of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All pages that were found so far.
    pub asked: u64,
    /// Those that were fetched and stored.
    pub stored: u64,
    /// Those that the origin said have not changed.
    pub unchanged: u64,
    /// Those that were fresh.
    pub fresh: u64,
    /// Those that may not be shared.
    pub uncacheable: u64,
    /// Those that failed at each attempt.
    pub failed: u64,
    /// Those that are not warmed.
    pub skipped: u64,
}

impl Counts {
    /// The pages that are done.
    pub fn done(&self) -> u64 {
        self.stored + self.unchanged + self.fresh + self.uncacheable + self.failed + self.skipped
    }

    /// All counts with their names.
    pub fn named(&self) -> [(&'static str, u64); 7] {
        [
            ("asked", self.asked),
            ("stored", self.stored),
            ("unchanged", self.unchanged),
            ("fresh", self.fresh),
            ("uncacheable", self.uncacheable),
            ("failed", self.failed),
            ("skipped", self.skipped),
        ]
    }
}

impl Job {
    /// Tells whether nothing is left to do.
    pub fn is_ended(&self) -> bool {
        self.ended.is_some()
    }

    /// Notes what became of a page. `reason` is shown if it was not warmed.
    pub fn note(&mut self, url: &str, end: End, reason: &str, now: Time) {
        self.began.get_or_insert(now);
        let counts = &mut self.counts;
        let count = match end {
            End::Stored => &mut counts.stored,
            End::Unchanged => &mut counts.unchanged,
            End::Fresh => &mut counts.fresh,
            End::Uncacheable => &mut counts.uncacheable,
            End::Skipped => &mut counts.skipped,
            _ => &mut counts.failed,
        };
        *count += 1;
        match end {
            End::Stored | End::Unchanged => self.written = Some(now),
            End::Fresh => {}
            _ => self.note_failure(url, reason),
        }
    }

    /// Notes entries that are not warmed. `examples` are some of them, each with the reason.
    pub fn skip(&mut self, count: u64, examples: Vec<(String, String)>) {
        self.counts.asked += count;
        self.counts.skipped += count;
        for (url, reason) in examples {
            self.note_failure(&url, &reason);
        }
    }

    /// Notes what was not warmed, and why.
    pub fn note_failure(&mut self, url: &str, reason: &str) {
        if self.failures.len() < FAILURES_MOST {
            let shown = |text: &str| text.chars().take(SHOWN_MOST).collect();
            self.failures.push((shown(url), shown(reason)));
        }
    }

    /// Adds a list to read, unless the job has too many.
    pub fn add_list(&mut self, list: List) {
        if self.lists.len() < LISTS_MOST {
            self.lists.push(list);
        } else {
            let reason = "a job has at most 1,000 lists that wait".to_owned();
            self.skip(1, vec![(list.of, reason)]);
        }
    }

    /// Writes the row of the job.
    pub fn to_text(&self) -> String {
        let mut writer = Writer::new().text(&self.id).text(self.by.as_str()).time(Some(self.at));
        writer = writer.text(&self.host).number(self.knows).pairs(&self.failures);
        writer = writer.time(self.began).time(self.written).time(self.ended);
        writer = writer.number(self.stopped.into()).number(self.first_row).number(self.end_row);
        for (_, count) in self.counts.named() {
            writer = writer.number(count);
        }
        writer = writer.number(self.lists.len() as u64);
        for list in &self.lists {
            let cursor = list.cursor.as_deref().unwrap_or_default();
            writer = writer.text(list.task.as_str()).text(&list.of).text(cursor);
            writer = writer.number(list.strikes).number(list.depth);
        }
        writer.end()
    }

    /// Reads the row of a job. `None`: another version wrote it.
    pub fn of_text(text: &str) -> Option<Job> {
        let mut reader = Reader::of(text)?;
        let mut job = Job {
            id: reader.text()?,
            by: AskedBy::of(&reader.text()?)?,
            at: reader.time()??,
            host: reader.text()?,
            knows: reader.number()?,
            failures: reader.pairs()?,
            began: reader.time()?,
            written: reader.time()?,
            ended: reader.time()?,
            stopped: reader.number()? == 1,
            first_row: reader.number()?,
            end_row: reader.number()?,
            counts: Counts {
                asked: reader.number()?,
                stored: reader.number()?,
                unchanged: reader.number()?,
                fresh: reader.number()?,
                uncacheable: reader.number()?,
                failed: reader.number()?,
                skipped: reader.number()?,
            },
            lists: Vec::new(),
        };
        for _ in 0..reader.number()? {
            job.lists.push(List {
                task: Task::of(&reader.text()?)?,
                of: reader.text()?,
                cursor: reader.text().filter(|cursor| !cursor.is_empty()),
                strikes: reader.number()?,
                depth: reader.number()?,
                after: Time::default(),
            });
        }
        Some(job)
    }
}
