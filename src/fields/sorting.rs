//! Sorting by a text, and sets of texts.
//!
//! The standard library's sort is compiled anew for each type that is sorted, which takes some 2 kB
//! of the Worker each time. Here one type is sorted for all: a text and a place.

use std::collections::BTreeMap;

/// A set of texts.
///
/// It is a map from a text to a box, as the other maps of the Worker are, so that it needs no code of
/// its own. A set takes 6 kB, and to collect one another 4 kB.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct TextSet(BTreeMap<String, Box<()>>);

impl TextSet {
    /// Makes a set of the texts.
    pub fn of(texts: impl IntoIterator<Item = String>) -> TextSet {
        let mut set = TextSet::default();
        for text in texts {
            set.insert(text);
        }
        set
    }

    /// Adds a text. `false`: the set has it already.
    pub fn insert(&mut self, text: String) -> bool {
        self.0.insert(text, Box::new(())).is_none()
    }

    /// Tells whether the set has a text.
    pub fn contains(&self, text: &str) -> bool {
        self.0.contains_key(text)
    }

    /// Returns the texts in their order.
    pub fn into_texts(self) -> impl Iterator<Item = String> {
        self.0.into_keys()
    }
}

/// Returns the items, sorted by a text of each. Items with the same text keep their order.
pub fn sorted_by_text<T>(items: Vec<T>, text: impl Fn(&T) -> String) -> Vec<T> {
    let mut places: Vec<(String, usize)> = items.iter().map(text).zip(0..).collect();
    places.sort_unstable();
    let mut items: Vec<Option<T>> = items.into_iter().map(Some).collect();
    places.into_iter().filter_map(|(_, place)| items[place].take()).collect()
}
