//! Structured fields (RFC 9651), as far as cache directives need them: a Dictionary of keys and
//! values. A field with an error anywhere counts as absent.

use std::collections::BTreeMap;

use crate::fields::steps::{step, steps};

/// A value of one of the types that cache directives use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A Boolean.
    Boolean(bool),
    /// An Integer.
    Integer(i64),
    /// A String.
    String(String),
    /// An inner list that has only strings.
    Strings(Vec<String>),
    /// A decimal, a token, a date, bytes, a display string or another inner list.
    Other,
}

/// Parses a Dictionary (§4.2.2). `None`: the field breaks its grammar somewhere.
pub fn dictionary(text: &str) -> Option<Vec<(String, Value)>> {
    let mut rest = Text(text.trim_matches(' '));
    let mut members: Vec<(String, Value)> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    while !rest.0.is_empty() {
        let key = rest.key()?;
        let value = if rest.takes('=') { rest.member()? } else { Value::Boolean(true) };
        rest.parameters()?;
        // "If dictionary already contains a key, overwrite its value."
        match places.get(&key) {
            Some(place) => members[*place].1 = value,
            None => {
                places.insert(key.clone(), members.len());
                members.push((key, value));
            }
        }
        rest.next_member()?;
    }
    Some(members)
}

/// Parses a List of Strings (§4.2.1) and ignores their parameters. `None`: it is not such a list.
pub fn strings(text: &str) -> Option<Vec<String>> {
    let mut rest = Text(text.trim_matches(' '));
    let mut strings = Vec::new();
    while !rest.0.is_empty() {
        let Value::String(string) = rest.member()? else { return None };
        rest.parameters()?;
        strings.push(string);
        rest.next_member()?;
    }
    Some(strings)
}

/// The text that is left to read.
struct Text<'a>(&'a str);

impl<'a> Text<'a> {
    fn takes(&mut self, letter: char) -> bool {
        let stripped = self.0.strip_prefix(letter);
        self.0 = stripped.unwrap_or(self.0);
        stripped.is_some()
    }

    fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let end = self.0.find(|letter| !belongs(letter)).unwrap_or(self.0.len());
        steps(end);
        let (taken, rest) = self.0.split_at(end);
        self.0 = rest;
        taken
    }

    fn next_member(&mut self) -> Option<()> {
        self.take_while(|letter| matches!(letter, ' ' | '\t'));
        if self.0.is_empty() {
            return Some(());
        }
        if !self.takes(',') {
            return None;
        }
        self.take_while(|letter| matches!(letter, ' ' | '\t'));
        // "…there is a trailing comma; fail parsing."
        (!self.0.is_empty()).then_some(())
    }

    fn key(&mut self) -> Option<String> {
        // Keys are lower case by the standard. Origins have always written directives in any case,
        // so any case is accepted.
        if !self.0.starts_with(|first: char| first.is_ascii_alphabetic() || first == '*') {
            return None;
        }
        let key =
            self.take_while(|letter| letter.is_ascii_alphanumeric() || "_-.*".contains(letter));
        Some(key.to_ascii_lowercase())
    }

    fn member(&mut self) -> Option<Value> {
        if !self.takes('(') {
            return self.item();
        }
        let mut strings = Some(Vec::new());
        loop {
            self.take_while(|letter| letter == ' ');
            if self.takes(')') {
                return Some(strings.map_or(Value::Other, Value::Strings));
            }
            match (self.item()?, &mut strings) {
                (Value::String(string), Some(strings)) => strings.push(string),
                _ => strings = None,
            }
            self.parameters()?;
            if !self.0.starts_with([' ', ')']) {
                return None;
            }
        }
    }

    fn parameters(&mut self) -> Option<()> {
        while self.takes(';') {
            self.take_while(|letter| letter == ' ');
            self.key()?;
            if self.takes('=') {
                self.item()?;
            }
        }
        Some(())
    }

    fn item(&mut self) -> Option<Value> {
        match self.0.chars().next()? {
            '-' | '0'..='9' => self.number(),
            '"' => self.string(),
            '?' => self.boolean(),
            ':' => self
                .enclosed(':', |letter| letter.is_ascii_alphanumeric() || "+/=".contains(letter)),
            '@' => {
                self.takes('@');
                self.number().filter(|number| matches!(number, Value::Integer(_)))?;
                Some(Value::Other)
            }
            '%' => {
                self.takes('%');
                self.enclosed('"', |letter| (' '..='~').contains(&letter) && letter != '"')
            }
            '*' | 'a'..='z' | 'A'..='Z' => {
                self.take_while(|letter| {
                    letter.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~:/".contains(letter)
                });
                Some(Value::Other)
            }
            _ => None,
        }
    }

    fn number(&mut self) -> Option<Value> {
        let negative = self.takes('-');
        let whole = self.take_while(|letter| letter.is_ascii_digit());
        if whole.is_empty() || whole.len() > 15 {
            return None;
        }
        if self.takes('.') {
            let fraction = self.take_while(|letter| letter.is_ascii_digit());
            let legal = whole.len() <= 12 && (1..=3).contains(&fraction.len());
            return legal.then_some(Value::Other);
        }
        let number: i64 = whole.parse().ok()?;
        Some(Value::Integer(if negative { -number } else { number }))
    }

    fn string(&mut self) -> Option<Value> {
        let (mut string, mut escaped) = (String::new(), false);
        for (at, letter) in self.0.char_indices().skip(1) {
            step();
            match letter {
                '"' | '\\' if escaped => string.push(letter),
                _ if escaped => return None,
                '\\' => {
                    escaped = true;
                    continue;
                }
                '"' => {
                    self.0 = &self.0[at + 1..];
                    return Some(Value::String(string));
                }
                ' '..='~' => string.push(letter),
                _ => return None,
            }
            escaped = false;
        }
        None
    }

    fn boolean(&mut self) -> Option<Value> {
        self.takes('?');
        match (self.takes('1'), self.takes('0')) {
            (true, false) => Some(Value::Boolean(true)),
            (false, true) => Some(Value::Boolean(false)),
            _ => None,
        }
    }

    fn enclosed(&mut self, fence: char, belongs: impl Fn(char) -> bool) -> Option<Value> {
        self.takes(fence).then_some(())?;
        self.take_while(belongs);
        self.takes(fence).then_some(Value::Other)
    }
}
