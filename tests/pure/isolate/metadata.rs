use std::rc::Rc;

use edge_isr::isolate::metadata::MetadataMemory;
use edge_isr::policy::key::{CacheKey, Slot};
use edge_isr::policy::stored::Stored;
use http::HeaderMap;

use crate::samples::response;

/// Metadata of a response with this much freshness.
fn text(fresh: u64) -> String {
    let mut response = response(1);
    response.lifetimes.fresh = fresh;
    Stored::Response(Rc::new(response)).to_text()
}

fn slot(path: &str) -> Slot {
    CacheKey::parse(&format!("https://site.test{path}")).unwrap().slot()
}

fn stored(metadata: &MetadataMemory, path: &str, text: &str) -> Option<Stored> {
    metadata.read(&slot(path), text.to_owned(), Some).map(|(stored, _)| stored)
}

#[test]
fn what_is_remembered_is_what_the_text_says() {
    let metadata = MetadataMemory::default();
    // More texts than are remembered, each read again at once and after all others.
    let texts: Vec<String> = (0..200).map(text).collect();
    for text in texts.iter().chain(&texts).flat_map(|text| [text, text]) {
        assert_eq!(stored(&metadata, "/", text), Stored::of_text(text));
    }
}

#[test]
fn a_damaged_text_says_nothing_however_often_it_is_read() {
    let (metadata, text) = (MetadataMemory::default(), text(60));
    let damaged = &text[..text.len() - 1];
    for _ in 0..2 {
        assert_eq!(stored(&metadata, "/", damaged), None);
    }
    assert!(stored(&metadata, "/", &text).is_some());
}

#[test]
fn what_was_worked_out_of_a_page_is_of_that_page_alone() {
    let metadata = MetadataMemory::default();
    let of = |path: &str, fresh| metadata.read(&slot(path), text(fresh), Some).unwrap().1;
    let first = of("/a", 60);
    first.shared_fields.set(Rc::new(HeaderMap::new().into())).unwrap();
    assert!(of("/a", 60).shared_fields.get().is_some());
    // Another page with the same metadata, and other metadata of the same page.
    assert!(of("/b", 60).shared_fields.get().is_none());
    assert!(of("/a", 61).shared_fields.get().is_none());
}

#[test]
fn the_last_64_texts_are_remembered() {
    let metadata = MetadataMemory::default();
    let of = |fresh| metadata.read(&slot("/"), text(fresh), Some).unwrap().1;
    let first = of(0);
    (1..64).for_each(|fresh| drop(of(fresh)));
    assert!(Rc::ptr_eq(&of(0), &first));
    of(64);
    assert!(!Rc::ptr_eq(&of(0), &first));
}
