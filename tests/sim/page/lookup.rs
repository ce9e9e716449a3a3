//! Where a page's variants are found: in the page's own slot, beside it, or beside a marker.

use http::Method;

use crate::world::origin::Page;
use crate::world::{At, Seen, World};

/// A page in the visitor's language, fresh for so many seconds.
fn page(seconds: u64) -> Page {
    let page = Page::new("in ").fresh(seconds, 0).with("vary", "accept-language").etag("\"1\"");
    Page { varies: Some("accept-language".to_owned()), ..page }
}

fn mine() -> Page {
    Page::new("mine").with("cache-control", "private")
}

fn get(world: &World, isolate: usize, language: &str) -> Seen {
    let headers = [("accept-language", language)];
    world.finish(world.ask(At { centre: 0, isolate }, Method::GET, "/a", &headers, None))
}

#[test]
fn a_first_variant_that_passes_hides_no_other_until_it_is_stored_again() {
    let world = World::with(1, &[("VARIANT_AFTER", "1")]);
    world.origin.set("/a", page(60));
    get(&world, 0, "de");
    world.origin.set("/a", page(6000));
    get(&world, 0, "fr");
    world.wait(61_000);
    world.origin.set("/a", page(6000).but_where("accept-language", "de", mine()));
    let french = || get(&world, 0, "fr").cache().starts_with("hit");
    for reason in ["stale", "uri-miss"] {
        let seen = get(&world, 0, "de");
        assert_eq!(seen.text, "mine");
        assert_eq!(seen.cache(), format!("fwd={reason}; fwd-status=200; detail=private"));
        assert!(french(), "while the first variant passes");
    }
    world.wait(121_000);
    assert!(french(), "when it passes no more");
    world.origin.set("/a", page(6000));
    assert_eq!(get(&world, 0, "de").text, "in de");
    assert!(get(&world, 0, "de").cache().starts_with("hit"));
    assert!(french(), "when it is stored again");
}

#[test]
fn a_further_variant_that_passes_does_so_for_all_isolates_of_the_data_centre() {
    let world = World::new(1);
    world.origin.set("/a", page(6000).but_where("accept-language", "fr", mine()));
    get(&world, 0, "de");
    get(&world, 0, "fr");
    assert_eq!(get(&world, 1, "fr").cache(), "fwd=uri-miss; fwd-status=200; detail=private");
    assert!(get(&world, 1, "de").cache().starts_with("hit"));
}

#[test]
fn a_page_that_no_isolate_knows_is_not_filled_by_a_request_for_another_representation() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("page").fresh(60, 60));
    assert_eq!(world.get_with("/a", &[("rsc", "1")]).cache(), "fwd=bypass; detail=representation");
    assert_eq!(world.get("/a").cache(), "fwd=uri-miss; fwd-status=200; stored");
}

#[test]
fn a_representation_that_the_page_names_is_a_variant_of_it_in_every_isolate() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("page").fresh(60, 60).with("vary", "rsc"));
    world.get("/a");
    let at = At { centre: 0, isolate: 1 };
    let seen = world.finish(world.ask(at, Method::GET, "/a", &[("rsc", "1")], None));
    assert_eq!(seen.cache(), "fwd=vary-miss; fwd-status=200");
}
