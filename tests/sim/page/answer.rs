//! Fields that belong to a connection, in responses that are not stored.

use http::Method;

use crate::world::origin::Page;
use crate::world::{At, World};

#[test]
fn a_websocket_handshake_keeps_the_fields_of_its_connection() {
    let world = World::new(1);
    let fields = [("connection", "Upgrade"), ("upgrade", "websocket")];
    let page = Page::new("").status(101);
    world
        .origin
        .set("/socket", fields.iter().fold(page, |page, (name, value)| page.with(name, value)));
    let seen = world.get_with("/socket", &fields);
    let sent = &world.origin.requests.borrow()[0].headers;
    for (name, value) in fields {
        assert_eq!((seen.header(name), sent[name].to_str().unwrap()), (value, value));
    }
}

#[test]
fn fields_of_any_other_connection_go_no_further_than_the_edge() {
    let world = World::new(1);
    let page = Page::new("one").with("connection", "x-theirs").with("keep-alive", "timeout=5");
    world.origin.set("/form", page.with("x-theirs", "1"));
    let fields = [("connection", "x-mine"), ("te", "trailers"), ("x-mine", "1")];
    let seen = world.finish(world.ask(At::default(), Method::POST, "/form", &fields, Some("x")));
    for name in ["connection", "keep-alive", "x-theirs"] {
        assert_eq!(seen.header(name), "", "{name}");
    }
    let sent = &world.origin.requests.borrow()[0].headers;
    assert!(fields.iter().all(|(name, _)| !sent.contains_key(*name)), "{sent:?}");
}
