//! What the body of a purge may name.

use crate::world::origin::Page;
use crate::world::{At, World};

#[test]
fn everything_hosts_urls_and_prefixes_are_purged_by_their_own_tags() {
    for (body, purges) in [
        (r#"{"everything":true}"#, true),
        (r#"{"hosts":["site.test"]}"#, true),
        (r#"{"hosts":["other.test"]}"#, false),
        (r#"{"urls":["https://site.test/blog/post?x=1"]}"#, true),
        (r#"{"urls":["http://site.test/blog/post"]}"#, true),
        (r#"{"urls":["https://site.test/blog/post?x=2"]}"#, false),
        (r#"{"prefixes":["/blog"]}"#, true),
        (r#"{"prefixes":["/blog/"]}"#, true),
        (r#"{"prefixes":["/blo"]}"#, false),
        (r#"{"prefixes":["/Blog"]}"#, false),
        (r#"{"prefixes":["/"]}"#, true),
        (r#"{"tags":["u:site.test/blog/post"]}"#, false),
    ] {
        let world = World::new(1);
        world.origin.set("/blog/post?x=1", Page::new("old").fresh(600, 600));
        world.get("/blog/post?x=1");
        assert_eq!(world.control(At::default(), body).status, 200, "{body}");
        let purged = !world.get("/blog/post?x=1").cache().starts_with("hit; ttl=599");
        assert_eq!(purged, purges, "{body}");
    }
}

#[test]
fn what_can_match_no_page_is_rejected_and_not_called_done() {
    for body in [
        r#"{"prefixes":["/blog/../blog"]}"#,
        r#"{"prefixes":["/./blog"]}"#,
        r#"{"prefixes":["//blog"]}"#,
        r#"{"hosts":["*"]}"#,
        r#"{"hosts":["a,b"]}"#,
        r#"{"hosts":["a:b:c d"]}"#,
        r#"{"urls":["https://:443/a"]}"#,
        r#"{"urls":["https://site.test\\a"]}"#,
    ] {
        let seen = World::new(1).control(At::default(), body);
        assert_eq!(seen.status, 422, "{body}: {}", seen.text);
    }
}

#[test]
fn a_purge_reaches_every_spelling_of_a_url() {
    for (path, purge) in [
        ("/caf%c3%a9", r#"{"urls":["https://site.test/caf\u00e9"],"mode":"hard"}"#),
        ("/bl%6Fg/x", r#"{"prefixes":["/blog"],"mode":"hard"}"#),
        ("/br%7Bx%7D", r#"{"urls":["https://site.test/br{x}"],"mode":"hard"}"#),
        ("/qq?q=%27a%27", r#"{"urls":["https://site.test/qq?q='a'"],"mode":"hard"}"#),
        ("/qt?q=`a`", r#"{"urls":["https://site.test/qt?q=`a`"],"mode":"hard"}"#),
    ] {
        let world = World::new(1);
        world.origin.set(path, Page::new("old").fresh(600, 600));
        world.get(path);
        assert_eq!(world.control(At::default(), purge).status, 200);
        world.origin.set(path, Page::new("new").fresh(600, 600));
        assert_eq!(world.get(path).text, "new", "{path}");
    }
    // An encoded slash is none.
    let world = World::new(1);
    world.origin.set("/a%2Fb", Page::new("old").fresh(600, 600));
    world.get("/a%2Fb");
    world.control(At::default(), r#"{"urls":["https://site.test/a/b"],"mode":"hard"}"#);
    assert_eq!(world.get("/a%2Fb").cache(), "hit; ttl=599");
}

#[test]
fn a_field_that_stands_twice_in_a_purge_is_refused() {
    let world = World::new(1);
    let seen = world.control(At::default(), r#"{"tags":["a"],"tags":["b"]}"#);
    assert_eq!(seen.status, 400);
    assert!(seen.text.contains("\"field\":\"tags\""), "{}", seen.text);
}
