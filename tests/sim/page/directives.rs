//! Directives of a request or of a response that the settings allow or narrow.

use crate::world::World;
use crate::world::origin::Page;

#[test]
fn only_if_cached_asks_the_origin_nothing_5_2_1_7() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("one").fresh(60, 60));
    let asked = [("cache-control", "only-if-cached")];
    assert_eq!(world.get_with("/a", &asked).status, 504);
    assert_eq!(world.origin.take("/a"), 0);
    world.get("/a");
    assert_eq!(world.get_with("/a", &asked).text, "one");
}

#[test]
fn a_visitors_own_directives_are_heeded_by_setting_only_5_2_1() {
    for (setting, asked) in [("false", 1), ("true", 3)] {
        let world = World::with(1, &[("REQUEST_DIRECTIVES", setting)]);
        world.origin.set("/a", Page::new("one").fresh(60, 60));
        world.get("/a");
        world.get_with("/a", &[("cache-control", "no-cache")]);
        world.get_with("/a", &[("cache-control", "no-store")]);
        assert_eq!(world.origin.take("/a"), asked, "REQUEST_DIRECTIVES={setting}");
    }
}

#[test]
fn authorized_answers_are_shared_by_setting_only_and_where_3_5_allows_it() {
    let authorization = [("authorization", "Basic eA==")];
    for (setting, control, shared) in [
        ("false", "s-maxage=60", false),
        ("true", "s-maxage=60", true),
        ("true", "public, max-age=60", true),
        ("true", "max-age=60", false),
    ] {
        let world = World::with(1, &[("SHARE_AUTHORIZED", setting)]);
        world.origin.set("/a", Page::new("one").with("cache-control", control));
        world.get_with("/a", &authorization);
        world.get_with("/a", &authorization);
        assert_eq!(world.origin.take("/a") == 1, shared, "{setting}: {control}");
        assert_eq!(world.get("/a").cache().starts_with("hit"), shared, "{setting}: {control}");
    }
}

#[test]
fn an_authorized_request_takes_no_page_from_the_others() {
    let world = World::with(1, &[("SHARE_AUTHORIZED", "true")]);
    world.origin.set("/a", Page::new("one").with("cache-control", "max-age=60").etag("\"1\""));
    world.get("/a");
    world.wait(61_000);
    world.get_with("/a", &[("authorization", "Basic eA==")]);
    assert_eq!(world.get("/a").cache(), "fwd=stale; fwd-status=304; stored");
}

#[test]
fn a_window_on_error_is_granted_by_setting_and_not_beside_s_maxage_alone() {
    for (control, status) in [
        ("max-age=60", 200),
        ("max-age=60, must-revalidate", 502),
        ("max-age=60, stale-if-error=1", 502),
        ("s-maxage=60", 502),
    ] {
        let world = World::with(1, &[("STALE_IF_ERROR", "600")]);
        world.origin.set("/a", Page::new("good").with("cache-control", control));
        world.get("/a");
        world.wait(70_000);
        world.origin.set("/a", Page::unreachable());
        assert_eq!(world.get("/a").status, status, "{control}");
    }
}

#[test]
fn withheld_fields_reach_their_own_visitor_and_no_other_5_2_2_4() {
    let world = World::new(1);
    let control = "s-maxage=60, private=\"x-mine\", no-cache=\"x-once\"";
    let page = Page::new("one").with("cache-control", control);
    world.origin.set("/a", page.with("x-mine", "1").with("x-once", "2").with("x-all", "3"));
    let seen = world.get("/a");
    assert_eq!(
        (seen.header("x-mine"), seen.header("x-once"), seen.header("x-all")),
        ("1", "2", "3")
    );
    let seen = world.get("/a");
    assert_eq!((seen.header("x-mine"), seen.header("x-once"), seen.header("x-all")), ("", "", "3"));
}
