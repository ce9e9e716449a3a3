//! The plain request, and the fields that its response turns out to vary by.

use super::{FRENCH, GERMAN};
use crate::page::PLAIN_FIRST;
use crate::world::World;
use crate::world::origin::Page;

fn in_their_language(version: &str) -> Page {
    let page = Page::new("in ").fresh(60, 0).etag(version);
    Page { varies: Some("accept-language".to_owned()), ..page }
}

fn says_so(page: Page) -> Page {
    page.with("vary", "accept-language")
}

#[test]
fn a_visitors_variant_is_asked_for_as_soon_as_a_plain_response_says_that_there_are_some() {
    let world = World::with(1, &[PLAIN_FIRST]);
    world.origin.set("/a", says_so(in_their_language("\"1\"")));
    let seen = world.get_with("/a", &[GERMAN]);
    assert_eq!(
        (seen.text.as_str(), seen.cache()),
        ("in de", "fwd=uri-miss; fwd-status=200; stored")
    );
    assert_eq!(world.get_with("/a", &[GERMAN]).cache(), "hit; ttl=59");
    assert_eq!(world.origin.take("/a"), 2);
}

#[test]
fn no_variant_is_asked_for_of_a_page_that_is_not_for_all() {
    let world = World::with(1, &[PLAIN_FIRST]);
    let page = Page::new("mine").with("cache-control", "private");
    world.origin.set("/a", says_so(page));
    assert_eq!(world.get_with("/a", &[GERMAN]).text, "mine");
    assert_eq!(world.origin.take("/a"), 2, "the plain request and the visitor's own");
}

#[test]
fn a_variant_whose_origin_forgets_to_say_that_it_varies_is_not_shown_to_all() {
    let world = World::new(1);
    world.origin.set("/a", says_so(in_their_language("\"1\"")));
    world.get_with("/a", &[GERMAN]);
    world.wait(61_000);
    world.origin.set("/a", in_their_language("\"2\""));
    assert_eq!(world.get_with("/a", &[GERMAN]).text, "in de");
    assert_eq!(world.get_with("/a", &[FRENCH]).text, "in fr");
}

#[test]
fn a_page_that_varies_no_more_is_shown_to_all_once_a_request_without_the_field_tells_so() {
    let world = World::new(1);
    let page = |version| Page::new("one").fresh(60, 0).etag(version);
    world.origin.set("/a", says_so(page("\"1\"")));
    world.get("/a");
    world.wait(61_000);
    world.origin.set("/a", page("\"2\""));
    world.get("/a");
    assert_eq!(world.get_with("/a", &[GERMAN]).cache(), "hit; ttl=59");
}
