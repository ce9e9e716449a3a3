//! Parts of the settings: values that belong together.

/// Scheme and host of the origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// `http` or `https`.
    pub scheme: String,
    /// The host, with its port unless that is the scheme's own.
    pub host: String,
}

/// The reach of an unsafe request's invalidation (RFC 9111 §4.4). It always holds in the isolate,
/// and the page's first variant is emptied in the data centre.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Invalidation {
    /// No other data centre is told.
    Here,
    /// All data centres are told of the groups that the response names (RFC 9875 §3).
    #[default]
    Groups,
    /// All data centres are told of the groups and of the URLs.
    Everywhere,
}

/// Responses of one page that differ by the fields of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VariantSettings {
    /// Whether pages that say `Vary: Cookie` are stored for visitors with cookies.
    pub by_cookie: bool,
    /// The most variants of a page that are stored.
    pub most: usize,
    /// The number of requests for a further variant after which it is stored.
    pub after: u32,
}

/// What is written to the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogSettings {
    /// A line for each page request, for people.
    pub requests: bool,
    /// A line for each page request, in JSON.
    pub decisions: bool,
    /// A line for each purge request, in JSON.
    pub purges: bool,
    /// Whether lines of decisions show the values of queries. Lines of purges always do.
    pub values: bool,
}

/// KV writes of an isolate that visitors' requests may cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VisitorWriteLimits {
    /// The most writes in a minute.
    pub per_minute: u32,
    /// The most writes in a day (UTC, as KV counts).
    pub per_day: u32,
}
