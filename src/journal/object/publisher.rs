//! Pure. When the journal's object publishes the journal in KV, for data centres that get no reply
//! from the object.
//!
//! One write runs at a time. A write without an answer may still land, over a newer one. So the
//! journal is written again after [`JOURNAL_PUT_AGAIN`].

use std::fmt::{self, Display};
use std::time::Duration;

use crate::journal::Number;
use crate::journal::wire::hexadecimal;
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
    /// A write failed, or had no answer, by this time.
    Unsure(Time),
}

/// The last write to KV, as the object notes it for its next start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastPut {
    /// The time at which it began.
    pub began_at: Time,
    /// The number up to which it publishes the journal.
    pub up_to: Number,
    /// Whether it has ended well, as far as is known.
    pub has_ended: bool,
}

/// The last word of a note about a write that has ended well.
const ENDED: &str = "ended";

impl LastPut {
    /// Reads a written note. `None`: there is none, or it is damaged.
    pub fn read(text: &str) -> Option<LastPut> {
        let mut words = text.split(' ');
        let began_at = Time(words.next()?.parse().ok()?);
        let up_to = Number(hexadecimal(words.next()?)?);
        Some(LastPut { began_at, up_to, has_ended: words.next() == Some(ENDED) })
    }
}

impl Display for LastPut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:x}", self.began_at.0, self.up_to.0)?;
        if self.has_ended { write!(f, " {ENDED}") } else { Ok(()) }
    }
}

impl Publisher {
    /// Makes the state of an object that starts.
    pub fn new(pause: Duration, last: Option<LastPut>, now: Time) -> Publisher {
        let has_ended = last.is_none_or(|last| last.has_ended);
        let state = if has_ended { State::Quiet } else { State::Unsure(now) };
        let published = last.map_or(Number(0), |last| last.up_to);
        Publisher { pause, published, began_at: last.map(|last| last.began_at), state }
    }

    /// Returns the number up to which the journal is published, as far as the object knows. After a start
    /// that is the number of the last write, also of one that has not ended: it is written again.
    pub fn published(&self) -> Number {
        self.published
    }

    /// Returns the time of the next write; `is_wanted` tells whether there is a reason for one, and
    /// `pauses` whether it waits for the pause between two writes. `None`: there is nothing to write, or a
    /// write is under way.
    pub fn next(&self, is_wanted: bool, pauses: bool, now: Time) -> Option<Time> {
        let began_at = self.began_at.filter(|_| pauses);
        let pause = began_at.map_or(now, |began_at| began_at + self.pause);
        match self.state {
            State::Writing => None,
            State::Unsure(since) => Some((since + JOURNAL_PUT_AGAIN).max(pause)),
            State::Quiet => is_wanted.then_some(pause.max(now)),
        }
    }

    /// Begins a write of the journal up to a number. Returns the note to write before it.
    pub fn begin(&mut self, up_to: Number, now: Time) -> LastPut {
        self.began_at = Some(now);
        self.state = State::Writing;
        LastPut { began_at: now, up_to, has_ended: false }
    }

    /// Ends a write of the journal up to `number`. Returns the note to write, if it ended well.
    pub fn end(&mut self, number: Number, is_written: bool, now: Time) -> Option<LastPut> {
        // broken: late-put-hides.end
        if is_written {
            self.published = number;
        }
        // broken: late-put-hides.state
        self.state = if is_written { State::Quiet } else { State::Unsure(now) };
        let began_at = self.began_at.filter(|_| is_written);
        began_at.map(|began_at| LastPut { began_at, up_to: number, has_ended: true })
    }
}
