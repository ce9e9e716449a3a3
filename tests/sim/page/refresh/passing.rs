//! What other visitors are told of a page that is not for all.

use super::{BROWSER, FRENCH, GERMAN};
use crate::world::World;
use crate::world::origin::Page;

#[test]
fn a_variant_that_is_refused_to_the_edge_costs_one_request_a_visit() {
    let world = World::with(1, &[("VARIANT_AFTER", "1")]);
    let page = |text| Page::new(text).fresh(60, 60).with("vary", "accept-language");
    let refused = page("no robots").status(403);
    let good = page("good").but_where("user-agent", "Mozilla", page("good"));
    world.origin.set("/a", good.but_where("accept-language", "fr", refused));
    world.get_with("/a", &[GERMAN]);
    for requests in [2, 1, 1] {
        world.origin.take("/a");
        assert_eq!(world.get_with("/a", &[BROWSER, FRENCH]).text, "good");
        world.wait(100);
        assert_eq!(world.origin.take("/a"), requests);
    }
}

#[test]
fn a_refusal_of_a_plain_request_with_credentials_keeps_the_page_from_no_other_visitor() {
    let world = World::with(1, &[("SHARE_AUTHORIZED", "true")]);
    let good = || Page::new("good").with("cache-control", "public, s-maxage=60");
    let failure = Page::new("failure").status(500);
    let page = good().but_where("user-agent", "Mozilla", good());
    world.origin.set("/a", page.but_where("authorization", "Basic", failure));
    let seen = world.get_with("/a", &[BROWSER, ("authorization", "Basic eA==")]);
    assert_eq!(seen.text, "good");
    world.wait(100);
    assert_eq!(world.get_with("/a", &[BROWSER]).text, "good");
    world.wait(100);
    assert!(world.get_with("/a", &[BROWSER]).cache().starts_with("hit"));
}
