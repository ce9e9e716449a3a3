use std::rc::Rc;

use edge_isr::isolate::heads::Heads;
use edge_isr::policy::key::{CacheKey, Slot};
use edge_isr::policy::stored::Stored;

use crate::samples::response;

/// Metadata of a response with this much freshness.
fn head(fresh: u64) -> String {
    let mut response = response(1);
    response.lifetimes.fresh = fresh;
    Stored::Response(Rc::new(response)).to_head()
}

fn slot(path: &str) -> Slot {
    CacheKey::parse(&format!("https://site.test{path}")).unwrap().slot()
}

fn stored(heads: &Heads, path: &str, text: &str) -> Option<Stored> {
    heads.read(&slot(path), text.to_owned()).map(|(stored, _)| stored)
}

#[test]
fn what_is_remembered_is_what_the_text_says() {
    let heads = Heads::default();
    // More texts than are remembered, each read again at once and after all others.
    let texts: Vec<String> = (0..200).map(head).collect();
    for text in texts.iter().chain(&texts).flat_map(|text| [text, text]) {
        assert_eq!(stored(&heads, "/", text), Stored::from_head(text));
    }
}

#[test]
fn a_damaged_text_says_nothing_however_often_it_is_read() {
    let (heads, text) = (Heads::default(), head(60));
    let damaged = &text[..text.len() - 1];
    for _ in 0..2 {
        assert_eq!(stored(&heads, "/", damaged), None);
    }
    assert!(stored(&heads, "/", &text).is_some());
}

#[test]
fn what_was_worked_out_of_a_page_is_of_that_page_alone() {
    let heads = Heads::default();
    let of = |path: &str, fresh| heads.read(&slot(path), head(fresh)).unwrap().1;
    let first = of("/a", 60);
    first.for_all.set(Default::default()).unwrap();
    assert!(of("/a", 60).for_all.get().is_some());
    // Another page with the same metadata, and other metadata of the same page.
    assert!(of("/b", 60).for_all.get().is_none());
    assert!(of("/a", 61).for_all.get().is_none());
}
