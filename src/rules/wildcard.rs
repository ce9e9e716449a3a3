//! Texts with wildcards. `*` stands for any text. `{name}` stands for a text that is not empty, which
//! a tag can name.
//!
//! A text of n bytes is compared with m wildcards and texts in at most about n × m steps: only the
//! last wildcard before a mismatch can take more.

use std::ops::Range;

use crate::fields::steps::steps;

/// A text with wildcards, parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wildcards {
    pieces: Vec<Piece>,
}

/// A part of a text with wildcards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// This text.
    Text(String),
    /// Any text, also none.
    Any,
    /// A text that is not empty. The number is that of its name.
    Named(usize),
}

impl Wildcards {
    /// Parses a text in which only `*` has a meaning of its own.
    pub fn parse(text: &str) -> Wildcards {
        let mut pieces = Vec::new();
        for (number, part) in text.split('*').enumerate() {
            if number > 0 && pieces.last() != Some(&Piece::Any) {
                pieces.push(Piece::Any);
            }
            if !part.is_empty() {
                pieces.push(Piece::Text(part.to_owned()));
            }
        }
        Wildcards { pieces }
    }

    /// Returns the text with these texts for `*` and for each named part.
    pub(super) fn with(&self, any: &str, named: &str) -> String {
        let text = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Any => any.to_owned(),
            Piece::Named(_) => named.to_owned(),
        };
        self.pieces.iter().map(text).collect()
    }

    pub(super) fn of(pieces: Vec<Piece>) -> Wildcards {
        Wildcards { pieces }
    }

    /// Tells whether the whole text matches.
    pub fn matches(&self, text: &str) -> bool {
        // Most lists are of names that begin otherwise.
        let first = |text: &str| text.as_bytes().first().copied();
        let begins_otherwise =
            |piece: &Piece| matches!(piece, Piece::Text(wanted) if first(wanted) != first(text));
        !self.pieces.first().is_some_and(begins_otherwise) && self.matched(text, &mut |_, _| ())
    }

    /// Tells whether the whole text matches, and passes each named part with its number.
    pub(super) fn matched(&self, text: &str, named: &mut dyn FnMut(usize, Range<usize>)) -> bool {
        let (mut piece, mut at) = (0, 0);
        let mut last: Option<Taken> = None;
        loop {
            match self.pieces.get(piece) {
                None if at == text.len() => {
                    last.iter().for_each(|taken| taken.pass(named));
                    return true;
                }
                Some(Piece::Text(wanted)) if begins(text, at, wanted) => {
                    (piece, at) = (piece + 1, at + wanted.len());
                    continue;
                }
                Some(wildcard @ (Piece::Any | Piece::Named(_))) => {
                    // What an earlier wildcard took is settled now.
                    last.iter().for_each(|taken| taken.pass(named));
                    last = Some(Taken::new(wildcard, piece, at));
                }
                _ => match &mut last {
                    Some(taken) => taken.end += 1,
                    None => return false,
                },
            }
            let Some(taken) = last.as_ref().filter(|taken| taken.end <= text.len()) else {
                return false;
            };
            (piece, at) = (taken.piece + 1, taken.end);
        }
    }
}

fn begins(text: &str, at: usize, wanted: &str) -> bool {
    steps(wanted.len());
    text.as_bytes()[at..].starts_with(wanted.as_bytes())
}

/// The text that a wildcard takes.
struct Taken {
    piece: usize,
    name: Option<usize>,
    begin: usize,
    end: usize,
}

impl Taken {
    fn new(wildcard: &Piece, piece: usize, begin: usize) -> Taken {
        let name = match wildcard {
            Piece::Named(name) => Some(*name),
            Piece::Any | Piece::Text(_) => None,
        };
        Taken { piece, name, begin, end: begin + usize::from(name.is_some()) }
    }

    fn pass(&self, named: &mut dyn FnMut(usize, Range<usize>)) {
        if let Some(name) = self.name {
            named(name, self.begin..self.end);
        }
    }
}
