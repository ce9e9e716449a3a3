//! Warmups: their jobs and rows, the pace, sitemaps, and what the parts send each other.

mod ask;
mod job;
mod jobs;
mod pace;
mod page;
mod queue;
mod record;
mod report;
mod sitemap;
mod warming;
mod wire;

use edge_isr::json::to_ascii;
use proptest::prelude::*;
use proptest::sample::select;

use crate::journal::Rows;

const SPECIAL: [&str; 12] = [
    "",
    "\n",
    "\r\n",
    "\"",
    "\\",
    "\0",
    "\u{2028}",
    "😀",
    "[\"1\"]",
    "\",\"",
    "18446744073709551615",
    "https://site.test/ä?a=%20#b",
];

/// Texts of all kinds: also with control characters, with emoji, and empty.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        select(SPECIAL.as_slice()).prop_map(str::to_owned),
        "[a-z]{1,4}",
        prop::collection::vec(any::<char>(), 0..6).prop_map(String::from_iter),
    ]
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(text(), 0..4)
}

fn pairs() -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::vec((text(), text()), 0..4)
}

/// A cursor is never empty.
fn cursor() -> impl Strategy<Value = Option<String>> {
    prop::option::of(text().prop_filter("it is not empty", |text| !text.is_empty()))
}

/// What has become of a record that may not be read: it is cut off, lacks texts at its end, or is of
/// another version.
fn damaged(record: &str) -> Vec<String> {
    let texts: Vec<String> = serde_json::from_str(record).unwrap();
    assert_eq!(texts[0], "1", "the version");
    let mut damaged: Vec<String> = (0..record.len()).map(|end| record[..end].to_owned()).collect();
    damaged.extend((0..texts.len()).map(|count| to_ascii(&&texts[..count])));
    for version in ["", "0", "2", "01", "1 "] {
        let mut other = texts.clone();
        other[0] = version.to_owned();
        damaged.push(to_ascii(&other));
    }
    damaged
}

fn url(number: usize) -> String {
    format!("https://site.test/{number}")
}

fn urls(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(url).collect()
}

/// The keys of rows that begin so.
fn keys<'r>(rows: &'r Rows, beginning: &str) -> Vec<&'r str> {
    rows.0.keys().map(String::as_str).filter(|key| key.starts_with(beginning)).collect()
}
