//! One request to the origin.

use std::cell::{Cell, RefCell};

use edge_isr::policy::time::Time;

use super::Version;

/// One request to the origin.
#[derive(Debug)]
pub struct Fetch {
    pub number: usize,
    pub page: usize,
    /// When its visitor came.
    pub asked: Time,
    pub began: Time,
    pub centre: usize,
    pub isolate: u64,
    pub group: u64,
    pub language: String,
    /// It is a plain request: the edge's own.
    pub fills: bool,
    /// Its data centre held the page when it began.
    pub was_stored: Cell<bool>,
    /// The visitor that it names.
    pub named: Option<String>,
    pub ended: Cell<bool>,
    pub ended_at: Cell<Option<Time>>,
    /// When what it was answered with was made.
    pub made: Cell<Time>,
    /// The origin failed.
    pub failed: Cell<bool>,
    /// Its answer is not for all.
    pub turned: Cell<bool>,
    /// What it showed, once it did.
    pub version: RefCell<Option<Version>>,
}
