//! Reads of purge records under way in this isolate. A request that needs the same tags waits for
//! them, so that many requests cost one read of KV.

use std::time::Duration;

use crate::fields::sorting::TextSet;
use crate::platform::Signal;
use crate::policy::tag::Tag;
use crate::policy::time::Time;

/// The reads under way, each with the requests that wait for it.
#[derive(Default)]
pub struct ReadsUnderWay {
    under_way: Vec<ReadUnderWay>,
    count: u64,
}

struct ReadUnderWay {
    id: u64,
    until: Time,
    tags: TextSet,
    waiters: Vec<Signal>,
}

impl ReadsUnderWay {
    /// Returns those of `tags` that no request is reading. Read them next.
    pub fn free(&self, tags: &[Tag], now: Time) -> Vec<Tag> {
        let is_read = |tag: &&Tag| {
            self.under_way.iter().any(|read| now < read.until && read.tags.contains(tag.as_str()))
        };
        tags.iter().filter(|tag| !is_read(tag)).cloned().collect()
    }

    /// Registers a signal with a read of any of `tags`, if such a read is under way.
    pub fn join(&mut self, tags: &[Tag], now: Time, signal: impl FnOnce() -> Signal) {
        let read = self.under_way.iter_mut().find(|read| {
            now < read.until && tags.iter().any(|tag| read.tags.contains(tag.as_str()))
        });
        if let Some(read) = read {
            read.waiters.push(signal());
        }
    }

    /// Begins a read and returns its id. Pass the id to [`ReadsUnderWay::end`].
    pub fn begin(&mut self, tags: &[Tag], limit: Duration, now: Time) -> u64 {
        // A request that was cancelled never ends its read.
        self.under_way.retain(|read| now < read.until);
        self.count += 1;
        let tags = TextSet::of(tags.iter().map(|tag| tag.as_str().to_owned()));
        let read = ReadUnderWay { id: self.count, until: now + limit, tags, waiters: Vec::new() };
        self.under_way.push(read);
        self.count
    }

    /// Ends a read and returns the signals to give.
    pub fn end(&mut self, id: u64) -> Vec<Signal> {
        let Some(at) = self.under_way.iter().position(|read| read.id == id) else {
            return Vec::new();
        };
        self.under_way.swap_remove(at).waiters
    }
}
