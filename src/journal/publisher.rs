//! Pure. When the journal's object publishes the journal in KV, for data centres that get no reply
//! from the object.
//!
//! One write runs at a time. A write without an answer may still land, over a newer one. So the
//! journal is written again after [`JOURNAL_PUT_AGAIN`].

use std::time::Duration;

use crate::journal::Number;
use crate::policy::time::Time;
use crate::policy::timing::JOURNAL_PUT_AGAIN;

/// The state of the writes to KV.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publisher {
    /// The least time between two writes.
    pause: Duration,
    /// The journal is published up to this number.
    published: Number,
    /// The time at which the last write began.
    began_at: Option<Time>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The last write ended well, or there was none.
    Quiet,
    /// A write is under way.
    Writing,
    /// A write had no answer by this time.
    Unsure(Time),
}

impl Publisher {
    /// Makes the state of an object that starts. `unended` is the time at which a write began that
    /// the object did not see ending.
    pub fn new(pause: Duration, unended: Option<Time>, now: Time) -> Publisher {
        let state = unended.map_or(State::Quiet, |_| State::Unsure(now));
        Publisher { pause, published: Number(0), began_at: unended, state }
    }

    /// Returns the number up to which this start knows the journal to be published.
    pub fn published(&self) -> Number {
        self.published
    }

    /// Takes note that KV shows the journal up to `number`.
    pub fn found(&mut self, number: Number) {
        self.published = self.published.max(number);
    }

    /// Returns the time of the next write of a journal with the newest number `last`. `None`: there
    /// is nothing to write now.
    pub fn next(&self, last: Number, now: Time) -> Option<Time> {
        let pause = self.began_at.map_or(now, |began_at| began_at + self.pause);
        match self.state {
            State::Writing => None,
            State::Unsure(since) => Some((since + JOURNAL_PUT_AGAIN).max(pause)),
            State::Quiet => (last > self.published).then_some(pause.max(now)),
        }
    }

    /// Begins a write.
    pub fn begin(&mut self, now: Time) {
        self.began_at = Some(now);
        self.state = State::Writing;
    }

    /// Ends a write of the journal up to `number`.
    pub fn end(&mut self, number: Number, is_written: bool, now: Time) {
        // broken: late-put-hides.end
        if is_written {
            self.published = number;
        }
        // broken: late-put-hides.state
        self.state = if is_written { State::Quiet } else { State::Unsure(now) };
    }
}
