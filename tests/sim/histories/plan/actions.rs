//! What happens in a history, once.

use crate::histories::guises::Guise;

use super::journal::ObjectFault;

#[derive(Clone, Debug)]
pub struct Action {
    /// Milliseconds from the beginning.
    pub at: u64,
    pub what: What,
}

#[derive(Clone, Debug)]
pub enum What {
    Visit(Visiting),
    Edit(Edit),
    Post(Posting),
    /// Purges of one tag from everywhere within a second.
    Burst {
        tag: usize,
        count: usize,
        hard: bool,
    },
    IsolateDies {
        centre: usize,
        isolate: usize,
    },
    /// The runtime gives up what is under way in an isolate, which lives on.
    RequestsDie {
        centre: usize,
        isolate: usize,
    },
    Evict {
        centre: usize,
        of_ten: u64,
    },
    KvUnreadable {
        centre: usize,
        lasts: u64,
    },
    KvRefusesWrites {
        lasts: u64,
    },
    OriginFails {
        page: usize,
        lasts: u64,
    },
    CacheRefuses {
        centre: usize,
        lasts: u64,
        silently: bool,
    },
    CoordinatorFails {
        lasts: u64,
    },
    /// Something goes wrong with the journal's object.
    Object(ObjectFault),
    /// Purges of so many other tags: more than the journal has room for.
    Flood {
        count: usize,
        hard: bool,
    },
    /// The journal's binding is taken away, and given back after so many milliseconds.
    Unbound {
        lasts: u64,
    },
    /// A purge of the other environment.
    OtherPurges,
    /// A page is warmed, as after the last purge that is done.
    Warm {
        centre: usize,
        isolate: usize,
        page: usize,
    },
    /// The origin answers plain requests 403.
    EdgeRefused {
        lasts: u64,
    },
}

#[derive(Clone, Debug)]
pub struct Visiting {
    pub centre: usize,
    pub isolate: usize,
    pub page: usize,
    pub user: u64,
    pub manner: Manner,
    pub guise: Guise,
    pub leaves_after: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    Plain,
    Head,
    Conditional,
    Range,
    Authorized,
    LoggedIn,
}

/// A new version of a page, and the purge that tells of it.
#[derive(Clone, Debug)]
pub struct Edit {
    pub page: usize,
    pub version: NewVersion,
    pub centre: usize,
    pub isolate: usize,
    pub purge_after: u64,
    pub hard: bool,
    pub by: By,
}

#[derive(Clone, Debug)]
pub struct NewVersion {
    pub tags: Vec<usize>,
    pub nature: Nature,
    pub varies: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    Public,
    Private,
    SetsCookie,
    Gone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Every tag of the version before.
    Tags,
    Url,
    Prefix,
    Host,
    Everything,
}

#[derive(Clone, Debug)]
pub struct Posting {
    pub centre: usize,
    pub isolate: usize,
    pub page: usize,
    pub user: u64,
    /// The page that `Location` names.
    pub names: usize,
    pub fails: bool,
}
