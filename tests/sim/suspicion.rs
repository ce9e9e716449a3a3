//! What a request carries on suspicion, and what an answer that varies by it means for the others.

use http::Method;

use crate::seeds;
use crate::world::origin::Page;
use crate::world::{At, Pending, World};

const BROWSER: (&str, &str) = ("user-agent", "Mozilla/5.0");

fn fresh(text: &str) -> Page {
    Page::new(text).fresh(60, 60)
}

#[test]
fn a_field_that_only_a_visitors_own_answer_names_shapes_no_shared_page() {
    let world = World::new(1);
    let (theme, probe) = (("x-theme", "evil"), ("x-probe", "1"));
    // The origin heeds the theme in any case, and says so only to visitors that send both.
    let page = fresh("good").but_where("x-probe", "1", fresh("own").with("vary", "x-theme"));
    world.origin.set("/a", page.but_where("x-theme", "evil", fresh("evil")));
    assert_eq!(world.get_with("/a", &[BROWSER, probe, theme]).text, "own");
    world.wait(100);
    assert_eq!(world.get_with("/a", &[BROWSER]).text, "good");
}

#[test]
fn a_failure_that_varies_by_a_visitors_field_is_not_for_waiting_requests() {
    for status in [500, 429, 403, 400] {
        seeds(|seed| {
            let world = World::new(seed);
            let failure = Page::new("failure").status(status).with("vary", "accept-language");
            let page = fresh("good").with("vary", "accept-language").renders_in(300);
            world.origin.set("/a", page.but_where("accept-language", "x", failure.renders_in(300)));
            let ask = |language| {
                let headers = [("accept-language", language)];
                world.ask(At::default(), Method::GET, "/a", &headers, None)
            };
            ask("x-crash");
            world.wait(5);
            let waiting: Vec<Pending> = (0..20).map(|_| ask("de")).collect();
            world.wait(5_000);
            assert!(waiting.iter().all(|asked| asked.seen().text == "good"));
        });
    }
}

#[test]
fn a_page_private_to_visitors_with_a_field_stays_shared_for_the_others() {
    let world = World::new(1);
    let private = Page::new("own").with("cache-control", "private").with("vary", "x-theme");
    world.origin.set("/a", fresh("good").but_where("x-theme", "evil", private));
    world.get_with("/a", &[("x-theme", "evil")]);
    for status in ["fwd=uri-miss; fwd-status=200; detail=private", "hit; ttl=59"] {
        assert_eq!(world.get_with("/a", &[BROWSER]).cache(), status);
        world.wait(100);
    }
}

#[test]
fn a_field_that_is_asked_for_again_and_named_no_more_shapes_no_shared_page() {
    let world = World::new(1);
    let page = fresh("good").with("vary", "x-theme");
    // Such a theme is heeded, and nothing said of it.
    world.origin.set("/a", page.but_where("x-theme", "evil", fresh("evil")));
    world.origin.set("/b", fresh("good"));
    ["/b", "/a"].iter().for_each(|path| drop(world.get(path)));
    world.cache(0).evict_all();
    world.get_with("/a", &[("x-theme", "evil")]);
    world.wait(100);
    assert_eq!(world.get_with("/a", &[BROWSER]).text, "good");
}
