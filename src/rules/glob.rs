//! Globs of paths: `*` within a segment, `**` for any number of whole segments, `{a,b}` for one of
//! the texts, and `{name}` for a named part of a segment.
//!
//! A path of n bytes is compared with a glob of m parts in at most about n × m steps, whatever the
//! glob: only the last `**` before a mismatch can take another segment.

use std::ops::Range;

use super::wildcard::{Piece, Wildcards};
use crate::fields::steps::steps;
use crate::policy::tag::normal;

/// The most texts that the `{a,b}` of one glob stand for.
const ALTERNATIVES_MOST: usize = 64;

/// A glob of paths, parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob {
    text: String,
    names: Vec<String>,
    alternatives: Vec<Alternative>,
}

/// A glob without `{a,b}`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Alternative {
    /// The text before the first wildcard: most paths are told apart by it.
    beginning: String,
    segments: Vec<Segment>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    /// `**`: any number of segments; at the end, one at least.
    Across,
    One(Wildcards),
}

/// The reason why a text is no glob.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GlobError {
    /// The text does not begin with a slash.
    #[error("does not begin with a slash")]
    NoSlash,
    /// A brace is not closed, or closes nothing.
    #[error("has a brace without its other half")]
    Brace,
    /// The text between braces is no name, nor a list.
    #[error(
        "has {{{0}}}: a named part is letters, digits and _, and a list of texts has commas: {{a,b}}"
    )]
    Name(String),
    /// A name is given to two parts.
    #[error("gives two parts the name {0}")]
    SameName(String),
    /// Two wildcards follow each other, so it is not clear which takes what.
    #[error("has two wildcards with nothing between them")]
    Adjacent,
    /// `**` is not a segment of its own.
    #[error("has ** beside other text: write /**/ or, at the end, /**")]
    Across,
    /// A segment is `.` or `..`: requests have none.
    #[error("has the segment . or .., and no request has one")]
    Dots,
    /// A character has no meaning here, or another one in other globs.
    #[error("holds {0}, which has no meaning here: the wildcards are *, ** and {{name}}")]
    Character(char),
    /// The lists of texts stand for too many globs.
    #[error("has lists that stand for more than {ALTERNATIVES_MOST} texts")]
    TooMany,
}

impl Glob {
    /// Parses a glob; fails with the reason.
    pub fn parse(text: &str) -> Result<Glob, GlobError> {
        if !text.starts_with('/') {
            return Err(GlobError::NoSlash);
        }
        if let Some(letter) = text.chars().find(|letter| "?#[]\\".contains(*letter)) {
            return Err(GlobError::Character(letter));
        }
        if text.split('/').any(|segment| matches!(segment, "." | "..")) {
            return Err(GlobError::Dots);
        }
        let mut names = Vec::new();
        let mut alternatives = Vec::new();
        for text in expanded(text)? {
            alternatives.push(alternative(&text, &mut names)?);
        }
        Ok(Glob { text: text.to_owned(), names, alternatives })
    }

    /// Returns the text that was parsed.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the names of the parts, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// Tells whether a path matches. Pass the path in its normal form.
    pub fn matches(&self, path: &str) -> bool {
        self.alternatives.iter().any(|alternative| alternative.matches(path, &mut |_, _| ()))
    }

    /// Tells whether a path may match, with or without its closing slash. It is cheap: most paths are
    /// told apart by their second byte.
    pub(super) fn may_match(&self, path: &str) -> bool {
        self.alternatives.iter().any(|alternative| {
            let (path, beginning) = (path.as_bytes(), alternative.beginning.as_bytes());
            let length = path.len().min(beginning.len());
            let begins_otherwise = length > 1 && path[1] != beginning[1];
            !begins_otherwise && path[..length] == beginning[..length]
        })
    }

    /// Returns the text of a named part of a path; `None` if the path does not match.
    pub fn part<'p>(&self, path: &'p str, name: &str) -> Option<&'p str> {
        let wanted = self.names.iter().position(|known| known == name)?;
        self.alternatives.iter().find_map(|alternative| {
            let mut part = None;
            let is_match = alternative.matches(path, &mut |name, range| {
                if name == wanted {
                    part = Some(range);
                }
            });
            part.filter(|_| is_match).and_then(|range| path.get(range))
        })
    }

    /// Tells whether each path that `other` matches also matches this glob, as far as the globs
    /// show it.
    pub fn covers(&self, other: &Glob) -> bool {
        let is_covered = |other: &Alternative| {
            let sample = other.sample();
            self.alternatives.iter().any(|own| {
                let mut is_filled = true;
                // A named part is not empty, and what `*` stands for may be.
                let named = &mut |_, part: Range<usize>| is_filled &= sample[part] != *ANY_TEXT;
                own.matches(&sample, named) && is_filled
            })
        };
        other.alternatives.iter().all(is_covered)
    }
}

/// A segment in a glob's sample that stands for `**`. No path holds a control character in its
/// normal form.
const ANY_SEGMENTS: &str = "\u{1}";
/// The text in a glob's sample that stands for `*`, and for a named part.
const ANY_TEXT: &str = "\u{2}";
const ANY_NAMED_TEXT: &str = "\u{3}";

impl Alternative {
    fn matches(&self, path: &str, named: &mut dyn FnMut(usize, Range<usize>)) -> bool {
        steps(self.beginning.len());
        if !path.starts_with(&self.beginning) {
            return false;
        }
        let (mut number, mut at) = (0, Some(1));
        let mut across: Option<(usize, Option<usize>)> = None;
        loop {
            match (self.segments.get(number), at) {
                (None, None) => return true,
                (Some(Segment::Across), _) if number + 1 == self.segments.len() => {
                    return at.is_some();
                }
                (Some(Segment::Across), _) => {
                    number += 1;
                    across = Some((number, at));
                    continue;
                }
                (Some(Segment::One(wanted)), Some(begin)) => {
                    let end = segment_end(path, begin);
                    let segment = &path[begin..end];
                    let mut named = |name, part: Range<usize>| {
                        named(name, begin + part.start..begin + part.end);
                    };
                    if segment != ANY_SEGMENTS && wanted.matched(segment, &mut named) {
                        (number, at) = (number + 1, next_segment(path, end));
                        continue;
                    }
                }
                _ => {}
            }
            let Some((after, Some(taken))) = across else { return false };
            let next = next_segment(path, segment_end(path, taken));
            across = Some((after, next));
            (number, at) = (after, next);
        }
    }

    /// A path that stands for all paths that match.
    fn sample(&self) -> String {
        let segment = |segment: &Segment| match segment {
            Segment::Across => ANY_SEGMENTS.to_owned(),
            Segment::One(wildcards) => wildcards.with(ANY_TEXT, ANY_NAMED_TEXT),
        };
        self.segments.iter().fold(String::new(), |path, next| path + "/" + &segment(next))
    }
}

fn segment_end(path: &str, begin: usize) -> usize {
    let rest = &path.as_bytes()[begin..];
    let length = rest.iter().position(|byte| *byte == b'/').unwrap_or(rest.len());
    steps(length);
    begin + length
}

fn next_segment(path: &str, end: usize) -> Option<usize> {
    (end < path.len()).then_some(end + 1)
}

/// Writes a text once for each combination of its `{a,b}`.
fn expanded(text: &str) -> Result<Vec<String>, GlobError> {
    let mut texts = vec![String::new()];
    let mut rest = text;
    while let Some(open) = rest.find(['{', '}']) {
        let (before, braced) = rest.split_at(open);
        let inside = braced.strip_prefix('{').ok_or(GlobError::Brace)?;
        let (inside, after) = inside.split_once('}').ok_or(GlobError::Brace)?;
        if inside.contains('{') {
            return Err(GlobError::Brace);
        }
        let choices: Vec<String> = if inside.contains(',') {
            inside.split(',').map(str::to_owned).collect()
        } else {
            vec![format!("{{{inside}}}")]
        };
        if texts.len() * choices.len() > ALTERNATIVES_MOST {
            return Err(GlobError::TooMany);
        }
        texts = each_with_each(&texts, before, &choices);
        rest = after;
    }
    texts.iter_mut().for_each(|text| text.push_str(rest));
    Ok(texts)
}

/// Appends each choice to each text, with `between` between them.
pub(super) fn each_with_each(texts: &[String], between: &str, choices: &[String]) -> Vec<String> {
    let mut all = Vec::new();
    for text in texts {
        for choice in choices {
            all.push([text, between, choice].concat());
        }
    }
    all
}

fn alternative(text: &str, names: &mut Vec<String>) -> Result<Alternative, GlobError> {
    let beginning = text.split(['*', '{']).next().unwrap_or("");
    let (mut seen, mut segments) = (Vec::new(), Vec::new());
    for text in text[1..].split('/') {
        segments.push(segment(text, names, &mut seen)?);
    }
    Ok(Alternative { beginning: normal(beginning), segments })
}

fn segment(
    text: &str,
    names: &mut Vec<String>,
    seen: &mut Vec<String>,
) -> Result<Segment, GlobError> {
    if text == "**" {
        return Ok(Segment::Across);
    }
    if text.contains("**") {
        return Err(GlobError::Across);
    }
    let mut pieces: Vec<Piece> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (piece, after) = piece(rest, names, seen)?;
        let is_wildcard = |piece: &Piece| !matches!(piece, Piece::Text(_));
        if is_wildcard(&piece) && pieces.last().is_some_and(is_wildcard) {
            return Err(GlobError::Adjacent);
        }
        pieces.push(piece);
        rest = after;
    }
    Ok(Segment::One(Wildcards::of(pieces)))
}

/// Reads the first piece of a text that is not empty.
fn piece<'t>(
    text: &'t str,
    names: &mut Vec<String>,
    seen: &mut Vec<String>,
) -> Result<(Piece, &'t str), GlobError> {
    if let Some(rest) = text.strip_prefix('*') {
        return Ok((Piece::Any, rest));
    }
    let Some(braced) = text.strip_prefix('{') else {
        let (text, rest) = text.split_at(text.find(['*', '{']).unwrap_or(text.len()));
        return Ok((Piece::Text(normal(text)), rest));
    };
    let (name, rest) = braced.split_once('}').ok_or(GlobError::Brace)?;
    if !is_name(name) {
        return Err(GlobError::Name(name.to_owned()));
    }
    if seen.iter().any(|known| known == name) {
        return Err(GlobError::SameName(name.to_owned()));
    }
    seen.push(name.to_owned());
    let number = names.iter().position(|known| known == name).unwrap_or_else(|| {
        names.push(name.to_owned());
        names.len() - 1
    });
    Ok((Piece::Named(number), rest))
}

fn is_name(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.bytes().next().is_some_and(|first| first.is_ascii_alphabetic())
        && text.bytes().all(is_letter)
}
