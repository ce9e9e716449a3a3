//! Warmups: pages are fetched before a visitor asks for them.
//!
//! A request, a purge or a schedule starts a job. One Durable Object keeps all jobs and their URLs in
//! its rows, and works them off in its alarm. For each page it calls the Worker: first to look whether
//! the page is fresh, then to fetch it. So all requests to the origin pass one place, which keeps their
//! rate.
//!
//! **Nothing is lost.** A URL stands in the rows until its page has ended. An object that is lost in
//! between looks at some pages again. Those that were stored are fresh by then, and cost the origin
//! nothing.
//!
//! **No purged page counts as fresh.** A purge's job names the purge's number in the journal. The
//! Worker looks at no page before its isolate knows the journal up to that number.
//!
//! **No visitor waits for the pace.** A warmup waits for its turn before it takes the page's lease. The
//! request to the origin then runs under the lease, as a visitor's would.
//!
//! | file | content |
//! |---|---|
//! | `wire` | what the control routes ask of the object |
//! | `record` | the form of requests, replies and rows |
//! | `job` | one job |
//! | `report` | the report on a job |
//! | `queue` | the pages of a job that wait |
//! | `entry` | one job with its pages, and what a reply means for them |
//! | `jobs` | all jobs, and whose turn it is |
//! | `pace` | when the next request may go to the origin |
//! | `service` | the object: its replies, its alarm and its slices |
//! | `piece` | one piece of work of the object |
//! | `ask` | what the object asks of the Worker, and the reply |
//! | `page` | the Worker looks at a page, or fetches it |
//! | `list` | the Worker lists the pages of a tag or a sitemap |
//! | `sitemap` | the format of sitemaps |
//! | `warming` | what became of a page that is being fetched |

pub mod ask;
mod entry;
pub mod job;
pub mod jobs;
pub mod list;
pub mod pace;
pub mod page;
mod piece;
pub mod queue;
pub mod record;
pub mod report;
pub mod service;
pub mod sitemap;
pub mod warming;
pub mod wire;

use std::time::Duration;

/// The field that tells the origin of a warmup.
pub const WARMUP: &str = "x-edge-isr-warmup";

/// The rate of warmups, for all jobs together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WarmSettings {
    /// The most requests to the origin in a second.
    pub per_second: u32,
    /// The most requests to the origin at a time.
    pub at_once: usize,
    /// Whether a purge request without `warm` starts a warmup (`WARM_PURGED`).
    pub purged: bool,
}

impl WarmSettings {
    /// The rate while the Worker's settings are wrong: one request a second, one at a time.
    pub const LEAST: WarmSettings = WarmSettings { per_second: 1, at_once: 1, purged: false };
}

/// The points of failure at which a page or a list has failed: three failures, or twelve times that the
/// origin wanted a pause or the journal did not reply.
pub const STRIKES_MOST: u64 = 12;
/// The points of a failure. A pause that the origin wants is one, and so is a journal without a reply.
pub const STRIKES_OF_A_FAILURE: u64 = 4;
/// The time until a page that failed is tried again.
pub const TRIED_AGAIN_AFTER: Duration = Duration::from_secs(10);
/// The time for which the report of a job is kept after its end.
pub const REPORT_LIFE: Duration = Duration::from_secs(7 * 24 * 60 * 60);
