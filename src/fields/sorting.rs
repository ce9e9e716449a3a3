//! Sorting by a text.
//!
//! The standard library's sort is compiled anew for each type that is sorted, which takes some 2 kB
//! of the Worker each time. Here one type is sorted for all: a text and a place.

/// Returns the items, sorted by a text of each. Items with the same text keep their order.
pub fn sorted_by_text<T>(items: Vec<T>, text: impl Fn(&T) -> String) -> Vec<T> {
    let mut places: Vec<(String, usize)> = items.iter().map(text).zip(0..).collect();
    places.sort_unstable();
    let mut items: Vec<Option<T>> = items.into_iter().map(Some).collect();
    places.into_iter().filter_map(|(_, place)| items[place].take()).collect()
}
