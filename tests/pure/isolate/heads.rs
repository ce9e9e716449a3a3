use edge_isr::isolate::heads::Heads;
use edge_isr::policy::stored::Stored;

use crate::samples::response;

/// Metadata of a response with this much freshness.
fn head(fresh: u64) -> String {
    let mut response = response(1);
    response.lifetimes.fresh = fresh;
    Stored::Response(Box::new(response)).to_head()
}

#[test]
fn what_is_remembered_is_what_the_text_says() {
    let heads = Heads::default();
    // More texts than are remembered, each read again at once and after all others.
    let texts: Vec<String> = (0..200).map(head).collect();
    for text in texts.iter().chain(&texts).flat_map(|text| [text, text]) {
        assert_eq!(heads.read(text.clone()), Stored::from_head(text));
    }
}

#[test]
fn a_damaged_text_says_nothing_however_often_it_is_read() {
    let (heads, text) = (Heads::default(), head(60));
    let damaged = &text[..text.len() - 1];
    for _ in 0..2 {
        assert_eq!(heads.read(damaged.to_owned()), None);
    }
    assert!(heads.read(text).is_some());
}
