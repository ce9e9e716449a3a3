//! Pure. Records: lists of texts that the parts of the edge send each other, and keep in rows.
//!
//! A record is written as a JSON list, so no text in it can be taken for another. Objects with named
//! fields would take more of the Worker.

use crate::json;
use crate::policy::time::Time;

/// The version of all records of this folder.
const VERSION: &str = "1";

/// Writes a record.
#[derive(Debug)]
pub struct Writer(Vec<String>);

impl Writer {
    /// Begins a record.
    pub fn new() -> Writer {
        Writer(vec![VERSION.to_owned()])
    }

    /// Adds a text.
    pub fn text(mut self, text: &str) -> Writer {
        self.0.push(text.to_owned());
        self
    }

    /// Adds a number.
    pub fn number(self, number: u64) -> Writer {
        self.text(&number.to_string())
    }

    /// Adds a time, if there is one.
    pub fn time(self, time: Option<Time>) -> Writer {
        self.text(&time.map_or(String::new(), |time| time.0.to_string()))
    }

    /// Adds texts, and their number before them.
    pub fn texts<'t>(self, texts: impl ExactSizeIterator<Item = &'t String>) -> Writer {
        let count = texts.len() as u64;
        let mut writer = self.number(count);
        writer.0.extend(texts.cloned());
        writer
    }

    /// Adds pairs of texts, and their number before them.
    pub fn pairs(self, pairs: &[(String, String)]) -> Writer {
        let mut writer = self.number(pairs.len() as u64);
        for (one, other) in pairs {
            writer = writer.text(one).text(other);
        }
        writer
    }

    /// Ends the record.
    pub fn end(self) -> String {
        json::to_ascii(&self.0)
    }
}

impl Default for Writer {
    fn default() -> Writer {
        Writer::new()
    }
}

/// Reads a record. Each method returns `None` where the record has something else.
#[derive(Debug)]
pub struct Reader(std::vec::IntoIter<String>);

impl Reader {
    /// Begins to read. `None`: it is no record, or one of another version.
    pub fn of(text: &str) -> Option<Reader> {
        let mut reader = Reader(json::read::<Vec<String>>(text)?.into_iter());
        (reader.text()? == VERSION).then_some(reader)
    }

    /// Takes a text.
    pub fn text(&mut self) -> Option<String> {
        self.0.next()
    }

    /// Takes a number.
    pub fn number(&mut self) -> Option<u64> {
        self.text()?.parse().ok()
    }

    /// Takes a time, or the note that there is none.
    pub fn time(&mut self) -> Option<Option<Time>> {
        match self.text()?.as_str() {
            "" => Some(None),
            time => time.parse().ok().map(|time| Some(Time(time))),
        }
    }

    /// Takes texts.
    pub fn texts(&mut self) -> Option<Vec<String>> {
        let count = self.number()?;
        let mut texts = Vec::new();
        for _ in 0..count {
            texts.push(self.text()?);
        }
        Some(texts)
    }

    /// Takes pairs of texts.
    pub fn pairs(&mut self) -> Option<Vec<(String, String)>> {
        let count = self.number()?;
        let mut pairs = Vec::new();
        for _ in 0..count {
            pairs.push((self.text()?, self.text()?));
        }
        Some(pairs)
    }
}

/// Makes an enum whose values are written as words.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $value:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub enum $name { $($(#[$of])* $value,)* }

        impl $name {
            const WORDS: &[&str] = &[$($word),*];
            const ALL: &[$name] = &[$($name::$value),*];

            /// Returns the word.
            pub fn as_str(self) -> &'static str {
                Self::WORDS[self as usize]
            }

            /// Returns the value of a word, if it has one.
            pub fn of(word: &str) -> Option<$name> {
                let place = Self::WORDS.iter().position(|known| *known == word)?;
                Some(Self::ALL[place])
            }
        }
    };
}
pub(crate) use words;
