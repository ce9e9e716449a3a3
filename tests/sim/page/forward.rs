//! The fields of requests to the origin.

use http::{HeaderMap, Method};

use super::PLAIN_FIRST;
use crate::world::origin::Page;
use crate::world::{At, World};

const BROWSER: (&str, &str) = ("user-agent", "Mozilla/5.0");

/// The fields of the plain request that a visitor's request leads to.
fn plain_request(settings: &[(&str, &str)], visitor: &[(&str, &str)]) -> HeaderMap {
    let world = World::with(1, &[settings, &[PLAIN_FIRST]].concat());
    world.get_with("/a", visitor);
    world.origin.requests.borrow()[0].headers.clone()
}

#[test]
fn a_plain_request_has_the_edges_own_user_agent_unless_the_visitors_is_forwarded() {
    let named = [("FORWARD_HEADERS", "user-agent")];
    let all = [("FORWARD_HEADERS", "*"), ("ORIGIN", "http://localhost:8000")];
    let edge = "edge-isr/";
    for (settings, visitor, expected) in [
        (&[][..], &[BROWSER][..], edge),
        (&named, &[BROWSER], BROWSER.1),
        (&named, &[], edge),
        (&all, &[BROWSER], BROWSER.1),
        (&all, &[], ""),
    ] {
        let sent = plain_request(settings, visitor);
        let agent = sent.get("user-agent").map_or("", |value| value.to_str().unwrap());
        let is_expected = agent.starts_with(expected) && agent.is_empty() == expected.is_empty();
        assert!(is_expected, "{settings:?}, {visitor:?}: {agent:?}");
    }
}

#[test]
fn a_request_to_the_origin_says_max_age_0_unless_the_visitor_says_otherwise() {
    assert_eq!(plain_request(&[], &[])["cache-control"], "max-age=0");
    for (said, sent) in [(&[][..], "max-age=0"), (&[("cache-control", "no-store")], "no-store")] {
        let world = World::new(1);
        world.origin.set("/form", Page::new("done"));
        world.finish(world.ask(At::default(), Method::POST, "/form", said, Some("x")));
        assert_eq!(world.origin.requests.borrow()[0].headers["cache-control"], sent);
    }
}
